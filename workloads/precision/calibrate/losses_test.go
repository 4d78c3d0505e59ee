package calibrate

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// small is a model of two layers, whose q, k, v and o have 4 elements each in parts of 64×64, fc1 and fc2 16.
func small(t *testing.T) *workloads.Model {
	t.Helper()
	m, err := workloads.Load("phi-1.5")
	if err != nil {
		t.Fatal(err)
	}
	s := *m
	s.Layers = 2
	return &s
}

// losses has 2, 3 and 4 bits of each matrix, with losses that of gives for 2 bits, its half at 3 and its quarter at 4.
func losses(m *workloads.Model, of func(layer int, matrix string) float64) string {
	text := LossHeader + "\n"
	for l := range m.Layers {
		for _, x := range m.Matrices(l) {
			for _, bits := range []int{4, 2, 3} {
				text += fmt.Sprintf("%d,%s,%d,%g\n", l, x.Name, bits, of(l, x.Name)*math.Pow(2, float64(2-bits)))
			}
		}
	}
	return text
}

func TestAssignRaisesWhatSavesMostForAByte(t *testing.T) {
	m := small(t)
	text := losses(m, func(l int, name string) float64 {
		switch {
		case l == 1 && name == "fc2": // four times the elements of q_proj: 8 are 2 of those
			return 8
		case l == 0 && name == "q_proj":
			return 4
		case l == 1 && name == "v_proj":
			return .2
		}
		return .01
	})
	s, err := parseLosses("f.csv", []byte(text), m)
	if err != nil {
		t.Fatal(err)
	}
	// By hand: from 2 bits, q_proj of layer 0 saves 2 for 1 bit of n elements, fc2 of layer 1 4 for 1 bit of 4n. Then q_proj's
	// fourth bit saves 1 for n, as much for a byte as fc2's third, which comes later in the model: q_proj is first among equals.
	for _, c := range []struct {
		limit Limit
		want  string
		loss  float64
	}{
		{Limit{Loss: 13, Bits: math.Inf(1)}, "uniform:2", 8 + 4 + 9*.01 + .2},
		{Limit{Loss: 11, Bits: math.Inf(1)}, "uniform:2;layers=0,q_proj=3", 8 + 2 + 9*.01 + .2},
		{Limit{Loss: 9.5, Bits: math.Inf(1)}, "uniform:2;layers=0,q_proj=4", 8 + 1 + 9*.01 + .2},
		// v_proj's third bit saves .1 for n: fc2's would save 4 for 4n, but that is more than is wanted.
		{Limit{Loss: 9.25, Bits: math.Inf(1)}, "uniform:2;layers=0,q_proj=4;layers=1,v_proj=3", 8 + 1 + 9*.01 + .1},
		{Limit{Loss: 6, Bits: math.Inf(1)}, "uniform:2;layers=0,q_proj=4;layers=1,fc2=3", 4 + 1 + 9*.01 + .2},
		{Limit{Loss: math.Inf(1), Bits: 2 + 2./24}, "uniform:2;layers=0,q_proj=4", 8 + 1 + 9*.01 + .2},
		{Limit{Loss: math.Inf(1), Bits: 4}, "uniform:4", (8 + 4 + 9*.01 + .2) / 4},
	} {
		got, err := s.Assign(c.limit)
		if err != nil {
			t.Fatal(err)
		}
		if got.Schedule.String() != c.want || math.Abs(got.Loss-c.loss) > 1e-9 || got.AverageBits > c.limit.Bits || got.Loss > c.limit.Loss {
			t.Errorf("%+v: %s with loss %v and %v bits; want %s with %v", c.limit, got.Schedule, got.Loss, got.AverageBits, c.want, c.loss)
		}
	}
	if _, err := s.Assign(Limit{Loss: 1, Bits: math.Inf(1)}); err == nil || !strings.Contains(err.Error(), "no assignment has a loss of at most 1") {
		t.Error(err)
	}
	if _, err := s.Assign(Limit{Loss: math.Inf(1), Bits: 1.9}); err == nil || !strings.Contains(err.Error(), "the fewest bits of all matrices are 2 on average") {
		t.Error(err)
	}
	for _, c := range []struct{ change, want string }{
		{"", "f.csv:1: another header, or none; accepted: layer,matrix,bits,loss"},
		{text + "0,q_proj,4,1\n", "layer 0, q_proj at 4 bits: given twice"},
		{text + "9,q_proj,4,1\n", `layer "9", matrix "q_proj": phi-1.5 has no such matrix`},
		{text + "0,q_proj,9,1\n", `bits "9": weights cannot have these`},
		{text + "0,q_proj,5,inf\n", `loss "inf": no number`},
		{text + "0,q_proj\n", "wrong number of fields"},
		{LossHeader + "\n0,q_proj,4,1\n", "f.csv: there is no row of layer 0, k_proj"},
	} {
		if _, err := parseLosses("f.csv", []byte(c.change), m); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
}

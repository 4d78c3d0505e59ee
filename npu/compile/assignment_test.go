package compile

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// TestAPassReadsEachMatrixAtItsBits counts the bytes of weights and codebooks of a decode pass of Vicuna 7B by hand: layers 0 and 1
// at 8 bits, down_proj at 5, the rest at 4.
func TestAPassReadsEachMatrixAtItsBits(t *testing.T) {
	m := loaded(t, "vicuna-7b")
	at := precision.Assign(m, func(l int, matrix string) int {
		switch {
		case l < 2:
			return 8
		case matrix == "down_proj":
			return 5
		}
		return 4
	})
	const (
		square = 4096 * 4096 // q, k, v, o
		wide   = 4096 * 11008
		planes = (2*8*(4*square+3*wide) + 30*(4*(4*square+2*wide)+5*wide)) / 8
		// Codebooks of 16 bits for each row, 2^bits entries.
		rows  = 4*4096 + 2*11008 + 4096
		books = 2 * (2*rows*256 + 30*((rows-4096)*16+4096*32))
	)
	k := assigned(t, at, "weights.layout=packed")
	got := readOf(t, k, at, uniform(4))
	if got != (reading{planes, books, 1}) {
		t.Errorf("%+v; want %d bytes of weights, %d of codebooks, 1 switch", got, planes, books)
	}
	if got := readOf(t, k, at, at); got.switches != 0 {
		t.Errorf("%d switches between equal passes", got.switches)
	}
	if got := readOf(t, k, uniform(4), at); got.weights != 32*(4*square+3*wide)/2 || got.switches != 1 {
		t.Errorf("%+v at 4 bits", got)
	}
	// Planes take whole bursts, so that they come to a little more; each matrix has as many as the most bits of any pass.
	k = assigned(t, at, "weights.layout=interleaved")
	if got := readOf(t, k, at, at); float64(got.weights) < planes || float64(got.weights) > 1.002*planes || got.codebooks != books {
		t.Errorf("%+v", got)
	}
	if p := k.Footprint().Planes; float64(p) < planes || float64(p) > 1.02*planes {
		t.Errorf("%v of planes are stored, want %v", p, unit.Bytes(planes))
	}
}

// assigned is a compiler for passes at 4 bits and at an assignment.
func assigned(t *testing.T, at precision.Assignment, set ...string) *Compiler {
	t.Helper()
	c := changed(t, append(set, "count.codebooks=true", "weights.group=codebook")...)
	k, err := New(Job{Config: c, Model: loaded(t, "vicuna-7b"), Precisions: []precision.Assignment{uniform(4), at}, Prompt: 8, Passes: 3})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// reading is what a decode pass reads of the weights.
type reading struct {
	weights, codebooks unit.Bytes
	switches           int
}

func readOf(t *testing.T, k *Compiler, at, before precision.Assignment) (m reading) {
	t.Helper()
	p, err := k.Decode(9, at, before)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Ops {
		o := &p.Ops[i]
		if o.Kind == isa.Switch {
			m.switches++
		}
		for _, s := range o.Hold {
			if s.Data == isa.Codebooks {
				m.codebooks += s.Tile.Bytes()
			}
		}
		for n := range o.Tiles {
			for _, s := range o.Loads {
				switch s.Data {
				case isa.Weights:
					m.weights += s.At(n, o.Tiles).Bytes()
				case isa.Codebooks:
					m.codebooks += s.At(n, o.Tiles).Bytes()
				}
			}
		}
	}
	return m
}

package calibrate

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func TestGrid(t *testing.T) {
	var names []string
	for _, s := range Grid([]int{2, 4, 3}, 9) {
		parsed, err := precision.Parse(s.String())
		if err != nil || parsed.String() != s.String() {
			t.Errorf("%s: %v, %v", s, parsed, err)
		}
		names = append(names, s.String())
	}
	want := "uniform:4 static:4>3@0 static:4>3@3 static:4>3@6 static:4>2@0 static:4>2@3 static:4>2@6 " +
		"uniform:3 uniform:3,prefill=4 static:3>2@0 static:3>2@0,prefill=4 static:3>2@3 static:3>2@3,prefill=4 static:3>2@6 static:3>2@6,prefill=4 " +
		"uniform:2 uniform:2,prefill=4"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := Grid([]int{3, 2}, 2); len(got) != 4 { // steps 0, 0 and 0 are one
		t.Error(got)
	}
}

func TestFewest(t *testing.T) {
	bits := [][2]float64{{4, 4}, {3, 4}, {3, 3}, {3, 3}, {2, 2}}
	of := func(i int) (float64, float64) { return bits[i][0], bits[i][1] }
	for _, c := range []struct {
		holds string
		want  int
	}{{"00000", -1}, {"10000", 0}, {"11000", 1}, {"11110", 2}, {"11111", 4}, {"10010", 3}} {
		if got := Fewest(5, func(i int) bool { return c.holds[i] == '1' }, of); got != c.want {
			t.Errorf("%s: %d, want %d", c.holds, got, c.want)
		}
	}
}

func TestEachAlone(t *testing.T) {
	m := small(t)
	all := NewLosses(m).EachAlone(1, []int{4, 2})
	if len(all) != 2*len(m.Matrices(1)) {
		t.Fatalf("%d of %d matrices at two widths", len(all), len(m.Matrices(1)))
	}
	for i, want := range []string{"fp16;layers=1,q_proj=4", "fp16;layers=1,q_proj=2"} {
		if got := all[i].Schedule.String(); got != want || all[i].Layer != 1 || all[i].Matrix != "q_proj" || all[i].Bits != 4-2*i {
			t.Errorf("%+v, want %s", all[i], want)
		}
	}
}

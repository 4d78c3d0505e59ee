package views_test

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/replay/rows"
)

// A line of one pass has no length, so that it has a mark: of a run of two tokens, and of a first pass before a switch.
func TestASinglePassHasAMark(t *testing.T) {
	pass := func(n int, bits float64) rows.Row {
		return rows.Row{NPU: "n", Model: "m", Schedule: "s", Batch: 1, Pass: n, Position: 9 + n, WeightBits: bits, Seconds: 1, BoundBy: "memory", Exact: true}
	}
	for _, c := range []struct {
		what         string
		all          []rows.Row
		number, bits int // marks
	}{
		{"one pass", []rows.Row{pass(1, 4)}, 1, 1},
		{"two at one precision", []rows.Row{pass(1, 4), pass(2, 4)}, 0, 0},
		{"a switch behind the first", []rows.Row{pass(1, 4), pass(2, 3), pass(3, 3)}, 2, 0},
	} {
		v, err := views.Passes(c.all, rows.Measures()[0], false)
		if err != nil {
			t.Fatal(err)
		}
		panels := v.Figure.(*plots.Chart).Panels
		if number, bits := len(panels[0].Points[0]), len(panels[1].Points[0]); number != c.number || bits != c.bits {
			t.Errorf("%s: %d and %d marks, want %d and %d", c.what, number, bits, c.number, c.bits)
		}
	}
}

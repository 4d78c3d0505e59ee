package array

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Skew returns the cycles of an op in which operands move into the PEs before the first product (fill), and in which the
// last products of a fold, or of the op, leave them (drain). Folds that follow each other without a gap, as with double
// buffering and in GEMVs, drain once.
func (a *Array) Skew(o *isa.Op) (fill, drain unit.Cycles) {
	passes := o.Passes(o.Tiles - 1)
	for i := range passes {
		p := a.of(o.PassWork(i))
		fill += p.fill
		drain += p.skew
		if i == passes-1 {
			drain += p.drain
		}
	}
	return fill, drain
}

// Equation is equation 4 of SCALE-Sim's paper (ISPASS 2020) for a product: every fold loads, passes and drains by itself, and
// memory is never waited for. A PE of SCALE-Sim's multiplies once a cycle; here T, or what lies along K, is as long as the
// style's rate makes it.
//
//	(2R + C + T − 2) ⌈S_R / R⌉ ⌈S_C / C⌉
type Equation struct {
	Rows, Cols   int   // R, C
	Stream       int64 // T
	Down, Across int64 // folds
	Rate         Rate
}

// EquationOf returns the equation of a product on the array of a core.
func EquationOf(c *config.Config, w isa.Work) (Equation, error) {
	s, err := New(c.Array)
	if err != nil {
		return Equation{}, err
	}
	x := Equation{Rows: c.Array.Rows, Cols: c.Array.Cols, Rate: s.Rate(w.Bits)}
	down, across, stream := laid(c.Array.Dataflow, w, x.Rate)
	x.Stream, x.Down, x.Across = times(stream, x.Rate.Cycles), ceil(down, int64(x.Rows)), ceil(across, int64(x.Cols))
	return x, nil
}

// Cycles is what the equation comes to.
func (x *Equation) Cycles() unit.Cycles {
	fold := min(x.Stream, forever-3*maxSide) + 2*int64(x.Rows) + int64(x.Cols) - 2
	return unit.Cycles(times(x.Down, x.Across, fold))
}

// skewed is the part of a mapping's cycles in which its folds fill and drain the array: of a GEMV none.
func skewed(a config.Array, m mapping) (fill, drain int64) {
	if a.DoubleBuffer {
		return 0, 0
	}
	return times(m.folds, int64(a.Rows)), times(m.folds, int64(Fill(a)))
}

// Package vector is the vector unit: norms, rotary embedding, softmax, activations, residuals, conversion of cached
// values, sampling.
//
// A function passes over its elements one or more times. Each pass costs the pipeline's latency, and each element a
// number of lane operations that follows from the function's formula. Left out: bandwidth conflicts with the array in
// the scratchpad.
//
// To add a function: a constant in npu/isa, its operation count in costOf, a row in the tests.
package vector

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Vector is the vector unit of one core: it prices tiles, and counts the work of those that ran.
type Vector struct {
	config config.Vector
	counts stats.Counts
}

// New returns the vector unit of a core.
func New(c *config.Config) *Vector { return &Vector{config: c.Vector} }

// Reset sets the counts to zero.
func (v *Vector) Reset() { v.counts = stats.Counts{} }

// Timing returns the time of one tile, and adds the tile to the counts. For an op of the array it is the time of the
// functions on the outputs of its tile (Work.Then).
func (v *Vector) Timing(o *isa.Op, tile int) unit.Cycles {
	w := o.WorkAt(tile)
	var d unit.Cycles
	if o.Unit == isa.Vector {
		d = v.do(w.Fn, w.Elements)
	} else {
		for _, f := range w.Then {
			if f != isa.FnNone {
				d += v.do(f, int64(w.M)*int64(w.N)*int64(w.Repeat))
			}
		}
	}
	v.counts.Operators[o.Operator].VectorBusy += d
	return d
}

// do counts a function on n elements and returns its time.
func (v *Vector) do(f isa.Fn, n int64) unit.Cycles {
	v.counts.VectorOps += Ops(f, n)
	v.counts.ScratchRead += unit.Bytes(2 * n)
	v.counts.ScratchWrite += unit.Bytes(2 * n)
	return Cycles(v.config, f, n)
}

// Counts adds the counts of the unit to c.
func (v *Vector) Counts(c *stats.Counts) { c.Add(&v.counts) }

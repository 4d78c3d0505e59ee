// Package vector is the vector unit: norms, rotary embedding, softmax, activations, residuals, conversion of cached
// values, sampling.
//
// A function walks over its elements one or more times; each walk costs the pipeline's latency, and the lanes do a
// number of operations per element that follows from the function's formula. Left out: bandwidth conflicts with the
// array in the scratchpad.
//
// To add a function: a constant in npu/isa, its operation count in costOf, a row in the tests.
package vector

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/exec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Vector is the vector unit as a component.
type Vector struct {
	*exec.Unit
	config config.Vector
	counts stats.Counts
}

// NewComponent returns the vector unit of an NPU.
func NewComponent(name string, e *sim.Engine, k sim.Clock, c *config.Config) *Vector {
	v := &Vector{config: c.Vector}
	v.Unit = exec.New(name, e, k, isa.Vector, v.timing)
	return v
}

// Load makes a program current.
func (v *Vector) Load(p *isa.Program) {
	v.counts = stats.Counts{}
	v.Unit.Load(p)
}

func (v *Vector) timing(o *isa.Op, tile int) unit.Cycles {
	w := o.WorkAt(tile)
	v.counts.VectorOps += Ops(w.Fn, w.Elements)
	v.counts.ScratchRead += unit.Bytes(2 * w.Elements)
	v.counts.ScratchWrite += unit.Bytes(2 * w.Elements)
	return Cycles(v.config, w.Fn, w.Elements)
}

// Counts adds what the unit did.
func (v *Vector) Counts(c *stats.Counts) {
	n := v.counts
	n.VectorBusy, n.Tiles = v.Busy, v.Tiles
	c.Add(&n)
}

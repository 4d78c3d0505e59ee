// Package array is the compute array: matrix products, tile by tile, at the speed of one of several styles.
//
// It models the occupation of the array by folds of weights, the skew of the pipeline once per op, the scratchpad's
// read bandwidth, and the cost of a change of precision. It leaves out bank conflicts of the scratchpad and stalls
// inside a tile: a tile's cycles follow from its shape.
//
// To add a style: a type with the two methods of Style and its formula in the doc comment, a case in New, a name in
// npu/config, a row in the tests.
package array

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Array is the compute array of one core: what each tile costs, and what all of them did.
type Array struct {
	style  Style
	array  config.Array
	stream int64 // scratchpad bytes per cycle
	counts stats.Counts

	priced isa.Work // of the tile before: nearly all tiles of an op are the same
	price  price
}

// price is what a tile costs.
type price struct {
	cycles        unit.Cycles
	macs, pe      int64
	read, written unit.Bytes
}

// NewArray returns the array of a core.
func NewArray(c *config.Config) (*Array, error) {
	s, err := New(c.Array)
	if err != nil {
		return nil, err
	}
	return &Array{style: s, array: c.Array, stream: int64(c.Scratchpad.BytesPerCycle)}, nil
}

// Reset forgets what was counted.
func (a *Array) Reset() { a.counts = stats.Counts{} }

// Timing is the time of one tile: the style's cycles or the time to read the operand from the scratchpad, whichever is
// longer, and the pipeline's skew after the last tile.
func (a *Array) Timing(o *isa.Op, tile int) unit.Cycles {
	if o.Kind == isa.Switch {
		d := Fill(a.array) + a.array.SwitchCycles
		a.counts.Switches++
		a.counts.ArraySwitch += d
		a.counts.Operators[o.Operator].ArrayBusy += d
		return d
	}
	if w := o.WorkAt(tile); w != a.priced {
		a.priced, a.price = w, a.priceOf(w)
	}
	d := a.price.cycles
	if tile == o.Tiles-1 {
		d += Fill(a.array)
	}
	a.counts.MACs += a.price.macs
	a.counts.PECycles += a.price.pe
	a.counts.ScratchRead += a.price.read
	a.counts.ScratchWrite += a.price.written
	by := &a.counts.Operators[o.Operator]
	by.ArrayBusy += d
	by.MACs += a.price.macs
	by.PECycles += a.price.pe
	return d
}

func (a *Array) priceOf(w isa.Work) price {
	bytes := StreamBytes(w)
	return price{
		cycles:  max(a.style.Tile(w), unit.Cycles((int64(bytes)+a.stream-1)/a.stream)),
		macs:    w.MACs(),
		pe:      w.MACs() * int64(a.style.MACCycles(w.Bits)),
		read:    bytes + unit.Bytes(2*w.M*w.K*w.Repeat),
		written: unit.Bytes(2 * w.M * w.N * w.Repeat),
	}
}

// Counts adds what the array did.
func (a *Array) Counts(c *stats.Counts) { c.Add(&a.counts) }

// Cycles is the occupation of the array by one tile, the scratchpad's bandwidth included.
func (a *Array) Cycles(w isa.Work) unit.Cycles { return a.priceOf(w).cycles }

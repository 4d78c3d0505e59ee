package array

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Array is the compute array of one core: what each tile costs, and what all of them did. Only
// Cycles and Drain may be called by several goroutines at a time.
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
	cycles, drain unit.Cycles
	macs, pe      int64
	read, written unit.Bytes
	feed          Feed
}

// NewArray returns the array of a core.
func NewArray(c *config.Config) (*Array, error) {
	a := c.Array
	s, err := New(a)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(config.Dataflows(), a.Dataflow) {
		return nil, unknown("array.dataflow", "a dataflow", a.Dataflow, config.Dataflows())
	}
	if !slices.Contains(config.GEMVs(), a.GEMV) {
		return nil, unknown("array.gemv", "a GEMV mapping", a.GEMV, config.GEMVs())
	}
	if !slices.Contains(config.ActivationFormats(), a.Activations) {
		return nil, unknown("array.activations", "a number format", a.Activations, config.ActivationFormats())
	}
	return &Array{style: s, array: a, stream: int64(c.Scratchpad.BytesPerCycle)}, nil
}

// Reset forgets what was counted.
func (a *Array) Reset() { a.counts = stats.Counts{} }

// Cycles is the time of one tile that is not the last of its op. It does not count.
func (a *Array) Cycles(w isa.Work) unit.Cycles { return a.faster(w).cycles }

// Drain is what the op's last tile takes longer: the skew of the array, if folds follow each other without it, and the
// adders that join slices of the reduction. It does not count.
func (a *Array) Drain(w isa.Work) unit.Cycles { return a.faster(w).drain }

// Timing is the time of one tile, which it counts.
func (a *Array) Timing(o *isa.Op, tile int) unit.Cycles {
	by := &a.counts.Operators[o.Operator]
	if o.Kind == isa.Switch {
		d := a.style.Switch()
		a.counts.Switches++
		a.counts.ArraySwitch += d
		by.ArrayBusy += d
		return d
	}
	p := a.of(o.WorkAt(tile))
	d := p.cycles
	if tile == o.Tiles-1 {
		d += p.drain
	}
	a.counts.MACs += p.macs
	a.counts.PECycles += p.pe
	a.counts.Lookups += p.feed.Lookups
	a.counts.TableEntries += p.feed.TableEntries
	a.counts.ScratchRead += p.read
	a.counts.ScratchWrite += p.written
	by.ArrayBusy += d
	by.MACs += p.macs
	by.PECycles += p.pe
	return d
}

// of is the price of a tile, remembered.
func (a *Array) of(w isa.Work) *price {
	if w != a.priced {
		a.priced, a.price = w, a.faster(w)
	}
	return &a.price
}

// faster is the price of the way through the array on which the tile takes fewer cycles, its drain aside. A matrix of few
// rows is faster as vectors where a fold's weights take long to move in. Vectors never read less, so of two ways that take
// as long it is the product's.
func (a *Array) faster(w isa.Work) price {
	r := a.style.Rate(w.Bits)
	p := a.priceOf(w, r, product(a.array, w, r))
	if a.array.GEMV == config.GEMVStationary {
		return p
	}
	v := a.priceOf(w, r, vectors(a.array, w, r))
	if v.cycles < p.cycles {
		return v
	}
	return p
}

// priceOf is the longest of what the PEs, the units beside them and the scratchpad take. Everything that enters the array
// is read from the scratchpad, as often as it enters; outputs are written once, as fp16.
func (a *Array) priceOf(w isa.Work, r Rate, x way) price {
	m, n, k, repeat := int64(w.M), int64(w.N), int64(w.K), int64(w.Repeat)
	feed := a.style.Feed(w, x.weights)
	read := times(int64(StreamBytes(w)), x.weights) + times(a.activation(), m, k, repeat, x.activations)
	return price{
		cycles:  unit.Cycles(max(x.cycles, feed.Cycles, ceil(read, a.stream))),
		drain:   unit.Cycles(x.drain),
		macs:    times(m, n, k, repeat),
		pe:      times(m, n, repeat, ceil(k, r.Lanes), r.Cycles),
		read:    unit.Bytes(read),
		written: unit.Bytes(times(2, m, n, repeat)),
		feed:    feed,
	}
}

// activation is the bytes of one activation in the scratchpad.
func (a *Array) activation() int64 {
	if a.array.Activations == config.INT8 {
		return 1
	}
	return 2
}

// StreamBytes is what the tile's weights, or cached values, weigh in the scratchpad.
func StreamBytes(w isa.Work) unit.Bytes {
	return unit.Bytes(ceil(times(int64(w.N), int64(w.K), int64(w.Repeat), int64(w.Bits)), 8))
}

// Counts adds what the array did.
func (a *Array) Counts(c *stats.Counts) { c.Add(&a.counts) }

package array

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Array is the compute array of one core: it prices tiles, and counts the work of those that ran. Only Cycles and Drain
// are safe for concurrent use.
type Array struct {
	style  Style
	array  config.Array
	stream int64 // scratchpad bytes per cycle
	counts stats.Counts

	priced isa.Work // the last tile, with its price: nearly all tiles of an op are alike
	price  price
}

// price is the cost of one tile: cycles, and what it does in them.
type price struct {
	cycles, drain unit.Cycles
	unpack        unit.Cycles // of cycles, those in which unpacking holds the tile up
	fill, skew    unit.Cycles // of the PEs' cycles, those in which folds fill and drain the array
	macs, pe      int64       // multiply-accumulates, PE cycles that do them
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

// Reset sets the counts to zero.
func (a *Array) Reset() { a.counts = stats.Counts{} }

// Cycles returns the time of one tile that is not the last of its op. It leaves the counts alone.
func (a *Array) Cycles(w isa.Work) unit.Cycles { return a.faster(w).cycles }

// Drain returns the additional time of an op's last tile: the skew of the array, if folds follow each other without it,
// and the adders that join slices of the reduction. It leaves the counts alone.
func (a *Array) Drain(w isa.Work) unit.Cycles { return a.faster(w).drain }

// Timing returns the time of the passes of an op that end with a tile, and adds them to the counts. Without isa.Op.Pass
// that is one pass over the tile.
func (a *Array) Timing(o *isa.Op, tile int) unit.Cycles {
	by := &a.counts.Operators[o.Operator]
	if o.Kind == isa.Switch {
		d := a.style.Switch()
		a.counts.Switches++
		a.counts.ArraySwitch += d
		by.ArrayBusy += d
		return d
	}
	var d unit.Cycles
	from := 0
	if tile > 0 {
		from = o.Passes(tile - 1)
	}
	for i := from; i < o.Passes(tile); i++ {
		w := o.PassWork(i)
		p := a.of(w)
		d += p.cycles
		if tile == o.Tiles-1 && i == o.Passes(tile)-1 {
			d += p.drain
		}
		a.counts.MACs += p.macs
		a.counts.MACsByBits[w.Bits] += p.macs
		a.counts.PECycles += p.pe
		a.counts.Lookups += p.feed.Lookups
		a.counts.Scalings += p.feed.Scalings
		a.counts.TableEntries += p.feed.TableEntries
		a.counts.ScratchRead += p.read
		a.counts.ScratchWrite += p.written
		a.counts.ArrayUnpack += p.unpack
		by.ArrayUnpack += p.unpack
		by.MACs += p.macs
		by.PECycles += p.pe
	}
	by.ArrayBusy += d
	return d
}

// of returns the price of a tile, which it remembers.
func (a *Array) of(w isa.Work) *price {
	if w != a.priced {
		a.priced, a.price = w, a.faster(w)
	}
	return &a.price
}

// faster returns the price of the faster of the two mappings (product, GEMV), ignoring drain. A tile with few rows of
// activations is faster as GEMVs where a fold's weights take long to move in. If both take as long, it is the product,
// which never reads more from the scratchpad.
func (a *Array) faster(w isa.Work) price {
	r := a.style.Rate(w.Bits)
	p := a.priceOf(w, r, product(a.array, w, r))
	if a.array.GEMV == config.GEMVStationary {
		return p
	}
	if v := a.priceOf(w, r, gemv(a.array, w, r)); v.cycles < p.cycles {
		return v
	}
	return p
}

// priceOf returns the price of a tile by one mapping. PEs take as much longer as the array sustains less than its peak. The
// cycles are the most that the PEs, the units beside them or the scratchpad take, and what unpacking takes. Every operand
// is read from the scratchpad as often as it enters the array; outputs are written once, as fp16.
func (a *Array) priceOf(w isa.Work, r Rate, m mapping) price {
	rows, n, k, repeat := int64(w.M), int64(w.N), int64(w.K), int64(w.Repeat)
	feed := a.style.Feed(w, m.weights)
	read := times(int64(StreamBytes(w)), m.weights) + times(a.activation(), rows, k, repeat, m.activations)
	pes := int64(a.array.Sustained.Of(unit.Cycles(m.cycles)))
	cycles, unpack := a.unpacked(max(pes, feed.Cycles, ceil(read, a.stream)), a.unpacking(w))
	fill, skew := skewed(a.array, m)
	return price{
		cycles:  unit.Cycles(cycles),
		unpack:  unit.Cycles(unpack),
		drain:   unit.Cycles(m.drain),
		fill:    unit.Cycles(fill),
		skew:    unit.Cycles(skew),
		macs:    times(rows, n, k, repeat),
		pe:      times(rows, n, repeat, ceil(k, r.Lanes), r.Cycles),
		read:    unit.Bytes(read),
		written: unit.Bytes(times(2, rows, n, repeat)),
		feed:    feed,
	}
}

// activation returns the bytes of one activation in the scratchpad.
func (a *Array) activation() int64 {
	if a.array.Activations == config.INT8 {
		return 1
	}
	return 2
}

// StreamBytes returns the bytes of the tile's weights, or of its cached values, in the scratchpad.
func StreamBytes(w isa.Work) unit.Bytes {
	return unit.Bytes(ceil(times(int64(w.N), int64(w.K), int64(w.Repeat), int64(w.Bits)), 8))
}

// Counts adds the counts of the array to c.
func (a *Array) Counts(c *stats.Counts) { c.Add(&a.counts) }

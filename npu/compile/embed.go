package compile

import (
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// embed reads one row of the embedding per row of activations, on every core. Which rows is not known from lengths alone:
// they are taken evenly spaced over the vocabulary in prefill and in a batch, and the one at the position's index in decode.
// Where positions are learned, theirs come with them.
func (b *builder) embed(x region) []int {
	m := b.model
	row, e := fp16.Of(int64(m.Hidden)), b.image.embed
	apart := max(1, m.Vocab/b.rows) // rows from one that is read to the next
	first := 0
	if b.decode {
		first = b.past % apart
	}
	fn := isa.FnCopy
	switch {
	case e.converted:
		fn = isa.FnConvert
	case m.LearnedPositions > 0: // the row of the position is added
		fn = isa.FnAdd
	}
	var done []int
	for core := range b.cores() {
		o := isa.Op{Name: "embed", Kind: isa.Embed, Layer: -1, Core: core, Unit: isa.Vector, Deps: b.before}
		from, to, n := 0, b.rows, b.rows
		if b.spill {
			from, to = share(b.rows, core, b.cores())
			n = max(1, min(to-from, int(b.tile/(2*row))))
		}
		if from == to {
			continue
		}
		o.Tiles = (to - from + n - 1) / n
		last := to - from - (o.Tiles-1)*n
		if b.cfg.Count.Params {
			o.Loads = []isa.Slice{everyNth(e.base, e.row, first+apart*from, apart, n, last, o.Tiles)}
			if e.book > 0 {
				o.Loads = append(o.Loads, everyNth(e.books, e.book, first+apart*from, apart, n, last, o.Tiles))
			}
			if m.LearnedPositions > 0 {
				o.Loads = append(o.Loads, b.positionRows(row, from, n, last, o.Tiles))
			}
		}
		if b.spill {
			o.Stores = []isa.Slice{rows(isa.ActWrite, region{x.base + x.row()*unit.Bytes(from), x.width}, n, last, o.Tiles)}
		}
		o.Work = isa.Work{Fn: fn, Elements: int64(n) * int64(m.Hidden)}
		o.Last = isa.Work{Fn: fn, Elements: int64(last) * int64(m.Hidden)}
		done = append(done, b.add(o, "embed")...)
	}
	return done
}

// positionRows are the rows of the positions of a core's tokens, from one on: one behind the other in a prompt, the same one
// for all sequences of a batch.
func (b *builder) positionRows(row unit.Bytes, from, n, last, tiles int) isa.Slice {
	first := b.image.positions + row*unit.Bytes(b.past)
	if b.decode {
		return isa.Slice{Data: isa.Params, Tile: isa.Contiguous(first, row), Last: isa.Contiguous(first, row)}
	}
	first += row * unit.Bytes(from)
	step := row * unit.Bytes(n)
	return isa.Slice{Data: isa.Params, Step: step, Tile: isa.Contiguous(first, step),
		Last: isa.Contiguous(first+step*unit.Bytes(tiles-1), row*unit.Bytes(last))}
}

// everyNth walks over rows of a table: every so many from a first one on, n of them a tile, and the last tile's.
func everyNth(base, row unit.Bytes, first, apart, n, last, tiles int) isa.Slice {
	stride := row * unit.Bytes(apart)
	tile := isa.Pattern{Base: base + row*unit.Bytes(first), Turn: row, Planes: 1, Outer: n, OuterStride: stride}
	end := tile
	end.Base += stride * unit.Bytes(n*(tiles-1))
	end.Outer = last
	return isa.Slice{Data: isa.Params, Tile: tile, Last: end, Step: stride * unit.Bytes(n)}
}

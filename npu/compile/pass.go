package compile

import (
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// A tile is as large as the scratchpad's streams and the rows of the DRAM want it; how many of its outputs the array
// has columns for is another matter. Tiles of fewer outputs would leave columns idle, and tiles of a few more would
// leave most of them idle in their last fold. So a pass of the array may take outputs of several tiles (isa.Op.Pass).

// passing is a product whose weights stream past its activations in tiles, on one core.
type passing struct {
	work   isa.Work   // of a tile, but for N
	n      int        // outputs of a tile
	tiles  int        // on the core
	rows   int        // outputs of all of them
	across bool       // tiles are parts of the reduction: n and rows are of K
	tile   unit.Bytes // of scratchpad
	room   unit.Bytes // of scratchpad, for tiles
	memory float64    // seconds of all DRAM traffic
}

// compute returns the seconds of the array with passes over so many outputs. Without passes all tiles are taken to be
// full, as they are where the search compares sizes of tiles.
func (p *pricing) compute(x *passing, pass int) float64 {
	w := x.work
	cut := &w.N
	if x.across {
		cut = &w.K
	}
	if pass == 0 {
		*cut = x.n
		return p.work(w, x.tiles)
	}
	*cut = pass
	t := p.work(w, x.rows/pass)
	if *cut = x.rows % pass; *cut > 0 {
		t += p.work(w, 1)
	}
	return t
}

// pass returns how many outputs a pass takes: those of a tile (0) where DRAM holds the product up anyway, else what
// takes the least time among whole folds of the array and whole tiles. The tiles of a pass and the next one must fit.
// What cannot overlap is the transfer of the first pass's tiles. The price is in seconds, and that of the array alone.
func (p *pricing) pass(x *passing) (pass int, total, compute float64) {
	compute = p.compute(x, 0)
	total = max(compute, x.memory) + p.transfer(x.tile)
	if compute <= x.memory {
		return 0, total, compute
	}
	try := func(n int) {
		tiles := isa.PassTiles(n, x.n, x.tiles)
		if n > x.rows || x.tile*unit.Bytes(min(tiles+1, x.tiles)) > x.room {
			return
		}
		c := p.compute(x, n)
		if t := max(c, x.memory) + p.transfer(x.tile*unit.Bytes(tiles)); t < total {
			pass, total, compute = n, t, c
		}
	}
	fold := p.cols
	if x.across {
		fold = p.rows
	}
	for n := fold; n < x.rows; n *= 2 {
		try(n)
	}
	try(x.rows)
	for tiles := 2; tiles < x.tiles && x.n*tiles < fold; tiles++ { // where not even a fold fits
		try(x.n * tiles)
	}
	return pass, total, compute
}

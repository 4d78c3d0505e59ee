package compile

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// costs returns the seconds of a prefill and of a decode pass on a matrix.
type costs func(shape) (prefill, decode float64)

// allocator hands out DRAM from address 0. Large allocations start at a row block, small ones at a stripe.
type allocator struct {
	next, stripe unit.Bytes
	cores        int                  // that share the tiles of a matrix
	fixed        int                  // rows of a tile, 0: to be chosen
	cost         costs                // of a matrix; nil: not known
	chosen       map[tilingKey]tiling // of earlier layers: they repeat
}

// tilingKey is what a choice of tile depends on within an image: the shape of the matrix, and its width or its planes, and
// what turns its codes into weights.
type tilingKey struct {
	rows, k int
	perHead int // rows of a head: a tile is of whole heads, or of equal parts of one; 0: of any rows
	bits    unit.Bits
	planar  bool
	format  formats.Format // of codes of that width
}

func (a *allocator) take(n unit.Bytes, part *unit.Bytes) unit.Bytes {
	if n < rowBlock*a.stripe {
		return a.takeAt(a.stripe, n, part)
	}
	return a.takeAt(rowBlock*a.stripe, n, part)
}

// takeAt is take at multiples of a size. What takes more room the longer a run decodes starts at a row block, and so
// does what lies behind it: a prefill then meets the same banks, whatever comes after it.
func (a *allocator) takeAt(align, n unit.Bytes, part *unit.Bytes) unit.Bytes {
	a.next = roundUp(a.next, align)
	base := a.next
	n = roundUp(n, a.stripe)
	a.next += n
	*part += n
	return base
}

func roundUp(n, to unit.Bytes) unit.Bytes { return (n + to - 1) / to * to }

// rowBlock is the size of a row block in stripes, the stretch of addresses that visits each row buffer of all channels
// once: 16 banks × 2 KiB rows in granules of 256 B a channel (LPDDR5).
const rowBlock = 16 * 2048 / 256

// spare is the share of DRAM that alignment may leave empty.
const spare = 0.02

// grid returns the coarsest alignment, from a row block down to a stripe, that leaves at most the spare empty behind n bytes.
func (a *allocator) grid(n unit.Bytes) unit.Bytes {
	g := rowBlock * a.stripe
	for g > a.stripe && tooMuch(roundUp(n, g), n) {
		g /= 2
	}
	return g
}

func tooMuch(taken, used unit.Bytes) bool { return float64(taken) > (1+spare)*float64(used) }

// tiling is how a matrix lies in DRAM: tiles of rows outputs, stride bytes apart. A tile is what the DMA fetches at once.
type tiling struct {
	rows   int
	stride unit.Bytes
}

func (t tiling) tiles(rows int) int { return (rows + t.rows - 1) / t.rows }

// total is the space of all tiles, of which the last may be smaller.
func (t tiling) total(rows int, bytes func(n int) unit.Bytes) unit.Bytes {
	full := t.tiles(rows) - 1
	return t.stride*unit.Bytes(full) + bytes(rows-full*t.rows)
}

// room is what n rows take: of the scratchpad, at most limit, and of the region of DRAM in which their tile lies.
type room struct {
	pad, region func(n int) unit.Bytes
	limit       unit.Bytes
}

// shape is a matrix of rows×k values in tiles of n rows, of which each takes bytes in DRAM.
type shape struct {
	tilingKey
	n     int
	bytes unit.Bytes
}

// tile chooses the rows of a tile. Each tile starts at a row block, so that equal tiles meet equal banks, or at a finer
// grid if that would cost more than the spare. Every core has a tile at least, as far as there are rows.
func (a *allocator) tile(key tilingKey, align unit.Bytes, r room) (tiling, bool) {
	if t, ok := a.chosen[key]; ok {
		return t, true
	}
	most := (key.rows + a.cores - 1) / a.cores
	var sizes []int
	for n := 1; n <= most && r.pad(n) <= r.limit; n++ {
		if key.perHead == 0 || n%key.perHead == 0 || key.perHead%n == 0 {
			sizes = append(sizes, n)
		}
	}
	if a.fixed > 0 {
		sizes = []int{min(a.fixed, key.rows)}
		if r.pad(sizes[0]) > r.limit {
			return tiling{}, false
		}
	}
	if len(sizes) == 0 {
		return tiling{}, false
	}
	t := a.best(key, sizes, align, r)
	for align > a.stripe && tooMuch(t.total(key.rows, r.region), r.region(key.rows)) {
		align /= 2
		t = a.best(key, sizes, align, r)
	}
	a.chosen[key] = t
	return t, true
}

// best is the tiling that loses little space between tiles: of the sizes within 1 % of the densest, those whose passes
// take the least time by the cost model, and of these (within 0.1 %) the largest. Prefill and a decode pass count
// alike, each in parts of its shortest time: how long a run decodes must not change its prefill.
func (a *allocator) best(key tilingKey, sizes []int, align unit.Bytes, r room) tiling {
	stride := func(n int) unit.Bytes { return roundUp(r.region(n), align) }
	dense := among(sizes, 0.99, func(n int) float64 { return float64(n) / float64(stride(n)) })
	merit := func(n int) float64 { return float64(n) / float64(r.region(n)) }
	if a.cost != nil {
		merit = a.speed(key, dense, r)
	}
	fast := among(dense, 0.999, merit)
	n := fast[len(fast)-1]
	return tiling{n, stride(n)}
}

// speed is the merit of a size among others: how fast prefill and decode are with it.
func (a *allocator) speed(key tilingKey, sizes []int, r room) func(n int) float64 {
	type times struct{ prefill, decode float64 }
	all := map[int]times{}
	var least times
	for i, n := range sizes {
		var t times
		t.prefill, t.decode = a.cost(shape{key, n, r.region(n)})
		all[n] = t
		if i == 0 {
			least = t
		}
		least.prefill, least.decode = min(least.prefill, t.prefill), min(least.decode, t.decode)
	}
	return func(n int) float64 { return 1 / (all[n].prefill/least.prefill + all[n].decode/least.decode) }
}

// among returns the sizes whose merit is at least a share of the best one's.
func among(sizes []int, share float64, merit func(n int) float64) []int {
	best := 0.0
	for _, n := range sizes {
		best = max(best, merit(n))
	}
	return slices.DeleteFunc(slices.Clone(sizes), func(n int) bool { return merit(n) < share*best })
}

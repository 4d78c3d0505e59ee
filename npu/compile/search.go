package compile

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/array"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// The search prices every legal tiling: the array's cycles, the time of its DRAM traffic, and what cannot overlap. It tries all
// the sizes that it looks at, and the first of equals wins, so that the same job gets the same tiles. Prices only choose; how
// long a tiling takes is simulated.

// streamed is the share of DRAM's peak bandwidth that the cost model gives long reads. Every standard reaches 0.9 within three
// points (docs/memory.md).
const streamed = 0.9

// pricing is the cost model of one NPU.
type pricing struct {
	array     *array.Array
	clock     float64 // Hz
	bandwidth float64 // bytes/s that the cores share
	link      float64 // bytes/s of one core; 0: not limited
	cores     int
	rows      int // of the array
	cols      int // likewise
	fill      unit.Cycles
}

func newPricing(c *config.Config) (pricing, error) {
	a, err := array.NewArray(c)
	return pricing{array: a, clock: float64(c.Clock), bandwidth: c.PeakBandwidth() * streamed, link: float64(c.Network.Bandwidth),
		cores: c.Cores, rows: c.Array.Rows, cols: c.Array.Cols, fill: array.Fill(c.Array)}, err
}

// transfer returns the seconds that every core takes to read so many bytes.
func (p *pricing) transfer(each unit.Bytes) float64 {
	t := float64(each) * float64(p.cores) / p.bandwidth
	if p.link > 0 {
		t = max(t, float64(each)/p.link)
	}
	return t
}

// work returns the seconds that one core takes for so many tiles.
func (p *pricing) work(w isa.Work, tiles int) float64 {
	return float64(p.array.Cycles(w)) * float64(tiles) / p.clock
}

// passes estimates the time of a prefill and of a decode pass on one matrix, if the array takes a tile at a time: tiles
// that fill its columns by themselves need no others beside them in the scratchpad.
func (p pricing) passes(j Job) func(shape) (prefill, decode float64) {
	return func(s shape) (prefill, decode float64) {
		tiles := (s.rows + s.n - 1) / s.n
		each := (tiles + p.cores - 1) / p.cores
		memory := p.transfer(s.bytes * unit.Bytes(each))
		w := isa.Work{N: s.n, K: s.k, Repeat: 1, Bits: s.bits, Quantised: s.bits != fp16}
		if w.Quantised {
			scaled(&w, s.format)
		}
		pass := func(m int) float64 {
			w.M = m
			return max(memory, p.work(w, each))
		}
		passes, chunk, _ := j.Config.Graph.Prefill(j.Prompt)
		return float64(passes) * pass(chunk), pass(max(j.Batch, 1))
	}
}

// split says how cores share a product.
type split string

const (
	splitRows   split = "rows"   // of the matrix: each core reads a part of the weights and all activations
	splitTokens split = "tokens" // each core reads all weights and a part of the activations
)

// gemmTiling is how a product whose activations lie in DRAM is cut.
type gemmTiling struct {
	split  split
	hold   config.Hold
	tokens int // rows of activations: held at a time, or of a tile
	tiles  int // of weights: held at a time
	pass   int // outputs of a pass of the array, if tokens are held; 0: those of a tile
}

// priced is a legal tiling with its cost, in seconds of one core.
type priced struct {
	gemmTiling
	held, tile             unit.Bytes // of scratchpad
	compute, memory, total float64
}

// gemmSearch looks for the best tiling of one product.
type gemmSearch struct {
	*builder
	p     *product
	space unit.Bytes // of scratchpad, for what is held and two tiles
	all   []priced   // that are legal
	least unit.Bytes // need of the smallest tiling that was refused
}

// gemmKey is what a choice depends on within a program. Matrices of one shape and width may be cut and stored in different
// ways: a model's file says how.
type gemmKey struct {
	tokens, rows, k, operands int
	bits                      unit.Bits
	format                    rowFormat // of codes
	tile                      tiling
}

func keyOf(p *product) gemmKey {
	key := gemmKey{p.rows, p.matrix.rows, p.k, len(p.operands), p.bits, rowFormat{}, p.tiling()}
	if p.quantised {
		key.format = p.formats[p.bits]
	}
	return key
}

// chooseGEMM returns the tiling with the least cost among the legal ones. Layers repeat: what was chosen for the first
// serves all of them.
func (b *builder) chooseGEMM(p *product) (gemmTiling, error) {
	key := keyOf(p)
	if g, ok := b.chosen[key]; ok && !b.explaining {
		return g, nil
	}
	s := gemmSearch{builder: b, p: p}
	best, err := s.search()
	if err != nil {
		return gemmTiling{}, err
	}
	b.explainGEMM(p, &best, s.next(&best), len(s.all))
	b.chosen[key] = best.gemmTiling
	return best.gemmTiling, nil
}

// search prices all legal tilings of a product and returns the best.
func (s *gemmSearch) search() (priced, error) {
	p, cores, t := s.p, s.cores(), s.cfg.Tiling
	s.space = s.cfg.Scratchpad.Size - s.builder.p.Static
	splits := []split{splitRows, splitTokens}
	if cores == 1 {
		splits = splits[:1]
	}
	for _, x := range splits {
		tiles, tokens := p.tiling().tiles(p.matrix.rows), p.rows
		if x == splitRows {
			tiles = (tiles + cores - 1) / cores
		} else {
			tokens = (tokens + cores - 1) / cores
		}
		if t.Hold != config.HoldWeights {
			s.holdTokens(x, tiles, tokens)
		}
		if t.Hold != config.HoldTokens {
			s.holdWeights(x, tiles, tokens)
		}
	}
	switch {
	case len(s.all) > 0:
		return s.choose(), nil
	case t.Tokens > 0 || t.Hold != config.HoldAuto:
		return priced{}, fmt.Errorf("%s: tiling.tokens %d with tiling.hold %s needs %v of scratchpad at least, %v are there; accepted: fewer tokens, the other operand, or 0 and auto for the search",
			p.matrix.name, t.Tokens, t.Hold, s.least, s.space)
	}
	return priced{}, fmt.Errorf("%s: what is held and two tiles need %v of scratchpad at least, %v are there; accepted: a smaller scratchpad.tile or a larger scratchpad.size",
		p.matrix.name, s.least, s.space)
}

// blocks are the sizes that cut n into equal parts, largest first: n, n/2, n/3 …, or the one that is asked for.
func blocks(n, fixed int) []int {
	if fixed > 0 {
		return []int{min(n, fixed)}
	}
	var sizes []int
	for parts := 1; parts <= n && parts <= mostParts; parts++ {
		if size := (n + parts - 1) / parts; len(sizes) == 0 || size < sizes[len(sizes)-1] {
			sizes = append(sizes, size)
		}
	}
	if sizes[len(sizes)-1] > 1 {
		sizes = append(sizes, 1)
	}
	return sizes
}

// mostParts bounds the search: an operand is read more often than this only where space is short, one row at a time.
const mostParts = 256

// outputs is what the results of n rows for m tokens take, with what is added to them.
func (s *gemmSearch) outputs(m, n int) unit.Bytes {
	return fp16.Of(int64(m)*int64(n)) * unit.Bytes(1+len(s.p.operands))
}

// holdTokens prices blocks of tokens that stay while all of a core's tiles stream past each.
func (s *gemmSearch) holdTokens(x split, tiles, tokens int) {
	p, t := s.p, s.p.tiling()
	weights := p.bytes(t.rows)
	book := p.book(min(tiles*t.rows, p.matrix.rows))
	if p.book(p.matrix.rows) > s.tile {
		book, weights = 0, weights+p.book(t.rows)
	}
	for _, m := range blocks(tokens, s.cfg.Tiling.Tokens) {
		c := priced{gemmTiling: gemmTiling{x, config.HoldTokens, m, 1, 0}, held: p.in.row()*unit.Bytes(m) + book,
			tile: weights + s.outputs(m, t.rows)}
		x := passing{work: p.work(m), n: t.rows, tiles: tiles, rows: min(tiles*t.rows, p.matrix.rows), tile: c.tile,
			room: s.space - c.held, memory: s.price.transfer(c.tile * unit.Bytes(tiles))}
		c.pass, _, c.compute = s.price.pass(&x)
		s.consider(c, (tokens+m-1)/m, tiles, isa.PassTiles(c.pass, t.rows, tiles))
	}
}

// holdWeights prices tiles of weights that stay while all of a core's tokens stream past them.
func (s *gemmSearch) holdWeights(x split, tiles, tokens int) {
	p, t := s.p, s.p.tiling()
	for _, g := range blocks(tiles, 0) {
		n := min(g*t.rows, p.matrix.rows)
		held := p.bytes(t.rows)*unit.Bytes(g) + p.book(n)
		each := p.in.row() + s.outputs(1, n)
		m := s.cfg.Tiling.Tokens
		if m == 0 {
			m = max(1, int(s.tile/each))
		}
		m = min(m, tokens)
		c := priced{gemmTiling: gemmTiling{x, config.HoldWeights, m, g, 0}, held: held, tile: each * unit.Bytes(m)}
		w := p.work(m)
		w.N = n
		streamed := (tokens + m - 1) / m
		c.compute = s.price.work(w, streamed)
		s.consider(c, (tiles+g-1)/g, streamed, 1)
	}
}

// consider prices a tiling of so many rounds, each of which holds an operand while tiles stream past it; together are
// those that the array needs at once. The compute of c is that of a round. The next operand is fetched during a round
// if there is space for both; else the array waits for it.
func (s *gemmSearch) consider(c priced, rounds, tiles, together int) {
	need := c.held + unit.Bytes(together+1)*c.tile
	if need > s.space {
		if s.least == 0 || need < s.least {
			s.least = need
		}
		return
	}
	hold := s.price.transfer(c.held)
	c.compute = float64(c.compute*float64(rounds)) + float64(float64(s.price.fill)*float64(rounds)/s.price.clock)
	stream := s.price.transfer(c.tile * unit.Bytes(tiles*rounds))
	c.memory = stream + float64(hold*float64(rounds))
	c.total = max(c.compute, stream) + float64(hold*float64(rounds))
	if c.held+need <= s.space {
		c.total = max(c.compute, c.memory) + hold
	}
	s.all = append(s.all, c)
}

// priceError is the relative error that the cost model is taken to have. Among tilings whose prices differ by less, the one
// that moves fewest bytes is best: bytes cost energy.
const priceError = 0.02

// choose returns the fastest tiling, or of those that are as fast within the cost model's error the one with the least traffic.
func (s *gemmSearch) choose() priced {
	fastest := slices.MinFunc(s.all, func(a, b priced) int { return cmp.Compare(a.total, b.total) })
	best := fastest
	for _, c := range s.all {
		if c.total <= (1+priceError)*fastest.total && c.memory < best.memory {
			best = c
		}
	}
	return best
}

// next returns the second best tiling.
func (s *gemmSearch) next(best *priced) *priced {
	var next *priced
	for i := range s.all {
		if c := &s.all[i]; c.gemmTiling != best.gemmTiling && (next == nil || c.total < next.total) {
			next = c
		}
	}
	return next
}

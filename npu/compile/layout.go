package compile

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// A matrix's rows are cut into tiles, which the DMA fetches one at a time. Within a tile the weights lie in one of these
// ways. Three planes are stored here in turns a b c; a pass at 2 bits reads what is in capitals:
//
//	interleaved   │ A0 A1 a2 │ B0 B1 b2 │ C0 C1 c2 │         all planes of a turn side by side
//	plane-major   │ A0 B0 C0 … │ A1 B1 C1 … │ a2 b2 c2 … │   a region per plane, for all tiles; fetched A0 A1 B0 B1 C0 C1
//	packed        │ CODES OF 2 BITS … │ codes of 3 bits … │  no planes: a dense copy for each precision

// burst divides what one turn of a plane moves: the burst of every DRAM standard divides it.
const burst unit.Bytes = 64

// matrix is one weight matrix in DRAM: rows of k values, one row per output.
type matrix struct {
	name    string
	rows, k int
	file    formats.Format  // in which the model's file holds it
	perHead int             // rows of a head, which tiles do not cut apart; 0: any
	dense   [fp16 + 1]dense // copies of whole values by their width: fp16, the head's, packed codes
	planes  planes
	formats [fp16]rowFormat  // what turns codes of each precision into weights
	books   [fp16]unit.Bytes // base of its codebooks, or of its scales
	bias    unit.Bytes       // base of the bias vector
	hasBias bool
	fixed   bool       // fp16 in every pass
	apart   unit.Bytes // from one expert's copy of all of it to the next one's; 0: it is the only one
}

// rowFormat is what turns codes of a width into weights, and what that takes in DRAM for each row: its codebook, or its
// scales and zero points.
type rowFormat struct {
	formats.Format
	bytes unit.Bytes
}

// format sets the format of a width of codes: that of the model's file with codes of this width, or if it has none the NPU's.
// Where codebooks are not counted, neither is what stands in their place unless weights.group or the file asks for it.
func (m *matrix) format(c *config.Config, bits unit.Bits, of func(unit.Bits) (formats.Format, bool)) {
	f, ok := of(bits)
	if !ok {
		return
	}
	if !m.file.IsFP16() {
		f = m.file.At(bits).Unnamed()
	}
	m.formats[bits].Format = f
	if m.counted(c) {
		m.formats[bits].bytes = f.RowBytes(m.k)
	}
}

// bookBytes is what the codebooks, or the scales, of n rows take.
func (m *matrix) bookBytes(n int, p unit.Bits) unit.Bytes {
	if p == fp16 {
		return 0
	}
	return m.formats[p].bytes * unit.Bytes(n)
}

// dense is a copy whose values lie one behind the other; no copy if its tile is zero.
type dense struct {
	base unit.Bytes
	tile tiling
}

// planes are the nested bit-planes that serve every precision up to their number.
type planes struct {
	stored int // 0: none; up to the most bits of the matrix in any pass
	base   unit.Bytes
	tile   tiling
	turn   unit.Bytes // longest stretch of a plane (interleaved), or fetched at once (plane-major)
	apart  unit.Bytes // plane-major: from one plane to the next, else 0
}

// rowBytes is the size of one row in one plane.
func (m *matrix) rowBytes() unit.Bytes { return unit.Bits(1).Of(int64(m.k)) }

// cut returns the turns that n rows of one plane are cut into: as few as the longest turn allows, equal, of whole bursts.
func (m *matrix) cut(n int) (turn unit.Bytes, turns int) {
	b := m.rowBytes() * unit.Bytes(n)
	count := roundUp(b, m.planes.turn) / m.planes.turn
	return roundUp((b+count-1)/count, burst), int(count)
}

// planeBytes is what n rows take in one plane.
func (m *matrix) planeBytes(n int) unit.Bytes {
	turn, turns := m.cut(n)
	return turn * unit.Bytes(turns)
}

// turnOf is the longest turn of a plane that puts a chunk on each channel. Chunks smaller than what the mapping keeps on
// one channel (its part of a stripe) lie side by side there.
func turnOf(c *config.Config, stripe unit.Bytes) unit.Bytes {
	channels := unit.Bytes(c.DRAM.Channels)
	if c.Weights.Chunk*channels < stripe {
		return c.Weights.Chunk
	}
	return c.Weights.Chunk * channels
}

// bookPerRow is the codebook that comes with each row of a tile: none if that of all rows fits into a tile and is held.
func (m *matrix) bookPerRow(c *config.Config, p unit.Bits) unit.Bytes {
	if m.bookBytes(m.rows, p) <= c.TileBytes() {
		return 0
	}
	return m.bookBytes(1, p)
}

// layPlanes places nested planes, interleaved or each in a region of its own.
func (m *matrix) layPlanes(c *config.Config, a *allocator, stored int, part *unit.Bytes) error {
	p := &m.planes
	p.stored, p.turn = stored, turnOf(c, a.stripe)
	all, book := unit.Bytes(stored), unit.Bytes(0)
	for bits := range unit.Bits(stored + 1) { // of those in use
		book = max(book, m.bookPerRow(c, bits))
	}
	s := room{limit: c.TileBytes(), region: m.planeBytes}
	s.pad = func(n int) unit.Bytes { return m.planeBytes(n)*all + book*unit.Bytes(n) }
	if c.Weights.Layout == config.Interleaved {
		s.region = func(n int) unit.Bytes { return m.planeBytes(n) * all }
	}
	var ok bool
	if p.tile, ok = a.tile(tilingKey{m.rows, m.k, m.perHead, unit.Bits(stored), true, m.formats[stored].Format}, rowBlock*a.stripe, s); !ok {
		return m.tooLarge(s.pad(1), unit.Bits(stored), c)
	}
	size := p.tile.total(m.rows, s.region)
	if c.Weights.Layout == config.PlaneMajor {
		p.apart = roundUp(size, a.grid(size)) + c.Weights.Skew
		size += p.apart * (all - 1)
	}
	p.base = a.take(size, part)
	return nil
}

// layDense places a copy of whole values: codes if they are narrower than fp16 and quantised.
func (m *matrix) layDense(c *config.Config, a *allocator, bits unit.Bits, quantised bool, part *unit.Bytes) error {
	d, err := m.cutDense(c, a, bits, quantised, rowBlock*a.stripe)
	if err != nil {
		return err
	}
	d.base = a.take(d.tile.total(m.rows, m.denseBytes(bits)), part)
	m.dense[bits] = d
	return nil
}

// shareDense makes a copy of rows that lie one behind the other at base already.
func (m *matrix) shareDense(c *config.Config, a *allocator, bits unit.Bits, base unit.Bytes) error {
	d, err := m.cutDense(c, a, bits, bits != fp16, 1)
	d.base = base
	m.dense[bits] = d
	return err
}

func (m *matrix) cutDense(c *config.Config, a *allocator, bits unit.Bits, quantised bool, align unit.Bytes) (d dense, err error) {
	s := room{limit: c.TileBytes(), region: m.denseBytes(bits)}
	s.pad = s.region
	key := tilingKey{rows: m.rows, k: m.k, perHead: m.perHead, bits: bits}
	if quantised {
		key.format = m.formats[bits].Format
		book := m.bookPerRow(c, bits)
		s.pad = func(n int) unit.Bytes { return s.region(n) + book*unit.Bytes(n) }
	}
	var ok bool
	if d.tile, ok = a.tile(key, align, s); !ok {
		err = m.tooLarge(s.pad(1), bits, c)
	}
	return d, err
}

func (m *matrix) denseBytes(bits unit.Bits) func(n int) unit.Bytes {
	of := formats.Format{Bits: bits}
	if bits != fp16 {
		of = m.formats[bits].Format
	}
	return func(n int) unit.Bytes { return of.CodeBytes(int64(n) * int64(m.k)) }
}

func (m *matrix) tooLarge(row unit.Bytes, bits unit.Bits, c *config.Config) error {
	if n := c.Tiling.Rows; n > 1 && row <= c.TileBytes() {
		return fmt.Errorf("tiling.rows: %d rows of %s, %d values at %d bits each, do not fit into a tile of %v; accepted: 1 to %d, or 0 for the search",
			n, m.name, m.k, bits, c.TileBytes(), c.TileBytes()/row)
	}
	return fmt.Errorf("%s: one row of %d values at %d bits takes %v in a tile, and a tile has %v; accepted: a larger scratchpad.tile",
		m.name, m.k, bits, row, c.TileBytes())
}

// copyOf is the stored form of a matrix that a pass at some precision reads.
type copyOf struct {
	*matrix
	bits      unit.Bits
	quantised bool       // codes, to be looked up in a codebook
	past      unit.Bytes // from where the matrix lies: of an expert's, behind those of the experts before
}

// planar tells nested planes from whole values.
func (c copyOf) planar() bool {
	return c.quantised && c.planes.stored > 0 && c.dense[c.bits].tile.rows == 0
}

// tiling is how the copy is cut.
func (c copyOf) tiling() tiling {
	t := c.dense[c.bits].tile
	if c.planar() {
		t = c.planes.tile
	}
	if t.rows == 0 || c.planar() && int(c.bits) > c.planes.stored {
		panic(fmt.Sprintf("compile: %s is not stored at %d bits", c.name, c.bits))
	}
	return t
}

// bytes is what n rows bring into the scratchpad, without their codebook.
func (c copyOf) bytes(n int) unit.Bytes {
	if c.planar() {
		return c.planeBytes(n) * unit.Bytes(c.bits)
	}
	return c.denseBytes(c.bits)(n)
}

// walk is the DRAM pattern of the first n rows of a tile.
func (c copyOf) walk(tile, n int) isa.Pattern {
	at := c.past + c.tiling().stride*unit.Bytes(tile)
	if !c.planar() {
		return isa.Contiguous(c.dense[c.bits].base+at, c.bytes(n))
	}
	turn, turns := c.cut(n)
	p := isa.Pattern{Base: c.planes.base + at, Turn: turn, Planes: int(c.bits), Outer: turns,
		PlaneStride: turn, OuterStride: turn * unit.Bytes(c.planes.stored)}
	if c.planes.apart > 0 {
		p.PlaneStride, p.OuterStride = c.planes.apart, turn
	}
	return p
}

// tilesOf are the loads of tiles [first, first+n): one slice, stepping from tile to tile.
func (c copyOf) tilesOf(first, n int, d isa.Data) isa.Slice {
	t := c.tiling()
	last := min(t.rows, c.rows-(first+n-1)*t.rows)
	return isa.Slice{Data: d, Step: t.stride, Tile: c.walk(first, t.rows), Last: c.walk(first+n-1, last)}
}

// work is that of a product with m rows of activations, but for its outputs.
func (c copyOf) work(m int) isa.Work {
	w := isa.Work{M: m, K: c.k, Repeat: 1, Bits: c.bits, Quantised: c.quantised}
	if c.quantised {
		scaled(&w, c.formats[c.bits].Format)
	}
	return w
}

// scaled says of a product with codes which of them share a scale.
func scaled(w *isa.Work, f formats.Format) {
	if f.Codebook {
		return
	}
	w.Group, w.ZeroPoints, w.Table = f.Group, f.Zero > 0, f.Table
	if f.Group == 0 {
		w.Group = w.K
	}
}

// book is the codebook of n rows, or their scales; nothing if the machine's model leaves them out.
func (c copyOf) book(n int) unit.Bytes {
	if !c.quantised {
		return 0
	}
	return c.bookBytes(n, c.bits)
}

// bookSlice is the codebook of the same rows.
func (c copyOf) bookSlice(first, n, tiles, last int) isa.Slice {
	base := c.books[c.bits] + c.past
	final := first + n*(tiles-1)
	size := func(rows int) unit.Bytes { return c.bookBytes(rows, c.bits) }
	return isa.Slice{Data: isa.Codebooks, Step: size(n), Tile: isa.Contiguous(base+size(first), size(n)),
		Last: isa.Contiguous(base+size(final), size(last))}
}

package compile

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// table is the embedding: rows one behind the other, and what turns the codes of a row into values.
type table struct {
	base, row   unit.Bytes // of codes, or values
	books, book unit.Bytes // of scales; a book of 0: there are none
	converted   bool       // codes become values
}

// layEmbedding places the embedding: fp16, or as the file has it where weights are taken as they are stored.
func (im *image) layEmbedding(a *allocator, j Job) {
	m, f := j.Model, formats.Format{}
	if j.AsStored {
		f = m.Stored.At(formats.Outside, formats.Embedding)
	}
	e := &im.embed
	*e = table{row: f.CodeBytes(int64(m.Hidden)), book: f.RowBytes(m.Hidden), converted: !f.IsFP16()}
	e.base = a.take(f.CodeBytes(int64(m.Vocab)*int64(m.Hidden)), &im.footprint.FP16)
	if e.book > 0 {
		e.books = a.take(e.book*unit.Bytes(m.Vocab), &im.footprint.Codebooks)
	}
}

// headBits is how wide the weights of lm_head are: as the NPU says, or as the file has them where weights are taken so.
func (j Job) headBits() unit.Bits {
	if j.AsStored {
		return j.Model.Stored.At(formats.Outside, formats.Head).Width()
	}
	return j.Config.Head.Bits
}

// layHead places lm_head. A tied one is the embedding, if it has the same format.
func (im *image) layHead(a *allocator, j Job) error {
	c, m, bits := j.Config, j.Model, j.headBits()
	h := &im.head
	im.headBits = bits
	*h = matrix{name: formats.Head, rows: m.Vocab, k: m.Hidden, hasBias: m.HeadBias && c.Count.Params}
	h.file = m.Stored.At(formats.Outside, formats.Head)
	h.format(c, bits, c.Weights.Head)
	shared := m.Tied && c.Count.Params && bits == fp16
	if j.AsStored {
		shared = m.Tied && c.Count.Params && h.file == m.Stored.At(formats.Outside, formats.Embedding)
	}
	var err error
	if shared {
		err = h.shareDense(c, a, bits, im.embed.base)
		h.books[bits%fp16] = im.embed.books
	} else {
		err = h.layDense(c, a, bits, bits != fp16, &im.footprint.FP16)
	}
	if n := h.bookBytes(m.Vocab, bits); n > 0 && !shared {
		h.books[bits] = a.take(n, &im.footprint.Codebooks)
	}
	if h.hasBias {
		h.bias = a.take(fp16.Of(int64(m.Vocab)), &im.footprint.FP16)
	}
	return err
}

// counted reports whether a matrix's scales are counted: always where the file or weights.group asks for them, otherwise with
// codebooks.
func (m *matrix) counted(c *config.Config) bool {
	return !m.file.IsFP16() || c.Count.Codebooks || c.Weights.Group == config.GroupChannel || c.Weights.Group > 0
}

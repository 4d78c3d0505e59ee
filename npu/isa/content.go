package isa

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// Content returns a hash of all of a program that a machine can tell: two programs with one content have the same counts
// on one machine. Names are left out, and the experts touched, which no machine reads. It takes some 0.3 µs an op.
func (p *Program) Content() [sha256.Size]byte {
	w := writer{sum: sha256.New(), buf: make([]byte, 0, writerRoom)}
	w.ints(int64(len(p.Ops)), int64(p.Runtime.Dispatch), int64(p.Runtime.Host), truth(p.Decode), int64(p.Bits), int64(p.Tokens), int64(p.Context),
		int64(p.Static))
	for i := range p.Ops {
		w.op(&p.Ops[i])
	}
	w.flush()
	return [sha256.Size]byte(w.sum.Sum(nil))
}

// writer hashes integers; lists with their lengths before them.
type writer struct {
	sum hash.Hash
	buf []byte
}

const writerRoom = 1 << 14

func (w *writer) flush() {
	w.sum.Write(w.buf)
	w.buf = w.buf[:0]
}

func (w *writer) ints(all ...int64) {
	if len(w.buf) > writerRoom-binary.MaxVarintLen64*16 {
		w.flush()
	}
	for _, v := range all {
		w.buf = binary.AppendVarint(w.buf, v)
	}
}

func (w *writer) list(all []int) {
	w.ints(int64(len(all)))
	for _, v := range all {
		w.ints(int64(v))
	}
}

func (w *writer) op(o *Op) {
	w.ints(int64(o.Kind), int64(o.Layer), int64(o.Operator), int64(o.Piece), int64(o.Core), int64(o.Unit), int64(o.Gather), int64(o.Converts),
		int64(o.Tiles), int64(o.Pass), truth(o.Reduced))
	w.list(o.Deps)
	w.list(o.LoadAfter)
	for _, slices := range [][]Slice{o.Hold, o.Loads, o.Stores} {
		w.ints(int64(len(slices)))
		for i := range slices {
			s := &slices[i]
			w.ints(int64(s.Data), int64(s.Step))
			w.pattern(&s.Tile)
			w.pattern(&s.Last)
		}
	}
	w.work(&o.Work)
	w.work(&o.Last)
}

func (w *writer) pattern(p *Pattern) {
	w.ints(int64(p.Base), int64(p.Turn), int64(p.Planes), int64(p.PlaneStride), int64(p.Outer), int64(p.OuterStride))
}

func (w *writer) work(k *Work) {
	w.ints(int64(k.M), int64(k.N), int64(k.K), int64(k.Repeat), int64(k.Bits), truth(k.Quantised), int64(k.Group), truth(k.Across),
		truth(k.ZeroPoints), truth(k.Table), int64(k.Then[0]), int64(k.Then[1]), int64(k.Then[2]), int64(k.Fn), k.Elements)
}

func truth(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

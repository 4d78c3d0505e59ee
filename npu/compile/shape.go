package compile

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Shape is what the program of a decode pass looks like, apart from how long its context is. Two passes at the same
// precisions have equal forms if their programs are the same ops, tiles, passes of the array and dependencies, and differ in
// sizes of last tiles, in addresses, and in the amounts of work of each op.
type Shape struct {
	Form    [sha256.Size]byte
	Amounts []int64     // of work, of each op: multiply-accumulates, or elements
	Bytes   int64       // that all ops of the pass move
	Experts isa.Touched // of the whole pass
}

// Shapes tells the shapes of a compiler's decode passes. It is safe for concurrent use.
type Shapes struct {
	*Compiler
	alike []int64 // of each layer that is compiled, how many layers it stands for
}

// Shapes returns what tells shapes. Only attention, the cache, and the experts that are chosen depend on the position: layers
// without experts that attend alike are compiled once.
func (c *Compiler) Shapes() Shapes {
	if c.model.Experts != nil {
		return Shapes{c, slices.Repeat([]int64{1}, c.model.Layers)}
	}
	type kind struct{ windowed, rotated, normed bool }
	alike, first, last := make([]int64, c.model.Layers), map[kind]int{}, c.model.Layers-1
	for l := range last {
		k := kind{c.model.Windowed(l), c.model.Rotated(l), c.model.NormsHeads(l)}
		if _, seen := first[k]; !seen {
			first[k] = l
		}
		alike[first[k]]++
	}
	alike[last] = 1
	some := *c
	some.decoding = nil
	for _, o := range c.decoding {
		if o.Layer < 0 || alike[o.Layer] > 0 {
			some.decoding = append(some.decoding, o)
		}
	}
	return Shapes{&some, alike}
}

// Decode returns the shape of the program that Compiler.Decode makes, or if the pass is followed by a decision
// Compiler.DecodeDeciding.
func (s Shapes) Decode(past int, at, before precision.Assignment, deciding bool) (*Shape, error) {
	program := s.Compiler.Decode
	if deciding {
		program = s.DecodeDeciding
	}
	p, err := program(past, at, before)
	if err != nil {
		return nil, err
	}
	return shapeOf(p, s.alike), nil
}

// shapeOf reads a program whose layers stand for so many each.
func shapeOf(p *isa.Program, alike []int64) *Shape {
	s := &Shape{Experts: p.Experts, Amounts: make([]int64, len(p.Ops))}
	text := make([]byte, 0, 64*len(p.Ops))
	put := func(numbers ...int) {
		for _, n := range numbers {
			text = binary.AppendVarint(text, int64(n))
		}
	}
	moves := func(all []isa.Slice) {
		put(len(all))
		for i := range all {
			put(int(all[i].Data), all[i].Last.Planes)
		}
	}
	for i := range p.Ops {
		o := &p.Ops[i]
		s.Amounts[i] = (o.Work.MACs()+o.Work.Elements)*int64(o.Tiles-1) + o.Last.MACs() + o.Last.Elements
		times := int64(1)
		if o.Layer >= 0 {
			times = alike[o.Layer]
		}
		s.Bytes += times * (int64(o.HoldBytes()) + int64(o.TileBytes(0))*int64(o.Tiles-1) + int64(o.TileBytes(o.Tiles-1)))
		put(int(o.Kind), o.Operator, o.Layer, o.Core, int(o.Unit), o.Piece, o.Tiles, len(o.Deps), len(o.LoadAfter), int(o.Gather))
		put(o.Deps...)
		put(o.LoadAfter...)
		moves(o.Hold)
		moves(o.Loads)
		moves(o.Stores)
		pass := 0 // all at once, or a tile at a time
		if o.Pass > 0 && !o.AtOnce() {
			pass = o.Pass
		}
		put(pass, truth(o.AtOnce()), truth(o.Reduced), truth(o.Chained()))
		w := &o.Last
		put(w.M, w.Repeat, int(w.Bits), w.Group, truth(w.Quantised), truth(w.Across), truth(w.ZeroPoints), truth(w.Table), int(w.Fn))
		for _, f := range w.Then {
			put(int(f))
		}
	}
	s.Form = sha256.Sum256(text)
	return s
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

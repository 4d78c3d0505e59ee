// Package isa is the op stream between the compiler and the machine: the ops of one prefill or one decode step. It is
// plain data. A Program is complete (addresses, tile shapes, dependencies) and has no times.
//
// An op runs tile by tile. For each tile the DMA fetches one slice of every Load into the scratchpad, the op's unit
// works on it, and the DMA writes one slice of every Store. Loads run ahead of the unit as far as the scratchpad has
// room: overlap follows from the machine, a program does not ask for it.
//
// What is fetched at once and what the array works on at once need not be the same (Op.Pass). Where a tile has fewer
// outputs than the array has columns, a pass takes outputs of several tiles. A tile's space is free once all of its
// outputs are computed. Tiles of 3 outputs, in passes of 4:
//
//	tiles   | 0 0 0 | 1 1 1 | 2 2 2 | 3 3 |
//	passes  |    0    |    1    |    2    |     the first one starts when tiles 0 and 1 are there, and frees tile 0
//
// Tiles of the context of attention are parts of the reduction (Op.Reduced); passes over several of them leave no rows of
// the array idle.
package isa

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Kind is the purpose of an op, by which time is broken down.
type Kind uint8

// The kinds of ops.
const (
	Embed      Kind = iota // embedding row of each token
	Norm                   // RMSNorm, LayerNorm, q/k norms
	Linear                 // block linears: the weights that a precision schedule changes
	Rope                   // rotary position embedding
	KVAppend               // K and V of new tokens to the cache
	Scores                 // Q·Kᵀ
	Softmax                // over the context
	Context                // P·V
	Activation             // silu·mul, gelu
	Residual               // residual additions
	Head                   // lm_head
	Sample                 // argmax over the vocabulary
	Exchange               // activations from core to core
	Switch                 // change of weight precision
	Router                 // which experts tokens take, and the sum of what these yield
	Dispatch               // of a piece, by the runtime: time of no op
	Host                   // after a decode pass: time of no op
	KindCount
)

var kindNames = [KindCount]string{"embed", "norm", "linear", "rope", "kv-append", "scores", "softmax", "context",
	"activation", "residual", "head", "sample", "exchange", "switch", "router", "dispatch", "host"}

// String returns the name used in tables and JSON.
func (k Kind) String() string {
	if k < KindCount {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Unit is the unit that executes an op. Each unit executes its ops in program order.
type Unit uint8

// The units.
const (
	Array  Unit = iota // compute array
	Vector             // vector unit
	Move               // DMA alone: loads and stores without work
)

// Data is a class of DRAM traffic.
type Data uint8

// The classes of traffic.
const (
	Weights     Data = iota // block linears: planes or fp16 matrices
	Codebooks               // per-row codebooks of the current precision
	HeadWeights             // lm_head matrix
	KVRead                  // K and V cache, read
	KVWrite                 // K and V cache, appended
	ActRead                 // spilled activations, read
	ActWrite                // spilled activations, written
	Params                  // embedding rows, norm weights, biases
	Experts                 // matrices of routed experts, as Weights
	DataCount
)

var dataNames = [DataCount]string{"weights", "codebooks", "head", "kv-read", "kv-write",
	"act-read", "act-write", "params", "experts"}

// String returns the name used in tables and JSON.
func (d Data) String() string {
	if d < DataCount {
		return dataNames[d]
	}
	return fmt.Sprintf("data(%d)", uint8(d))
}

// Pattern is a strided walk over DRAM: for o in 0..Outer, for p in 0..Planes, Turn bytes at
// Base + o·OuterStride + p·PlaneStride. Contiguous data is one turn.
type Pattern struct {
	Base        unit.Bytes
	Turn        unit.Bytes // contiguous bytes per plane per turn
	Planes      int
	PlaneStride unit.Bytes
	Outer       int
	OuterStride unit.Bytes
}

// Contiguous is the pattern of n bytes from base.
func Contiguous(base, n unit.Bytes) Pattern {
	return Pattern{Base: base, Turn: n, Planes: 1, Outer: 1}
}

// Bytes returns the bytes of one walk.
func (p Pattern) Bytes() unit.Bytes { return p.Turn * unit.Bytes(p.Planes*p.Outer) }

// Slice is a stream cut into tiles: tile t starts Step·t bytes after the first and walks Tile, the last one Last.
type Slice struct {
	Data Data
	Tile Pattern // of tile 0
	Last Pattern // of the last tile, with its own base
	Step unit.Bytes
}

// At returns the pattern of tile t of n.
func (s *Slice) At(t, n int) Pattern {
	if t == n-1 {
		return s.Last
	}
	p := s.Tile
	p.Base += unit.Bytes(t) * s.Step
	return p
}

// Work is the work of a unit on one tile.
type Work struct {
	// Array: an M×K activation block times the transpose of an N×K block of weights (or of cached K, V), Repeat times
	// with different operands (heads).
	M, N, K, Repeat int
	Bits            unit.Bits // width of the weights or of the cached values; 16 is fp16
	Quantised       bool      // weights are codes
	Group           int       // of codes along K that share a scale; 0: they go through a codebook, one a row
	Across          bool      // those codes lie along N instead: their scale is that of an activation, not of a sum
	ZeroPoints      bool      // with each scale
	Table           bool      // codes stand for values of a table that all weights share
	Then            [3]Fn     // functions that the vector unit applies to the M×N×Repeat outputs; FnNone: none

	// Vector: Elements values of a function.
	Fn       Fn
	Elements int64
}

// MACs returns the multiply-accumulates of the tile.
func (w Work) MACs() int64 {
	return int64(w.M) * int64(w.N) * int64(w.K) * int64(w.Repeat)
}

// Fn is a function of the vector unit.
type Fn uint8

// The vector functions.
const (
	FnNone Fn = iota
	FnRMSNorm
	FnLayerNorm
	FnRope
	FnSoftmax
	FnSoftmaxMerge // rescale and add partial results of online softmax
	FnSiluMul
	FnGelu
	FnGeluMul
	FnAdd
	FnBias
	FnConvert // quantise or dequantise cached values
	FnSoftcap // cap·tanh(x/cap)
	FnArgmax
	FnCopy
	FnSigmoid
	FnSilu
	FnRelu
	FnReluMul
	FnRelu2 // its square
	FnRelu2Mul
	FnCount
)

// MaxOperators is the number of operators that a program may have.
const MaxOperators = 56

// Op is one operation of a program.
type Op struct {
	Name      string
	Kind      Kind
	Layer     int // -1 outside the blocks
	Operator  int // index into Program.Operators
	Piece     int // of the program: ops that the runtime dispatches together; never less than that of the op before
	Core      int // whose unit executes it
	Unit      Unit
	Deps      []int      // ops that must be complete before this one starts to work
	LoadAfter []int      // ops that must be complete before this one's loads may be issued (data through DRAM)
	Hold      []Slice    // fetched once before the first tile, held in the scratchpad until the op completes
	Loads     []Slice    // fetched for each tile, freed when the tile has been worked on
	Stores    []Slice    // written for each tile after its work
	Gather    unit.Bytes // Exchange: taken over the network from other cores' scratchpads before the op completes
	Converts  unit.Bytes // activations, operands and results, that the runtime brings into the array's layout and back
	Tiles     int        // at least 1
	Pass      int        // outputs (of N) that the array works on at once, whatever tiles they lie in; 0: those of a tile
	Reduced   bool       // tiles are parts of the reduction instead, and Pass is so many of K
	Work      Work       // of a full tile
	Last      Work       // of the last tile
}

// WorkAt returns the work of tile t.
func (o *Op) WorkAt(t int) Work {
	if t == o.Tiles-1 {
		return o.Last
	}
	return o.Work
}

// Runtime are the operators that stand for the runtime: indices into Program.Operators.
type Runtime struct{ Dispatch, Host int }

// Touched are the routed experts that a step reads, over its layers with experts (and the chunks of its prompt).
type Touched struct{ Layers, Sum, Least, Most int }

// Add adds what one layer reads.
func (t *Touched) Add(experts int) {
	if t.Layers == 0 || experts < t.Least {
		t.Least = experts
	}
	t.Layers++
	t.Sum += experts
	t.Most = max(t.Most, experts)
}

// Merge adds what other layers read.
func (t *Touched) Merge(o Touched) {
	if o.Layers == 0 {
		return
	}
	if t.Layers == 0 || o.Least < t.Least {
		t.Least = o.Least
	}
	t.Layers += o.Layers
	t.Sum += o.Sum
	t.Most = max(t.Most, o.Most)
}

// Program is one step: ops in issue order.
type Program struct {
	Name      string
	Ops       []Op
	Operators []string   // names of ops, the same in each layer, such as "q_proj"; at most MaxOperators
	Runtime   Runtime    // operators that the time of the runtime counts for
	Decode    bool       // a decode pass: the host works behind it
	Bits      unit.Bits  // weight precision of the block linears
	Tokens    int        // tokens processed: the prompt in prefill, 1 in decode
	Context   int        // positions attended to by the last token
	Experts   Touched    // zero without experts
	Static    unit.Bytes // scratchpad bytes that the program keeps for activations during the whole step
}

package activity

import (
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Part is the part of the NPU, or the event, that a span is of.
type Part uint8

// The parts.
const (
	Front    Part = iota // cycles of the step that are charged to an op (npu.Sequencer)
	Decode               // the sequencer decodes an op for its core
	Array                // a compute array works on an op, or on a tile of it
	Vector               // a vector unit does
	Load                 // loads of one class of data of an op: from the first one's arrival at the memory to the last one's end
	Store                // its stores, likewise
	Exchange             // a core gathers data from others
	Transfer             // one DRAM transfer, from its arrival at the memory until the DMA has it back
	Crossing             // one transfer, complete in DRAM, waits for its link
	PartCount
)

// Whole is the Tile of a span that covers a whole op.
const Whole = -1

// Span is the activity of a part from one cycle of the step to another.
type Span struct {
	From, To unit.Cycles
	Busy     unit.Cycles // of units: cycles of work; in the rest the unit waited
	Bytes    unit.Bytes  // moved
	Count    int32       // tiles worked on, transfers moved
	Op       int32
	Tile     int32 // Whole: all, or the operands that the op holds
	Core     uint8
	Part     Part
	Data     isa.Data // of loads, stores, transfers, crossings
}

// Label is the name of an op: its operator and its layer.
type Label struct {
	Operator uint8 // of Recording.Operators
	Layer    int16 // -1: none
}

// Recording is the record of one step.
type Recording struct {
	Detail    Detail
	Spans     []Span // those of one part of a core in the order in which they began, if they do not overlap
	Moved     Windows
	Space     []Windows // by core: bytes of the scratchpad in use, the most in each window
	Labels    []Label   // of the ops, and behind them of the runtime's dispatches and the host
	Operators []string

	works [][PartCount]int32 // by core: index of the part's last span of a whole op, +1
	moves []int32            // by op and class of data: index of its span, +1
}

// New returns an empty recording of a program on that many cores.
func New(d Detail, p *isa.Program, cores int) *Recording {
	r := &Recording{Detail: d, Operators: p.Operators, Labels: make([]Label, len(p.Ops), len(p.Ops)+2), Space: make([]Windows, cores),
		works: make([][PartCount]int32, cores), moves: make([]int32, len(p.Ops)*int(isa.DataCount))}
	for i := range p.Ops {
		r.Labels[i] = Label{Operator: uint8(p.Ops[i].Operator), Layer: int16(p.Ops[i].Layer)}
	}
	for _, operator := range []int{p.Runtime.Dispatch, p.Runtime.Host} {
		r.Labels = append(r.Labels, Label{Operator: uint8(operator), Layer: -1})
	}
	return r
}

// End frees what is only needed while recording.
func (r *Recording) End() { r.works, r.moves = nil, nil }

// Front records the op that the time between two cycles is charged to.
func (r *Recording) Front(op int, from, to unit.Cycles) {
	if to > from {
		r.Spans = append(r.Spans, Span{From: from, To: to, Busy: to - from, Op: int32(op), Tile: Whole, Part: Front})
	}
}

// Decode records that an op is decoded for a core.
func (r *Recording) Decode(core, op int, from, to unit.Cycles) {
	if r.Detail >= Tiles && to > from { // decoding may cost nothing
		r.Spans = append(r.Spans, Span{From: from, To: to, Busy: to - from, Op: int32(op), Tile: Whole,
			Core: uint8(core), Part: Decode})
	}
}

// Work records that a unit works on a tile.
func (r *Recording) Work(p Part, core, op, tile int, from, to unit.Cycles) {
	last := &r.works[core][p]
	if *last == 0 || r.Spans[*last-1].Op != int32(op) {
		r.Spans = append(r.Spans, Span{From: from, Op: int32(op), Tile: Whole, Core: uint8(core), Part: p})
		*last = int32(len(r.Spans))
	}
	s := &r.Spans[*last-1]
	s.To = to
	s.Busy += to - from
	s.Count++
	if r.Detail >= Tiles {
		r.Spans = append(r.Spans, Span{From: from, To: to, Busy: to - from, Count: 1, Op: int32(op), Tile: int32(tile),
			Core: uint8(core), Part: p})
	}
}

// Move is a DRAM transfer that is complete.
type Move struct {
	Core, Op, Tile int
	Data           isa.Data
	Write          bool
	Bytes          unit.Bytes
	From, To       unit.Cycles
}

// Transfer records a transfer.
func (r *Recording) Transfer(m Move) {
	whole := &r.moves[m.Op*int(isa.DataCount)+int(m.Data)]
	if *whole == 0 {
		s := Span{From: m.From, To: m.To, Op: int32(m.Op), Tile: Whole, Core: uint8(m.Core), Part: Load, Data: m.Data}
		if m.Write {
			s.Part = Store
		}
		r.Spans = append(r.Spans, s)
		*whole = int32(len(r.Spans))
	}
	s := &r.Spans[*whole-1]
	s.From, s.To = min(s.From, m.From), max(s.To, m.To)
	s.Bytes += m.Bytes
	s.Count++
	if r.Detail >= Transfers {
		r.Spans = append(r.Spans, Span{From: m.From, To: m.To, Bytes: m.Bytes, Count: 1, Op: int32(m.Op),
			Tile: int32(m.Tile), Core: uint8(m.Core), Part: Transfer, Data: m.Data})
	}
}

// Exchange records that a core gathers data from others.
func (r *Recording) Exchange(core, op int, size unit.Bytes, from, to unit.Cycles) {
	r.Spans = append(r.Spans, Span{From: from, To: to, Bytes: size, Count: 1, Op: int32(op), Tile: Whole,
		Core: uint8(core), Part: Exchange})
}

// Crossing records that a transfer waits for its link.
func (r *Recording) Crossing(m Move) {
	if r.Detail >= Transfers {
		r.Spans = append(r.Spans, Span{From: m.From, To: m.To, Busy: m.To - m.From, Bytes: m.Bytes, Count: 1,
			Op: int32(m.Op), Tile: int32(m.Tile), Core: uint8(m.Core), Part: Crossing, Data: m.Data})
	}
}

// Arrived records that a transfer is complete in DRAM.
func (r *Recording) Arrived(now unit.Cycles, size unit.Bytes) { r.Moved.add(now, int64(size)) }

// Occupied records how much of a core's scratchpad is in use from now on.
func (r *Recording) Occupied(core int, now unit.Cycles, used unit.Bytes) {
	r.Space[core].set(now, int64(used))
}

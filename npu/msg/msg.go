// Package msg holds the messages between the components of the NPU. A message is about one tile, one transfer or one
// op, never about a burst: the component that owns a tile or a transfer computes what happens inside it.
package msg

import (
	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Transfer asks the memory to read or write a walk. The memory sends the same message back when that is done.
type Transfer struct {
	akita.MsgMeta
	Walk     isa.Pattern
	Write    bool
	Data     isa.Data
	Core     int         // whose DMA sent it
	Queue    int         // of the memory controllers
	Op, Tile int         // that the data belong to
	Arrived  unit.Cycles // at the memory, which fills it in
}

// Meta implements akita.Msg.
func (m *Transfer) Meta() *akita.MsgMeta { return &m.MsgMeta }

// Fetch tells the DMA that the loads of an op may be issued, after those of earlier ops.
type Fetch struct {
	akita.MsgMeta
	Op int
}

// Meta implements akita.Msg.
func (m *Fetch) Meta() *akita.MsgMeta { return &m.MsgMeta }

// Start tells a unit that everything an op waits for is done.
type Start struct {
	akita.MsgMeta
	Op int
}

// Meta implements akita.Msg.
func (m *Start) Meta() *akita.MsgMeta { return &m.MsgMeta }

// Tile goes from the DMA to a unit when the next tile of an op is in the scratchpad, and from the unit back to the DMA
// when it has finished with the tile: its output may be written and its space used again. For a chained op it goes from
// the array to the vector unit in between. Tile -1 stands for the operands that the op holds.
type Tile struct {
	akita.MsgMeta
	Op, Tile int
}

// Meta implements akita.Msg.
func (m *Tile) Meta() *akita.MsgMeta { return &m.MsgMeta }

// Done tells the sequencer that an op is complete: its work (from a unit), or its stores (from the DMA).
type Done struct {
	akita.MsgMeta
	Op int
}

// Meta implements akita.Msg.
func (m *Done) Meta() *akita.MsgMeta { return &m.MsgMeta }

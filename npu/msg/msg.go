// Package msg holds the messages between the components of the NPU. One message is one tile, one transfer or one op,
// never a burst: what happens inside those is computed by the component that owns it.
package msg

import (
	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Transfer asks the memory for a walk. The memory sends the same message back when it is done.
type Transfer struct {
	akita.MsgMeta
	Walk     isa.Pattern
	Write    bool
	Data     isa.Data
	Core     int         // whose DMA it is for
	Queue    int         // of the memory controllers
	Op, Tile int         // what the DMA does it for
	Arrived  unit.Cycles // at the memory, which notes it
}

// Meta is part of akita's interface.
func (m *Transfer) Meta() *akita.MsgMeta { return &m.MsgMeta }

// Fetch tells the DMA that the loads of an op may be issued, after those of earlier ops.
type Fetch struct {
	akita.MsgMeta
	Op int
}

// Meta is part of akita's interface.
func (m *Fetch) Meta() *akita.MsgMeta { return &m.MsgMeta }

// Start tells a unit that everything an op waits for is done.
type Start struct {
	akita.MsgMeta
	Op int
}

// Meta is part of akita's interface.
func (m *Start) Meta() *akita.MsgMeta { return &m.MsgMeta }

// Tile goes from the DMA to a unit when the next tile of an op lies in the scratchpad, and from the unit to the DMA when
// it has finished with a tile: then its output may be written and its space used again. Of a chained op it goes from the array
// to the vector unit in between. Tile -1 is what the op holds.
type Tile struct {
	akita.MsgMeta
	Op, Tile int
}

// Meta is part of akita's interface.
func (m *Tile) Meta() *akita.MsgMeta { return &m.MsgMeta }

// Done tells the sequencer that an op's work (from a unit) or its stores (from the DMA) are complete.
type Done struct {
	akita.MsgMeta
	Op int
}

// Meta is part of akita's interface.
func (m *Done) Meta() *akita.MsgMeta { return &m.MsgMeta }

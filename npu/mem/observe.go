package mem

import (
	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Observe makes the DMA note what it does; nil ends that.
func (d *DMA) Observe(r *activity.Recording) { d.seen = r }

// note tells how much of the scratchpad is in use. Within a cycle space is given back before it is taken, so that what is in
// use at the end of it is the most that was.
func (d *DMA) note() {
	if d.seen != nil {
		d.seen.Occupied(d.place.Core, d.Now(), d.program.Static+d.Pad.used)
	}
}

// Observe makes the memory note what it does; nil ends that.
func (m *Memory) Observe(r *activity.Recording) { m.seen = r }

// note tells of a transfer that is complete in DRAM now, and will have crossed its link at a later cycle, or now.
func (m *Memory) note(t *msg.Transfer, crossed unit.Cycles) {
	move := moveOf(t, unit.Bytes(m.dram.BurstBytes()), crossed)
	m.seen.Arrived(m.Now(), move.Bytes)
	if move.From = m.Now(); crossed > move.From {
		m.seen.Crossing(move)
	}
}

// moveOf describes a transfer that ends at a cycle.
func moveOf(t *msg.Transfer, burst unit.Bytes, end unit.Cycles) activity.Move {
	return activity.Move{Core: t.Core, Op: t.Op, Tile: t.Tile, Data: t.Data, Write: t.Write, Bytes: burstTraffic(t.Walk, burst),
		From: t.Arrived, To: end}
}

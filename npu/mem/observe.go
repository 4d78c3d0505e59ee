package mem

import (
	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Observe makes the DMA record what it does; nil stops that.
func (d *DMA) Observe(r *activity.Recording) { d.recording = r }

// note records how much of the scratchpad is in use. Within a cycle space is given back before it is taken, so that the
// use at the end of a cycle is its maximum.
func (d *DMA) note() {
	if d.recording != nil {
		d.recording.Occupied(d.place.Core, d.Now(), d.program.Static+d.Pad.used)
	}
}

// Observe makes the memory record what it does; nil stops that.
func (m *Memory) Observe(r *activity.Recording) { m.recording = r }

// note records a transfer that is complete in DRAM now and will have crossed its link at a cycle, now at the earliest.
func (m *Memory) note(t *msg.Transfer, crossed unit.Cycles) {
	move := moveOf(t, unit.Bytes(m.dram.BurstBytes()), crossed)
	m.recording.Arrived(m.Now(), move.Bytes)
	if move.From = m.Now(); crossed > move.From {
		m.recording.Crossing(move)
	}
}

// moveOf returns the record of a transfer that ends at a cycle.
func moveOf(t *msg.Transfer, burst unit.Bytes, end unit.Cycles) activity.Move {
	return activity.Move{Core: t.Core, Op: t.Op, Tile: t.Tile, Data: t.Data, Write: t.Write,
		Bytes: burstTraffic(t.Walk, burst), From: t.Arrived, To: end}
}

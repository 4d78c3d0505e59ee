// Package stats counts what each part of the machine did, in integers. Seconds, ratios and joules are computed from
// counts afterwards, elsewhere.
package stats

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Counts is everything that one step, or a sum of steps, did.
type Counts struct {
	Cycles unit.Cycles // NPU clock, wall to wall

	ArrayBusy    unit.Cycles
	ArraySwitch  unit.Cycles // part of ArrayBusy spent on changes of precision
	VectorBusy   unit.Cycles
	LaunchBusy   unit.Cycles // sequencer decoding and issuing ops
	MemoryBusy   unit.Cycles // at least one transfer in flight
	SpaceStall   unit.Cycles // DMA had work and waited for scratchpad space
	MACs         int64
	PECycles     int64 // processing-element cycles that did MACs; ≤ rows·cols·Cycles
	VectorOps    int64
	Ops          int64
	Tiles        int64
	Transfers    int64
	Switches     int64
	ScratchRead  unit.Bytes
	ScratchWrite unit.Bytes
	ScratchPeak  unit.Bytes // a maximum, not a sum

	Traffic [isa.DataCount]unit.Bytes // DRAM bytes moved, whole bursts
	ByKind  [isa.KindCount]unit.Cycles
	DRAM    DRAM
	DRAMBy  [isa.DataCount]Requester // what each class of data met there; zero in an ideal memory
}

// DRAMBytes is the traffic of all classes.
func (c *Counts) DRAMBytes() unit.Bytes {
	var n unit.Bytes
	for _, b := range c.Traffic {
		n += b
	}
	return n
}

// Add adds o to c.
func (c *Counts) Add(o *Counts) {
	c.Cycles += o.Cycles
	c.ArrayBusy += o.ArrayBusy
	c.ArraySwitch += o.ArraySwitch
	c.VectorBusy += o.VectorBusy
	c.LaunchBusy += o.LaunchBusy
	c.MemoryBusy += o.MemoryBusy
	c.SpaceStall += o.SpaceStall
	c.MACs += o.MACs
	c.PECycles += o.PECycles
	c.VectorOps += o.VectorOps
	c.Ops += o.Ops
	c.Tiles += o.Tiles
	c.Transfers += o.Transfers
	c.Switches += o.Switches
	c.ScratchRead += o.ScratchRead
	c.ScratchWrite += o.ScratchWrite
	c.ScratchPeak = max(c.ScratchPeak, o.ScratchPeak)
	for i := range c.Traffic {
		c.Traffic[i] += o.Traffic[i]
	}
	for i := range c.ByKind {
		c.ByKind[i] += o.ByKind[i]
	}
	c.DRAM.Add(&o.DRAM)
	for i := range c.DRAMBy {
		c.DRAMBy[i].Add(&o.DRAMBy[i])
	}
}

// Check proves the conservation laws that hold for any step: no part is busy longer than the step, the cycles by kind
// add up, and every column command is a hit, a miss or a conflict.
func (c *Counts) Check() error {
	var sum unit.Cycles
	for _, n := range c.ByKind {
		sum += n
	}
	switch {
	case sum != c.Cycles:
		return fmt.Errorf("stats: cycles by kind add up to %d, the step took %d", sum, c.Cycles)
	case c.ArrayBusy > c.Cycles || c.VectorBusy > c.Cycles || c.LaunchBusy > c.Cycles || c.MemoryBusy > c.Cycles:
		return fmt.Errorf("stats: a unit was busy longer than the step of %d cycles (array %d, vector %d, launch %d, memory %d)",
			c.Cycles, c.ArrayBusy, c.VectorBusy, c.LaunchBusy, c.MemoryBusy)
	case c.DRAM.RowHits+c.DRAM.RowMisses+c.DRAM.RowConflicts != c.DRAM.Reads+c.DRAM.Writes:
		return fmt.Errorf("stats: %d row hits, %d misses and %d conflicts for %d column commands",
			c.DRAM.RowHits, c.DRAM.RowMisses, c.DRAM.RowConflicts, c.DRAM.Reads+c.DRAM.Writes)
	}
	var by Requester
	for i := range c.DRAMBy {
		by.Add(&c.DRAMBy[i])
	}
	if by != (Requester{}) && (by.Reads != c.DRAM.Reads || by.Writes != c.DRAM.Writes || by.RowHits != c.DRAM.RowHits) {
		return fmt.Errorf("stats: classes of data have %d reads, %d writes, %d row hits; the channels %d, %d, %d",
			by.Reads, by.Writes, by.RowHits, c.DRAM.Reads, c.DRAM.Writes, c.DRAM.RowHits)
	}
	return nil
}

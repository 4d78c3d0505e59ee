// Package stats counts what each part of the machine did, in integers. Seconds, ratios and joules are computed from
// counts afterwards, elsewhere.
package stats

import (
	"fmt"
	"math/bits"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// DRAM counts the commands of all channels, and where the column commands found their rows.
type DRAM struct {
	Clocks       int64 // DRAM clocks simulated, of one channel
	Activates    int64
	Precharges   int64 // single-bank
	PrechargeAll int64
	Reads        int64
	Writes       int64
	Refreshes    int64
	Syncs        int64 // WCK synchronisations (LPDDR5)
	RowHits      int64 // column commands whose row was already open for an earlier request
	RowMisses    int64 // ... whose bank was closed
	RowConflicts int64 // ... whose bank held another row
	Turnarounds  int64 // changes of direction of the data bus
}

// Requester is what one requester's bursts met in DRAM.
type Requester struct {
	Reads        int64
	Writes       int64
	RowHits      int64
	RowMisses    int64
	RowConflicts int64
	Wait         int64                 // clocks from acceptance by the controller to the last datum, summed over reads
	Latency      [LatencyBuckets]int64 // reads by that time: LatencyBucket
}

// Scale multiplies r.
func (r *Requester) Scale(n int64) {
	for _, v := range []*int64{&r.Reads, &r.Writes, &r.RowHits, &r.RowMisses, &r.RowConflicts, &r.Wait} {
		*v *= n
	}
	for i := range r.Latency {
		r.Latency[i] *= n
	}
}

// Scale multiplies d, apart from its clocks: so many channels did the same.
func (d *DRAM) Scale(n int64) {
	for _, v := range []*int64{&d.Activates, &d.Precharges, &d.PrechargeAll, &d.Reads, &d.Writes, &d.Refreshes, &d.Syncs,
		&d.RowHits, &d.RowMisses, &d.RowConflicts, &d.Turnarounds} {
		*v *= n
	}
}

// LatencyBuckets is how many classes of read latency there are: less than 32 clocks, less than 64, and so on; the last
// one has no upper bound.
const LatencyBuckets = 9

// LatencyBucket is the class of a read that took so many clocks.
func LatencyBucket(clocks int64) int { return min(bits.Len64(uint64(clocks)>>5), LatencyBuckets-1) }

// Add adds o to r.
func (r *Requester) Add(o *Requester) {
	r.Reads += o.Reads
	r.Writes += o.Writes
	r.RowHits += o.RowHits
	r.RowMisses += o.RowMisses
	r.RowConflicts += o.RowConflicts
	r.Wait += o.Wait
	for i := range r.Latency {
		r.Latency[i] += o.Latency[i]
	}
}

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
}

// Add adds o to d.
func (d *DRAM) Add(o *DRAM) {
	d.Clocks += o.Clocks
	d.Activates += o.Activates
	d.Precharges += o.Precharges
	d.PrechargeAll += o.PrechargeAll
	d.Reads += o.Reads
	d.Writes += o.Writes
	d.Refreshes += o.Refreshes
	d.Syncs += o.Syncs
	d.RowHits += o.RowHits
	d.RowMisses += o.RowMisses
	d.RowConflicts += o.RowConflicts
	d.Turnarounds += o.Turnarounds
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
	return nil
}

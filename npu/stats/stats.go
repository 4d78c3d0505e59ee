// Package stats holds the counts of what each part of the machine did: integers, which add up over steps. Package
// energy and sim/result compute joules, seconds and ratios from them.
//
// Left out: everything that is not a sum or a maximum over a step, such as when something happened (npu/activity).
//
// To add a count: a field, its line in Add (and Scale, if channels of a group share it), and the component that counts
// it. A test fails if Add or Scale leaves a field out.
package stats

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// MaxBits is the width of the widest weights.
const MaxBits = 16

// Counts are the counts of one step, or of a sum of steps.
type Counts struct {
	Cycles unit.Cycles // NPU clock, wall to wall

	// Sums over the cores, of units that every core has one of.
	ArrayBusy    unit.Cycles
	ArrayUnpack  unit.Cycles // part of ArrayBusy in which unpacking holds tiles up (config.Unpack)
	ArraySwitch  unit.Cycles // part of ArrayBusy spent on changes of precision
	VectorBusy   unit.Cycles
	LaunchBusy   unit.Cycles // sequencer decoding and issuing ops
	DispatchBusy unit.Cycles // the runtime dispatches: of the step, not of a core
	HostBusy     unit.Cycles // the host works behind a decode pass: of the step
	MemoryBusy   unit.Cycles // at least one transfer in flight
	SpaceStall   unit.Cycles // DMA had loads to issue and waited for scratchpad space
	MACs         int64
	MACsByBits   [MaxBits + 1]int64 // by the width of the weight or cached value
	PECycles     int64              // processing-element cycles that did MACs; ≤ rows·cols·Cycles·cores
	Lookups      int64              // codes that went through a codebook (dequantising arrays)
	Scalings     int64              // multiplications by a scale, each with an addition
	TableEntries int64              // entries computed of tables of activation sums (lut)
	VectorOps    int64
	Ops          int64
	Dispatches   int64 // pieces that the runtime dispatched, at whatever cost; 0: class ideal
	Tiles        int64
	Transfers    int64
	Switches     int64
	Exchanged    unit.Bytes  // over the network from core to core
	NetworkBusy  unit.Cycles // its links move data, sum over them; 0: they are not limited
	NetworkWait  unit.Cycles // transfers waited for a link after their last datum had left DRAM
	ScratchRead  unit.Bytes
	ScratchWrite unit.Bytes
	ScratchPeak  unit.Bytes // a maximum, not a sum

	Traffic [isa.DataCount]unit.Bytes // DRAM bytes moved, whole bursts
	ByKind  [isa.KindCount]unit.Cycles
	DRAM    DRAM
	DRAMBy  [isa.DataCount]Requester // what each class of data met there; zero in an ideal memory

	Agents Requester // what other agents of the chip met there: no part of Traffic

	Operators [isa.MaxOperators]Operator // by Op.Operator
}

// Operator are the counts of all ops of one operator, in all layers.
type Operator struct {
	Cycles     unit.Cycles // of the step that are charged to its ops (npu.Sequencer)
	Runtime    unit.Cycles // part of Cycles that the runtime or the host took
	ArrayBusy  unit.Cycles
	VectorBusy unit.Cycles
	MACs       int64
	PECycles   int64
	Bytes      unit.Bytes // DRAM traffic
	Exchanged  unit.Bytes // from core to core

	ArrayUnpack unit.Cycles // part of ArrayBusy
}

// Add adds o to p.
func (p *Operator) Add(o *Operator) {
	p.Cycles += o.Cycles
	p.Runtime += o.Runtime
	p.ArrayBusy += o.ArrayBusy
	p.VectorBusy += o.VectorBusy
	p.MACs += o.MACs
	p.PECycles += o.PECycles
	p.Bytes += o.Bytes
	p.Exchanged += o.Exchanged
	p.ArrayUnpack += o.ArrayUnpack
}

// DRAMBytes returns the traffic of all classes.
func (c *Counts) DRAMBytes() unit.Bytes {
	var n unit.Bytes
	for _, b := range c.Traffic {
		n += b
	}
	return n
}

// DRAMWritten returns the traffic of the classes that write.
func (c *Counts) DRAMWritten() unit.Bytes { return c.Traffic[isa.KVWrite] + c.Traffic[isa.ActWrite] }

// Add adds o to c.
func (c *Counts) Add(o *Counts) {
	c.Cycles += o.Cycles
	c.ArrayBusy += o.ArrayBusy
	c.ArrayUnpack += o.ArrayUnpack
	c.ArraySwitch += o.ArraySwitch
	c.VectorBusy += o.VectorBusy
	c.LaunchBusy += o.LaunchBusy
	c.DispatchBusy += o.DispatchBusy
	c.HostBusy += o.HostBusy
	c.MemoryBusy += o.MemoryBusy
	c.SpaceStall += o.SpaceStall
	c.MACs += o.MACs
	for i := range c.MACsByBits {
		c.MACsByBits[i] += o.MACsByBits[i]
	}
	c.PECycles += o.PECycles
	c.Lookups += o.Lookups
	c.Scalings += o.Scalings
	c.TableEntries += o.TableEntries
	c.VectorOps += o.VectorOps
	c.Ops += o.Ops
	c.Dispatches += o.Dispatches
	c.Tiles += o.Tiles
	c.Transfers += o.Transfers
	c.Switches += o.Switches
	c.Exchanged += o.Exchanged
	c.NetworkBusy += o.NetworkBusy
	c.NetworkWait += o.NetworkWait
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
	c.Agents.Add(&o.Agents)
	for i := range c.Operators {
		c.Operators[i].Add(&o.Operators[i])
	}
}

// Check returns an error if the counts of a step on that many cores break a conservation law: no part is busy longer
// than the step, the cycles and bytes by kind and by operator add up, and every column command is a hit, a miss or a
// conflict.
func (c *Counts) Check(cores int) error {
	var sum unit.Cycles
	var of Operator
	for i := range c.Operators {
		of.Add(&c.Operators[i])
	}
	all := c.Cycles * unit.Cycles(cores)
	for _, n := range c.ByKind {
		sum += n
	}
	switch {
	case sum != c.Cycles:
		return fmt.Errorf("stats: cycles by kind add up to %d, the step took %d", sum, c.Cycles)
	case c.ArrayUnpack > c.ArrayBusy || of.ArrayUnpack != c.ArrayUnpack:
		return fmt.Errorf("stats: arrays unpack for %d of %d cycles, for operators %d", c.ArrayUnpack, c.ArrayBusy, of.ArrayUnpack)
	case of.Exchanged != c.Exchanged:
		return fmt.Errorf("stats: operators exchange %v, the step %v", of.Exchanged, c.Exchanged)
	case of.Cycles != c.Cycles || of.MACs != c.MACs || of.PECycles != c.PECycles || of.Bytes != c.DRAMBytes():
		return fmt.Errorf("stats: operators add up to %d cycles, %d MACs, %d PE cycles, %v; "+
			"the step has %d, %d, %d, %v",
			of.Cycles, of.MACs, of.PECycles, of.Bytes, c.Cycles, c.MACs, c.PECycles, c.DRAMBytes())
	case c.macs() != c.MACs:
		return fmt.Errorf("stats: MACs by width add up to %d, the step has %d", c.macs(), c.MACs)
	case c.ByKind[isa.Dispatch] != c.DispatchBusy || c.ByKind[isa.Host] != c.HostBusy:
		return fmt.Errorf("stats: %d cycles of dispatch and %d of the host are charged, the runtime took %d and %d",
			c.ByKind[isa.Dispatch], c.ByKind[isa.Host], c.DispatchBusy, c.HostBusy)
	case c.ArrayBusy > all || c.VectorBusy > all || c.LaunchBusy > all || c.NetworkBusy > all || c.MemoryBusy > c.Cycles:
		return fmt.Errorf("stats: a unit was busy longer than the step of %d cycles "+
			"(array %d, vector %d, launch %d, network %d, memory %d)",
			c.Cycles, c.ArrayBusy, c.VectorBusy, c.LaunchBusy, c.NetworkBusy, c.MemoryBusy)
	case c.DRAM.RowHits+c.DRAM.RowMisses+c.DRAM.RowConflicts != c.DRAM.Reads+c.DRAM.Writes:
		return fmt.Errorf("stats: %d row hits, %d misses and %d conflicts for %d column commands",
			c.DRAM.RowHits, c.DRAM.RowMisses, c.DRAM.RowConflicts, c.DRAM.Reads+c.DRAM.Writes)
	}
	var by Requester
	for i := range c.DRAMBy {
		by.Add(&c.DRAMBy[i])
	}
	by.Add(&c.Agents)
	if by != (Requester{}) && (by.Reads != c.DRAM.Reads || by.Writes != c.DRAM.Writes || by.RowHits != c.DRAM.RowHits) {
		return fmt.Errorf("stats: classes of data and other agents have %d reads, %d writes, %d row hits; the channels %d, %d, %d",
			by.Reads, by.Writes, by.RowHits, c.DRAM.Reads, c.DRAM.Writes, c.DRAM.RowHits)
	}
	return nil
}

// macs returns the sum of the MACs by width.
func (c *Counts) macs() (sum int64) {
	for _, n := range c.MACsByBits {
		sum += n
	}
	return sum
}

package mem

import (
	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// idealBurst is the granularity of an ideal memory: one byte, so that nothing is rounded.
const idealBurst = 1

// Ideal is a memory that is nothing but a bandwidth: no latency, no banks, no refresh. Its clock is the NPU's. The
// reproduction of the paper's figure uses it, as do tests, whose cycles can then be calculated by hand.
type Ideal struct {
	clock     unit.Hertz
	bandwidth unit.BytesPerSecond

	// The bus was last idle before clock start and has moved total bytes since. Completions are calculated from these
	// two, so that no rounding accumulates.
	start, total int64
	free         int64 // clock at which everything has been moved
	done         []dram.Done
	counts       stats.DRAM
}

var _ dram.Memory = (*Ideal)(nil)

// NewIdeal returns an ideal memory.
func NewIdeal(clock unit.Hertz, bandwidth unit.BytesPerSecond) *Ideal {
	return &Ideal{clock: clock, bandwidth: bandwidth}
}

// Submit queues t's bytes behind those of all earlier transfers.
func (i *Ideal) Submit(t dram.Transfer) {
	i.done = i.done[:0]
	if t.Release > i.free || i.total == 0 {
		i.start, i.total = max(t.Release, i.free), 0
	}
	i.total += int64(t.Walk.Bytes())
	i.free = i.start + cyclesFor(unit.Bytes(i.total), i.clock, i.bandwidth)
	i.done = append(i.done, dram.Done{ID: t.ID, Clock: i.free})
	if t.Write {
		i.counts.Writes += int64(t.Walk.Bytes())
	} else {
		i.counts.Reads += int64(t.Walk.Bytes())
	}
	i.counts.RowHits += int64(t.Walk.Bytes())
}

// TakeDone returns the completion of the last transfer.
func (i *Ideal) TakeDone() []dram.Done {
	d := i.done
	i.done = nil
	return d
}

// Accepted returns the clock at which everything has been moved.
func (i *Ideal) Accepted() int64 { return i.free }

// Settle has nothing to add: every completion is certain at once.
func (i *Ideal) Settle() []dram.Done { return nil }

// Next has nothing to add either.
func (i *Ideal) Next() []dram.Done { return nil }

// Finish sets the clock.
func (i *Ideal) Finish(clock int64) { i.counts.Clocks = clock }

// Counts returns bytes in place of commands: a burst is one byte and hits an open row.
func (i *Ideal) Counts() stats.DRAM { return i.counts }

// Classes returns nothing: there are no rows to hit or miss.
func (i *Ideal) Classes() []stats.Requester { return nil }

// BurstBytes returns the granularity of a transfer.
func (i *Ideal) BurstBytes() int64 { return idealBurst }

// Reset returns to clock 0.
func (i *Ideal) Reset() { *i = Ideal{clock: i.clock, bandwidth: i.bandwidth} }

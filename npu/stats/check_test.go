package stats

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// step returns the counts of a step of 100 cycles on two cores that keeps every law, with nothing to spare.
func step() Counts {
	c := Counts{Cycles: 100, ArrayBusy: 200, VectorBusy: 200, LaunchBusy: 200, NetworkBusy: 200, MemoryBusy: 100, MACs: 50, PECycles: 40, Exchanged: 8}
	c.ByKind[isa.Linear], c.ByKind[isa.Norm] = 70, 30
	c.Traffic[isa.Weights], c.Traffic[isa.KVWrite] = 640, 64
	c.DRAM = DRAM{Reads: 20, Writes: 2, RowHits: 15, RowMisses: 4, RowConflicts: 3}
	c.DRAMBy[isa.Weights] = Requester{Reads: 20, RowHits: 14, RowMisses: 3, RowConflicts: 3}
	c.DRAMBy[isa.KVWrite] = Requester{Writes: 2, RowHits: 1, RowMisses: 1}
	c.Operators[0] = Operator{Cycles: 70, MACs: 50, PECycles: 40, Bytes: 640}
	c.Operators[1] = Operator{Cycles: 30, Bytes: 64, Exchanged: 8}
	c.MACsByBits[4], c.MACsByBits[16] = 20, 30
	return c
}

func TestCheckFindsEveryBrokenLaw(t *testing.T) {
	for _, c := range []struct {
		what, want string
		breaks     func(*Counts)
	}{
		{"all laws kept", "", func(*Counts) {}},
		{"an ideal memory counts no classes", "", func(c *Counts) { c.DRAMBy = [isa.DataCount]Requester{} }},
		{"a cycle of no kind", "by kind add up to 99, the step took 100", func(c *Counts) { c.ByKind[isa.Norm]-- }},
		{"a cycle of no operator", "operators add up to 99 cycles", func(c *Counts) { c.Operators[0].Cycles-- }},
		{"a MAC of no operator", "51 MACs", func(c *Counts) { c.Operators[0].MACs++ }},
		{"a MAC of no width", "MACs by width add up to 49, the step has 50", func(c *Counts) { c.MACsByBits[4]-- }},
		{"a PE cycle of no operator", "41 PE cycles", func(c *Counts) { c.Operators[0].PECycles++ }},
		{"a byte of no operator", "705B", func(c *Counts) { c.Operators[1].Bytes++ }},
		{"arrays busy for longer than the step", "array 201", func(c *Counts) { c.ArrayBusy++ }},
		{"vector units busy for longer than the step", "vector 201", func(c *Counts) { c.VectorBusy++ }},
		{"sequencers busy for longer than the step", "launch 201", func(c *Counts) { c.LaunchBusy++ }},
		{"a dispatch that is not charged", "0 cycles of dispatch and 0 of the host are charged, the runtime took 1 and 0",
			func(c *Counts) { c.DispatchBusy++ }},
		{"a host's time that is not charged", "the runtime took 0 and 1", func(c *Counts) { c.HostBusy++ }},
		{"links busy for longer than the step", "network 201", func(c *Counts) { c.NetworkBusy++ }},
		{"an exchange of no operator", "operators exchange 8B, the step 9B", func(c *Counts) { c.Exchanged++ }},
		{"more unpacking than work", "arrays unpack for 201 of 200 cycles", func(c *Counts) { c.ArrayUnpack = 201 }},
		{"unpacking of no operator", "for operators 0", func(c *Counts) { c.ArrayUnpack++ }},
		{"a memory busy for longer than the step", "memory 101", func(c *Counts) { c.MemoryBusy++ }},
		{"a read that is no hit, miss or conflict", "for 23 column commands", func(c *Counts) { c.DRAM.Reads++ }},
		{"a conflict without a column command", "4 conflicts", func(c *Counts) { c.DRAM.RowConflicts++ }},
		{"a read of no class", "classes of data and other agents have 19 reads", func(c *Counts) { c.DRAMBy[isa.Weights].Reads-- }},
		{"a write of no class", "3 writes", func(c *Counts) { c.DRAMBy[isa.KVWrite].Writes++ }},
		{"a hit of no class", "14 row hits", func(c *Counts) { c.DRAMBy[isa.KVWrite].RowHits-- }},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := step()
			c.breaks(&s)
			err := s.Check(2)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	if s := step(); s.Check(1) == nil {
		t.Error("one core does the work of two unnoticed")
	}
}

func TestDRAMBytesAreOfAllClasses(t *testing.T) {
	s := step()
	if got, want := s.DRAMBytes(), unit.Bytes(640+64); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLatencyBuckets(t *testing.T) {
	for _, c := range []struct {
		clocks int64
		want   int
	}{{0, 0}, {31, 0}, {32, 1}, {63, 1}, {64, 2}, {127, 2}, {4095, 7}, {4096, 8}, {8191, 8}, {8192, 8}, {1 << 40, 8}} {
		if got := LatencyBucket(c.clocks); got != c.want {
			t.Errorf("%d clocks are in bucket %d, want %d", c.clocks, got, c.want)
		}
	}
}

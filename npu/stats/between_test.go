package stats

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// lawful draws counts that keep every law, of a machine with bursts of 32 bytes.
func lawful(t *rapid.T, name string, even bool) *Counts {
	few := rapid.Int64Range(0, 40)
	c := &Counts{}
	draw := func(what string) int64 { return few.Draw(t, name+" "+what) }
	for i := range 3 { // operators, kinds, classes
		r := &c.DRAMBy[i]
		r.RowHits, r.RowMisses, r.RowConflicts = draw("hits"), draw("misses"), draw("conflicts")
		all := r.RowHits + r.RowMisses + r.RowConflicts
		r.Reads = rapid.Int64Range(0, all).Draw(t, name+" reads")
		r.Writes = all - r.Reads
		if even { // bytes are multiples of two bursts
			r.RowHits += all % 2
			r.Reads, all = r.Reads+all%2, all+all%2
		}
		r.Latency[0] = rapid.Int64Range(0, r.Reads).Draw(t, name+" latency")
		r.Latency[3] = r.Reads - r.Latency[0]
		c.Traffic[i] = unit.Bytes(32 * all)
		c.DRAM.Reads, c.DRAM.Writes = c.DRAM.Reads+r.Reads, c.DRAM.Writes+r.Writes
		c.DRAM.RowHits, c.DRAM.RowMisses, c.DRAM.RowConflicts = c.DRAM.RowHits+r.RowHits, c.DRAM.RowMisses+r.RowMisses, c.DRAM.RowConflicts+r.RowConflicts
		o := &c.Operators[i]
		o.Cycles, o.MACs, o.PECycles, o.Exchanged = unit.Cycles(draw("cycles")), draw("MACs"), draw("PEs"), unit.Bytes(draw("exchanged"))
		o.ArrayBusy = o.Cycles
		o.ArrayUnpack = min(o.ArrayBusy, unit.Cycles(draw("unpack")))
		c.Cycles, c.MACs, c.PECycles, c.Exchanged = c.Cycles+o.Cycles, c.MACs+o.MACs, c.PECycles+o.PECycles, c.Exchanged+o.Exchanged
		c.ArrayBusy, c.ArrayUnpack = c.ArrayBusy+o.ArrayBusy, c.ArrayUnpack+o.ArrayUnpack
	}
	bytes := c.DRAMBytes()
	c.Operators[0].Bytes = 64 * unit.Bytes(rapid.Int64Range(0, int64(bytes)/64).Draw(t, name+" bytes"))
	c.Operators[2].Bytes = bytes - c.Operators[0].Bytes
	c.MACsByBits[4] = rapid.Int64Range(0, c.MACs).Draw(t, name+" MACs at 4 bits")
	c.MACsByBits[16] = c.MACs - c.MACsByBits[4]
	c.ByKind[isa.Dispatch] = unit.Cycles(rapid.Int64Range(0, int64(c.Cycles)).Draw(t, name+" dispatch"))
	c.ByKind[isa.Linear] = c.Cycles - c.ByKind[isa.Dispatch]
	c.DispatchBusy, c.MemoryBusy, c.VectorBusy = c.ByKind[isa.Dispatch], c.Cycles, 2*c.Cycles
	return c
}

// Between is near the line, keeps every law, and is a and b at its ends.
func TestBetweenKeepsEveryLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		even := rapid.Bool().Draw(t, "even")
		a, b := lawful(t, "a", even), lawful(t, "b", even)
		if err := a.Check(2); err != nil {
			t.Fatal(err)
		}
		den := rapid.Int64Range(1, 30).Draw(t, "den")
		num := rapid.Int64Range(0, den).Draw(t, "num")
		c := Between(a, b, num, den)
		if err := c.Check(2); err != nil {
			t.Fatal(err)
		}
		for i := range c.DRAMBy {
			r := &c.DRAMBy[i]
			all, late := r.Reads+r.Writes, int64(0)
			for _, n := range r.Latency {
				late += n
			}
			if int64(c.Traffic[i]) != 32*all || r.RowHits+r.RowMisses+r.RowConflicts != all || late != r.Reads {
				t.Fatalf("class %d: %d bytes, %+v", i, c.Traffic[i], *r)
			}
		}
		if Between(a, b, 0, den) != *a || Between(a, b, den, den) != *b {
			t.Fatal("an end is not itself")
		}
		near(t, a, b, &c, num, den)
	})
}

// near fails unless each number is on the line, rounded: bytes to bursts, and what sums of classes are by the classes.
func near(t *rapid.T, a, b, c *Counts, num, den int64) {
	from, to, got := a.numbers(), b.numbers(), c.numbers()
	for i := range got {
		off := *got[i]*den - (*from[i]*(den-num) + *to[i]*num)
		if most := 32 * 2 * den; off <= -most || off >= most {
			t.Fatalf("number %d: %d between %d and %d, at %d of %d", i, *got[i], *from[i], *to[i], num, den)
		}
	}
}

func TestBetweenTakesEveryField(t *testing.T) {
	var c Counts
	paths, _ := numbers(t, &c)
	seen := map[*int64]bool{}
	for _, p := range c.numbers() {
		seen[p] = true
	}
	if len(seen) != len(paths) {
		t.Errorf("%d numbers are between two, there are %d", len(seen), len(paths))
	}
}

func TestBetweenDoesNotOverflow(t *testing.T) {
	const most = 1 << 62
	for _, l := range []line{{1, 3}, {1<<17 - 1, 1 << 17}} {
		up, down := l.at(5, most), l.at(most, 5)
		if up < 5 || up > most || down < 5 || down > most || l.rest(5, most) >= l.den {
			t.Errorf("%v: %d, %d", l, up, down)
		}
	}
}

package mem

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestAnIdealMemoryIsABandwidth(t *testing.T) {
	m := NewIdeal(1e9, 3e9) // three bytes a cycle
	for i, c := range []struct {
		what    string
		release int64
		size    unit.Bytes
		want    int64
	}{
		{"alone", 10, 9, 10 + 9/3},
		{"behind the one before, with a rest of a byte", 11, 1, 10 + (9+1+2)/3},
		{"whose cycle the next one shares: no rounding adds up", 11, 2, 10 + (9+1+2)/3},
		{"just as the bus gets free", 14, 3, 10 + (9+1+2+3)/3},
		{"when it has been idle", 100, 1, 100 + 1},
	} {
		t.Run(c.what, func(t *testing.T) {
			m.Submit(dram.Transfer{ID: int64(i), Walk: isa.Contiguous(0, c.size), Release: c.release, Write: i == 4})
			done := m.TakeDone()
			if len(done) != 1 || done[0] != (dram.Done{ID: int64(i), Clock: c.want}) || m.Accepted() != c.want {
				t.Errorf("done %+v, accepted at %d; want %d", done, m.Accepted(), c.want)
			}
			if len(m.TakeDone())+len(m.Next())+len(m.Settle()) != 0 {
				t.Error("a completion is reported twice")
			}
		})
	}
	m.Finish(200)
	want := stats.DRAM{Clocks: 200, Reads: 9 + 1 + 2 + 3, Writes: 1, RowHits: 9 + 1 + 2 + 3 + 1}
	if got := m.Counts(); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
	m.Reset()
	if m.Counts() != (stats.DRAM{}) || m.Accepted() != 0 || m.clock != 1e9 || m.bandwidth != 3e9 {
		t.Errorf("after a reset: %+v", m)
	}
}

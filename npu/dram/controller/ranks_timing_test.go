package controller

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// TestRanksHandTheDataBusOver: a column command of another rank is legal after the sum of JEDEC's parameters, and not
// one clock before.
func TestRanksHandTheDataBusOver(t *testing.T) {
	for _, std := range []*spec.Standard{spec.MustLookup("lpddr5-6400"), spec.MustLookup("ddr4-3200"), spec.MustLookup("lpddr4x-4266")} {
		std.Ranks = 2
		tm := &std.Timing
		written := tm.TCWL + tm.TBL
		for _, g := range []struct {
			name  string
			write uint8
			next  Command
			want  int64
		}{
			{"RD to RD: tBL + tCS", 0, cmdRD, tm.TBL + tm.TCS},
			{"RD to WR: tCL + tDQSCK + tBL + tCS - tCWL", 0, cmdWR, tm.TCL + tm.TDQSCK + tm.TBL + tm.TCS - tm.TCWL},
			{"WR to WR: tBL + tCS", 1, cmdWR, tm.TBL + tm.TCS},
			{"WR to RD: tCWL + tBL + tCS - tCL", 1, cmdRD, max(written+tm.TCS-tm.TCL, 0)},
		} {
			const now = 1000
			c := newSingleBus(std, Options{Refresh: spec.NoRefresh})
			c.Clock = now
			l := readList
			if g.write == 1 {
				l = writeList
			}
			c.list(l).push(request{write: g.write})
			c.moveData(l, 0)
			other := request{bank: uint8(std.Groups * std.Banks), group: uint8(std.Groups)}
			if at := c.readyAt(g.next, &other); at != now+g.want && !(g.want == 0 && at <= now) {
				t.Errorf("%s, %s: legal after %d clocks, want %d", std.Name, g.name, at-now, g.want)
			}
		}
	}
}

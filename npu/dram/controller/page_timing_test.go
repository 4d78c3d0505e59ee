package controller

import (
	"fmt"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// autoPrechargeGates are those of column commands that close their row. The bank precharges itself as soon as a PRE could
// come, so that what follows waits as it would for that PRE.
func autoPrechargeGates(s *spec.Standard, refresh spec.Refresh) []gate {
	column, pre, act := s.Commands.Column, s.Commands.Precharge, s.Commands.Activate
	if s.Family == spec.HBM {
		column, pre, act = s.HBM.Column, 1, s.HBM.Activate
	}
	toAct, toREF := fmt.Sprintf("%d - %d", column, act), fmt.Sprintf("%d - %d", column, pre)
	list := []gate{
		{from: cmdRDA, to: cmdACT, scope: inBank, sum: "TRTP + TRP + " + toAct},
		{from: cmdWRA, to: cmdACT, scope: inBank, sum: "TCWL + TBL + TWR + TRP + " + toAct},
		{from: cmdWR, to: cmdRDA, scope: inBank, sum: "TCWL + TBL + TWR - TRTP"},
	}
	scope := inRank
	if refresh.ByBank() {
		scope = inBank
	}
	return append(list,
		gate{from: cmdRDA, to: cmdREF, scope: scope, sum: "TRTP + TRP + " + toREF},
		gate{from: cmdWRA, to: cmdREF, scope: scope, sum: "TCWL + TBL + TWR + TRP + " + toREF})
}

// pageLessons keep a row open for longer than tRAS, until its last reader closes it.
func pageLessons(s *spec.Standard, page spec.Page) []lesson {
	if page == spec.OpenPage {
		return nil
	}
	l := lesson{same: make([]int, 24), fresh: []int{0}, after: true, burst: 25} // the fresh row is the adaptive policy's conflict
	var list []lesson
	for i := range int64(4) {
		l.pace = 24*s.Timing.TCCDL + 2*s.Timing.TRC + i*s.Timing.TRC/2
		list = append(list, l)
	}
	return list
}

// readsBehindAWrite lets the last reader of a row come at any clock after a write to it. Another reader, too early to close
// the row, keeps it open until then; or a request to another bank, in its way at any moment, keeps the only one waiting.
// (The adaptive policy closes the row for a request for another row.)
func readsBehindAWrite(t *testing.T, s *spec.Standard, o Options) (traces [][]issue) {
	t.Helper()
	recovered := clocks(s, "TRCD + TCWL + TBL + TWR")
	run := func(offers map[int64][]spec.Place) {
		b := newBenchOf(t, s, o)
		for clock := range recovered + 2*s.Timing.TRC {
			for _, p := range offers[clock] {
				b.offer(p, clock == 0 && p == spec.Place{}, 0)
			}
			b.tick()
		}
		traces = append(traces, b.trace)
	}
	readers := []spec.Place{{}}
	if o.Page == spec.AdaptivePage {
		readers = append(readers, spec.Place{Row: 1})
	}
	other := spec.Place{Bank: uint8(s.Banks * (s.Groups - 1)), Group: uint8(s.Groups - 1)}
	if s.Groups == 1 {
		other = spec.Place{Bank: 1}
	}
	for at := int64(2); at < recovered+24; at++ {
		run(map[int64][]spec.Place{0: {{}}, 1: {{}}, at: readers})
		run(map[int64][]spec.Place{0: {{}}, 1: readers, at: {other}})
		run(map[int64][]spec.Place{0: {{}}, at: append([]spec.Place{other, other}, readers...)})
	}
	return traces
}

// TestAutoPrechargeTimings checks the commands of the page policies that close rows by themselves against the standard.
// The gates of open pages hold, too, though most of those from and to PRE have no occasion to be tight.
func TestAutoPrechargeTimings(t *testing.T) {
	simtest.OneGoroutine(t)
	all := spec.All()
	if !testing.Short() {
		all = append(all, ofTwoRanks()...)
	}
	for _, s := range all {
		for _, refresh := range policies(s) {
			both := &observer{s: s, refresh: refresh}
			for _, page := range []spec.Page{spec.ClosedPage, spec.AdaptivePage} {
				o := observeWith(t, s, Options{Refresh: refresh, Scheduling: spec.Scheduling{Page: page}}, 80_000)
				o.traces = append(o.traces, readsBehindAWrite(t, s, Options{Refresh: refresh, Scheduling: spec.Scheduling{Page: page}})...)
				t.Run(fmt.Sprintf("%s %s %s obeys the law", s.Name, refresh, page), func(t *testing.T) { obeys(t, o) })
				for _, g := range gates(s, refresh) {
					if sum := clocks(s, g.sum); g.missing == "" && o.tightest(&g, sum) < sum {
						t.Errorf("%s %s %s: %v is broken: %d clocks", s.Name, refresh, page, &g, o.tightest(&g, sum))
					}
				}
				both.traces = append(both.traces, o.traces...)
			}
			for _, g := range autoPrechargeGates(s, refresh) {
				t.Run(fmt.Sprintf("%s %s %v", s.Name, refresh, &g), func(t *testing.T) {
					if problem := both.verdict(&g); problem != "" {
						t.Error(problem)
					}
				})
			}
		}
	}
}

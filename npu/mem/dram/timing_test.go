package dram

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
)

// scope is what two commands must share for a constraint to hold between them.
type scope uint8

const (
	rankScope scope = iota
	groupScope
	bankScope
	otherGroup // different groups
	otherBank
)

// constraint says that a to-command comes gap clocks or more after the window-th last from-command.
type constraint struct {
	name   string
	from   command
	to     command
	scope  scope
	gap    int64
	window int
}

// constraints is the timing table as the standards state it, written apart from the controller.
func constraints(s *Standard) []constraint {
	t := s.Timing
	list := []constraint{
		{"tCCD_S between reads", cmdRD, cmdRD, otherGroup, max(t.TBL, t.TCCDS), 1},
		{"tCCD_L between reads of a group", cmdRD, cmdRD, groupScope, t.TCCDL, 1},
		{"tCCD_S between writes", cmdWR, cmdWR, otherGroup, max(t.TBL, t.TCCDSW), 1},
		{"tCCD_L between writes of a group", cmdWR, cmdWR, groupScope, t.TCCDLW, 1},
		{"CL + BL + bubble - CWL from read to write", cmdRD, cmdWR, rankScope, t.TCL + t.TBL + t.TRTRS - t.TCWL, 1},
		{"CWL + BL + tWTR_S from write to read", cmdWR, cmdRD, otherGroup, t.TCWL + t.TBL + t.TWTRS, 1},
		{"CWL + BL/n_max + tWTR_L from write to read of a group", cmdWR, cmdRD, groupScope, t.TCWL + t.TBLMax + t.TWTRL, 1},
		{"tRRD_S between activates", cmdACT, cmdACT, otherGroup, t.TRRDS, 1},
		{"tRRD_L between activates of a group", cmdACT, cmdACT, groupScope, t.TRRDL, 1},
		{"tFAW over five activates", cmdACT, cmdACT, rankScope, t.TFAW, 4},
		{"tRC between activates of a bank", cmdACT, cmdACT, bankScope, t.TRC, 1},
		{"tRCD to read", cmdACT, cmdRD, bankScope, t.TRCD, 1},
		{"tRCD to write", cmdACT, cmdWR, bankScope, t.TRCD, 1},
		{"tRAS to precharge", cmdACT, cmdPRE, bankScope, t.TRAS, 1},
		{"tRTP from read to precharge", cmdRD, cmdPRE, bankScope, t.TRTP, 1},
		{"CWL + BL + tWR from write to precharge", cmdWR, cmdPRE, bankScope, t.TCWL + t.TBL + t.TWR, 1},
		{"tRP from precharge to activate", cmdPRE, cmdACT, bankScope, t.TRP, 1},
		{"tPPD between precharges", cmdPRE, cmdPRE, otherBank, t.TPPD, 1},
		{"tRPab from precharge-all to activate", cmdPREA, cmdACT, rankScope, t.TRPAB, 1},
		{"tRAS to precharge-all", cmdACT, cmdPREA, rankScope, t.TRAS, 1},
		{"tRTP from read to precharge-all", cmdRD, cmdPREA, rankScope, t.TRTP, 1},
		{"CWL + BL + tWR from write to precharge-all", cmdWR, cmdPREA, rankScope, t.TCWL + t.TBL + t.TWR, 1},
	}
	if s.Split {
		list = append(list, constraint{"one clock from ACT-1 to ACT-2", cmdACT, cmdACT2, bankScope, 1, 1})
	}
	if s.WCK {
		list = append(list, constraint{"one clock from CAS to read", cmdCAS, cmdRD, rankScope, 1, 1})
	}
	return list
}

func refreshConstraints(s *Standard, refresh Refresh) []constraint {
	t := s.Timing
	if refresh == PerBank {
		return []constraint{
			{"tRFCpb from refresh to activate of the bank", cmdREF, cmdACT, bankScope, t.TRFCPB, 1},
			{"tpbR2act from refresh to activate of another bank", cmdREF, cmdACT, otherBank, t.TPBR2AC, 1},
			{"tpbR2pbR between refreshes", cmdREF, cmdREF, rankScope, t.TPBR2PB, 1},
			{"tRP from precharge to refresh", cmdPRE, cmdREF, bankScope, t.TRP, 1},
		}
	}
	return []constraint{
		{"tRFCab from refresh to activate", cmdREF, cmdACT, rankScope, t.TRFC, 1},
		{"tRP from precharge-all to refresh", cmdPREA, cmdREF, rankScope, t.TRP, 1},
		{"tRC from activate to refresh", cmdACT, cmdREF, rankScope, t.TRC, 1},
	}
}

// hiddenGaps are the timings that whole traffic does not reach, because another one is longer or the occasion is rare;
// TestHiddenTimingsGateTheirCommands tests them one by one.
var hiddenGaps = []string{
	"tRPab from precharge-all to activate", // a REF always comes between
	"tpbR2pbR between refreshes",           // refreshes fall due further apart
	"CWL + BL + tWTR_S from write to read", // LPDDR5: WCK has stopped, and its CAS takes one clock more
	"tFAW over five activates",             // LPDDR5X: 4 tRRD is longer
	"tRTP from read to precharge-all",      // refreshes of LPDDR4X and DDR5 are few
}

type issuedCommand struct {
	cmd   command
	bank  int
	clock int64
}

func (c constraint) concerns(s *Standard, a, b issuedCommand) bool {
	group := func(x issuedCommand) int { return x.bank / s.Banks }
	switch c.scope {
	case groupScope:
		return group(a) == group(b)
	case bankScope:
		return a.bank == b.bank
	case otherGroup:
		return group(a) != group(b)
	case otherBank:
		return a.bank != b.bank
	}
	return true
}

// observe returns the least gap seen.
func (c constraint) observe(s *Standard, trace []issuedCommand) int64 {
	least, reach := int64(1)<<40, int64(c.gap)*8+4096
	for i, b := range trace {
		if b.cmd != c.to {
			continue
		}
		seen := 0
		for j := i - 1; j >= 0 && b.clock-trace[j].clock < reach; j-- {
			if a := trace[j]; a.cmd == c.from && c.concerns(s, a, b) {
				if seen++; seen == c.window {
					least = min(least, b.clock-a.clock)
					break
				}
			}
		}
	}
	return least
}

// record runs random traffic with pauses and returns every command: bursts of one direction at a time, so that queues run
// dry and fill up.
func record(s *Standard, refresh Refresh, seed int64, clocks int64) []issuedCommand {
	r := rand.New(rand.NewSource(seed))
	c := newController(s, refresh)
	var trace []issuedCommand
	c.trace = func(cmd command, bank int, clock int64) { trace = append(trace, issuedCommand{cmd, bank, clock}) }
	for c.clock < clocks {
		write, spread, rows := r.Intn(2) == 0, 1+r.Intn(s.Groups*s.Banks), 1+r.Intn(4)
		for range 1 + r.Intn(60) {
			for range r.Intn(3) {
				b := r.Intn(spread) * (s.Groups * s.Banks / spread)
				c.offer(place{row: int64(r.Intn(rows)), bank: uint8(b), group: uint8(b / s.Banks)}, write != (r.Intn(20) == 0), 0)
			}
			c.tick()
		}
		for range []int{0, 3, 40, 200}[r.Intn(4)] {
			c.tick()
		}
	}
	return trace
}

// TestEveryTimingIsKeptAndReached records the command bus under random traffic and holds it against the timing table:
// never a command at n-1, and one at n.
func TestEveryTimingIsKeptAndReached(t *testing.T) {
	const clocks = 300_000
	for _, name := range Names() {
		s, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Family == HBM {
			continue // hbm_timing_test.go
		}
		for _, refresh := range []Refresh{AllBank, PerBank} {
			if refresh == PerBank && s.Timing.TRFCPB == 0 {
				continue
			}
			s.Timing.TREFI, s.Timing.TREFIPB = min(s.Timing.TREFI, 5*s.Timing.TRFC), min(s.Timing.TREFIPB, 3*s.Timing.TRFCPB) // more refreshes
			trace := record(s, refresh, 1, clocks)
			for _, c := range append(constraints(s), refreshConstraints(s, refresh)...) {
				if refresh == PerBank && (c.from == cmdPREA || c.to == cmdPREA) || s.Groups == 1 && c.scope == otherGroup {
					continue
				}
				t.Run(fmt.Sprintf("%s %d keeps and reaches %s", name, refresh, c.name), func(t *testing.T) {
					got := c.observe(s, trace)
					if got < c.gap {
						t.Errorf("two commands are %d clocks apart; at least %d are required", got, c.gap)
					}
					if got > c.gap && !slices.Contains(hiddenGaps, c.name) {
						t.Errorf("no two commands are %d clocks apart, the least gap is %d", c.gap, got)
					}
				})
			}
		}
	}
}

func TestSplitActivateMeetsItsDeadline(t *testing.T) {
	s := lpddr56400()
	trace := record(s, AllBank, 2, 200_000)
	var first issuedCommand
	latest := int64(0)
	for _, c := range trace {
		switch c.cmd {
		case cmdACT:
			first = c
		case cmdACT2:
			latest = max(latest, c.clock-first.clock)
		}
	}
	if latest > s.Timing.TAAD {
		t.Errorf("an ACT-2 came %d clocks after its ACT-1; tAAD is %d", latest, s.Timing.TAAD)
	}
	if latest != s.Timing.TAAD {
		t.Errorf("no ACT-2 used its deadline of %d clocks; the latest came after %d", s.Timing.TAAD, latest)
	}
}

func TestOneReadOfAClosedBankTakesTheSumOfItsTimings(t *testing.T) {
	for _, name := range Names() {
		s, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Family == HBM {
			continue
		}
		t.Run(name, func(t *testing.T) {
			c := newController(s, NoRefresh)
			c.offer(place{row: 7}, false, 0)
			for c.tick() != finished {
			}
			const firstClock = 1
			want := firstClock + s.Timing.TRCD + s.Timing.TCL + s.Timing.TBL
			if s.WCK {
				want++ // CAS before the first read
			}
			if c.issued.clock != want {
				t.Errorf("data complete at clock %d, want ACT at 1 + tRCD + tCL + tBL = %d", c.issued.clock, want)
			}
		})
	}
}

// TestHiddenTimingsGateTheirCommands issues one command and finds the first clock at which another is legal.
func TestHiddenTimingsGateTheirCommands(t *testing.T) {
	const now = 1000
	for _, name := range Names() {
		s, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Family == HBM {
			continue
		}
		other := request{bank: 1}
		if s.Groups > 1 {
			other = request{bank: uint8(s.Banks), group: 1}
		}
		tm := s.Timing
		for _, g := range []struct {
			name  string
			issue func(c *controller)
			at    func(c *controller) int64
			want  int64
		}{
			{"tRPab after precharge-all", func(c *controller) { c.prechargeAll(0) }, func(c *controller) int64 { return c.readyAt(cmdACT, &other) }, tm.TRPAB},
			{"tFAW after four activates", func(c *controller) {
				free := *s // without tRRD, which may be longer
				free.Timing.TRRDS, free.Timing.TRRDL = 1, 1
				c.timing = &free.Timing
				for i := range 4 {
					c.activate(request{bank: uint8(s.Banks*s.Groups - 1 - i), group: uint8(s.Groups - 1)})
				}
			}, func(c *controller) int64 { return c.readyAt(cmdACT, &other) }, tm.TFAW},
			{"CWL + BL + tWTR_S after a write", func(c *controller) {
				c.write.push(request{write: 1})
				c.moveData(writeList, 0)
			}, func(c *controller) int64 { return c.readyAt(cmdRD, &other) }, tm.TCWL + tm.TBL + tm.TWTRS + sameGroup(s)},
			{"tRTP between a read and precharge-all", func(c *controller) {
				c.bank[0].status, c.rank[0].opened, c.dues = open, 1, 1
				c.read.push(request{})
				c.moveData(readList, 0)
			}, (*controller).refreshAt, tm.TRTP},
			{"tpbR2pbR after a per-bank refresh", func(c *controller) {
				c.perBank, c.units, c.nextUnit, c.dues = true, c.banks, 2, 2
				c.refreshStep()
			}, (*controller).refreshAt, tm.TPBR2PB},
		} {
			if g.want == 0 {
				continue // per-bank refresh of a standard without one
			}
			t.Run(name+" waits "+g.name, func(t *testing.T) {
				c := newController(s, AllBank)
				c.clock = now
				g.issue(c)
				at := g.at(c)
				legal := func(clock int64) bool { return at <= clock }
				if legal(now+g.want-1) || !legal(now+g.want) {
					t.Errorf("legal %d clocks later, want %d", at-now, g.want)
				}
			})
		}
	}
}

// sameGroup is what write to read costs more where every bank is in one group.
func sameGroup(s *Standard) int64 {
	if s.Groups > 1 {
		return 0
	}
	return s.Timing.TBLMax - s.Timing.TBL + s.Timing.TWTRL - s.Timing.TWTRS
}

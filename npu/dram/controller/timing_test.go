package controller

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// scope is what two commands must share for a gate to hold between them. Gates of a rank or above hold for commands to
// whole ranks, too.
type scope string

const (
	onChannel  scope = "channel"
	inRank     scope = "rank" // HBM: pseudo channel
	inStack    scope = "stack"
	inGroup    scope = "group"
	inBank     scope = "bank"
	otherBank  scope = "other bank" // of the rank
	otherStack scope = "other stack"
	otherRank  scope = "other rank"
)

// gate is a timing constraint as the standards state it, written independently of the controllers: command to comes at
// least sum clocks after the window-th last command from.
type gate struct {
	from, to Command
	scope    scope
	sum      string // of fields of Timing, and of CommandClocks or HBMBus
	window   int    // 0: 1
	behind   string // what always takes longer, so that the gate is never tight; empty: nothing
	missing  string // why the controller does not keep it; empty: it does
}

func (g *gate) String() string {
	text := fmt.Sprintf("%s to %s, %s: %s", commandNames[g.from], commandNames[g.to], g.scope, g.sum)
	if g.window > 1 {
		text += fmt.Sprintf(" over %d", g.window+1)
	}
	return text
}

// clocks evaluates a sum such as "TCL + TBL - 1" or "4 TRRDS". End is when the data of a burst end, from its first one on.
func clocks(s *spec.Standard, sum string) int64 {
	total, sign, factor := int64(0), int64(1), int64(0) // factor 0: no number is waiting for its name
	for _, word := range strings.Fields(sum) {
		switch n, err := strconv.ParseInt(word, 10, 64); {
		case word == "+" || word == "-":
			total += sign * factor
			sign, factor = map[string]int64{"+": 1, "-": -1}[word], 0
		case err == nil:
			factor = n
		case word == "End":
			total += sign * max(factor, 1) * max(s.Timing.TBL, s.Timing.TBLMin)
			factor = 0
		default:
			v := reflect.ValueOf(s.Timing).FieldByName(word)
			if !v.IsValid() && s.Family == spec.HBM {
				v = reflect.ValueOf(s.HBM).FieldByName(word)
			} else if !v.IsValid() {
				v = reflect.ValueOf(s.Commands).FieldByName(word)
			}
			total += sign * max(factor, 1) * v.Int()
			factor = 0
		}
	}
	return total + sign*factor
}

// busGates are those of LPDDR and DDR. JEDEC counts from the last clock of a command to the last of the next.
func busGates(s *spec.Standard, refresh spec.Refresh) []gate {
	written := "TCWL + End + TWR"
	alone := func(sum string) string { // of one group only: every other bank is of the same group
		if s.Groups > 1 {
			return ""
		}
		return sum
	}
	turned, same := alone("TCWL + TBLMax + TWTRL"), ""
	switch {
	case s.OneWCK && s.Ranks > 1: // the other rank's data may keep it running
	case s.WCK: // it stops TWCKPST after the data, and its CAS takes a clock
		turned, same = "TCWL + End + TWTRS + 1", alone("TCWL + End + TWTRS + 1")
	}
	const (
		actToColumn = " + Activate - Column"
		actToPre    = " + Activate - Precharge"
		columnToPre = " + Column - Precharge"
		preToAct    = " + Precharge - Activate"
	)
	list := []gate{
		{from: cmdRD, to: cmdRD, scope: onChannel, sum: "TBL"},
		{from: cmdWR, to: cmdWR, scope: onChannel, sum: "TBL"},
		{from: cmdRD, to: cmdRD, scope: inRank, sum: "TCCDS", behind: alone("TCCDL")},
		{from: cmdWR, to: cmdWR, scope: inRank, sum: "TCCDSW", behind: alone("TCCDLW")},
		{from: cmdRD, to: cmdWR, scope: inRank, sum: "TCL + TDQSCK + End + TRTRS - TCWL"},
		{from: cmdWR, to: cmdRD, scope: inRank, sum: "TCWL + End + TWTRS", behind: turned},
		{from: cmdACT, to: cmdACT, scope: inRank, sum: "TRRDS", behind: alone("TRRDL")},
		{from: cmdACT, to: cmdACT, scope: inRank, sum: "TFAW", window: 4, behind: "4 TRRDS"},
		{from: cmdPRE, to: cmdPRE, scope: inRank, sum: "TPPD"},

		{from: cmdRD, to: cmdRD, scope: inGroup, sum: "TCCDL"},
		{from: cmdWR, to: cmdWR, scope: inGroup, sum: "TCCDLW"},
		{from: cmdWR, to: cmdRD, scope: inGroup, sum: "TCWL + TBLMax + TWTRL", behind: same},
		{from: cmdACT, to: cmdACT, scope: inGroup, sum: "TRRDL"},

		{from: cmdACT, to: cmdACT, scope: inBank, sum: "TRC"},
		{from: cmdACT, to: cmdRD, scope: inBank, sum: "TRCD" + actToColumn},
		{from: cmdACT, to: cmdWR, scope: inBank, sum: "TRCD" + actToColumn},
		{from: cmdACT, to: cmdPRE, scope: inBank, sum: "TRAS" + actToPre},
		{from: cmdPRE, to: cmdACT, scope: inBank, sum: "TRP" + preToAct},
		{from: cmdRD, to: cmdPRE, scope: inBank, sum: "TRTP" + columnToPre},
		{from: cmdWR, to: cmdPRE, scope: inBank, sum: written + columnToPre},
	}
	if s.Commands.Column > 1 {
		list = append(list, occupancyGates()...)
	}
	if s.WCK {
		list = append(list, gate{from: cmdCAS, to: cmdRD, scope: onChannel, sum: "1"}, gate{from: cmdCAS, to: cmdWR, scope: onChannel, sum: "1"})
	}
	if s.Split {
		list = append(list, gate{from: cmdACT, to: cmdACT2, scope: inBank, sum: "1"})
	}
	if s.Ranks > 1 { // two ranks never drive the data bus within TCS
		list = append(list,
			gate{from: cmdRD, to: cmdRD, scope: otherRank, sum: "End + TCS"},
			gate{from: cmdWR, to: cmdWR, scope: otherRank, sum: "End + TCS"},
			gate{from: cmdRD, to: cmdWR, scope: otherRank, sum: "TCL + TDQSCK + End + TCS - TCWL"},
			gate{from: cmdWR, to: cmdRD, scope: otherRank, sum: "TCWL + End + TCS - TCL", behind: "Column"})
	}
	switch refresh {
	case spec.PerBank, spec.SameBank:
		if refresh == spec.SameBank {
			list = append(list, sameBankGates(s, "TRTP"+columnToPre, written+columnToPre, "TRAS"+actToPre, "TRP"+preToAct)...)
		}
		list = append(list,
			gate{from: cmdREF, to: cmdREF, scope: inRank, sum: "TPBR2PB"},
			gate{from: cmdREF, to: cmdACT, scope: otherBank, sum: "TPBR2AC" + preToAct},
			gate{from: cmdREF, to: cmdACT, scope: inBank, sum: "TRFCPB" + preToAct},
			gate{from: cmdACT, to: cmdREF, scope: inBank, sum: "TRC" + actToPre},
			gate{from: cmdPRE, to: cmdREF, scope: inBank, sum: "TRP"})
	case spec.AllBank:
		list = append(list, refreshGates("TRTP"+columnToPre, written+columnToPre, "TRAS"+actToPre, "TRPAB"+preToAct, "TRC"+actToPre,
			"TRFC"+preToAct)...)
	}
	return list
}

// sameBankGates are those of PREsb, which closes a bank of every group for a same-bank refresh (JESD79-5).
func sameBankGates(s *spec.Standard, read, written, open, closed string) []gate {
	return []gate{
		{from: cmdRD, to: cmdPREsb, scope: inBank, sum: read},
		{from: cmdWR, to: cmdPREsb, scope: inBank, sum: written},
		{from: cmdACT, to: cmdPREsb, scope: inBank, sum: open},
		{from: cmdPREsb, to: cmdACT, scope: inBank, sum: closed}, // of requests that come before a postponed refresh
		{from: cmdPREsb, to: cmdPRE, scope: inRank, sum: "TPPD"},
		{from: cmdPRE, to: cmdPREsb, scope: inRank, sum: "TPPD"},
		{from: cmdPREsb, to: cmdPREsb, scope: inRank, sum: "TPPD", behind: fmt.Sprintf("TRP + %d Precharge", s.Ranks)}, // refreshes come between
		{from: cmdPREsb, to: cmdREF, scope: inBank, sum: "TRP"},
	}
}

// occupancyGates hold because a command keeps the bus for several clocks.
func occupancyGates() (list []gate) {
	takes := map[Command]string{cmdACT: "Activate", cmdRD: "Column", cmdWR: "Column", cmdPRE: "Precharge"}
	behind := map[[2]Command]string{{cmdACT, cmdACT}: "TRRDS", {cmdRD, cmdRD}: "TBL", {cmdWR, cmdWR}: "TBL", {cmdPRE, cmdPRE}: "TPPD",
		{cmdRD, cmdWR}: "TCL + TDQSCK + TBL + TRTRS - TCWL", {cmdWR, cmdRD}: "TCWL + TBL + TWTRS"}
	for _, from := range []Command{cmdACT, cmdRD, cmdWR, cmdPRE} {
		for _, to := range []Command{cmdACT, cmdRD, cmdWR, cmdPRE} {
			if behind[[2]Command{from, to}] == "" { // else another gate is longer
				list = append(list, gate{from: from, to: to, scope: onChannel, sum: takes[from]})
			}
		}
	}
	return list
}

// refreshGates are those around an all-bank refresh. The controllers issue PREA only for a refresh. (JESD209 has tRPab
// from PREA to REF where Ramulator and the controllers have tRP.)
func refreshGates(read, written, open, closed, cycle, refreshed string) []gate {
	again := closed + " + " + open // a row is opened before the next precharge
	return []gate{
		{from: cmdRD, to: cmdPREA, scope: inRank, sum: read},
		{from: cmdWR, to: cmdPREA, scope: inRank, sum: written},
		{from: cmdACT, to: cmdPREA, scope: inRank, sum: open},
		{from: cmdPREA, to: cmdACT, scope: inRank, sum: closed},
		{from: cmdPRE, to: cmdPREA, scope: inRank, sum: "TPPD"},
		{from: cmdPREA, to: cmdPRE, scope: inRank, sum: "TPPD", behind: again},
		{from: cmdPREA, to: cmdPREA, scope: inRank, sum: "TPPD", behind: again},
		{from: cmdACT, to: cmdREF, scope: inRank, sum: cycle},
		{from: cmdPRE, to: cmdREF, scope: inRank, sum: "TRP"},
		{from: cmdPREA, to: cmdREF, scope: inRank, sum: "TRP"},
		{from: cmdREF, to: cmdACT, scope: inRank, sum: refreshed},
		{from: cmdREF, to: cmdPREA, scope: inRank, sum: "TRFC", behind: refreshed + " + " + open},
		{from: cmdREF, to: cmdREF, scope: inRank, sum: "TRFC"},
	}
}

// issue is a traced command; bank counts over stacks and ranks, and is the rank's first for a command to a whole rank.
type issue struct {
	cmd   Command
	bank  int
	clock int64
}

// gates are all gates of a standard.
func gates(s *spec.Standard, refresh spec.Refresh) []gate {
	if s.Family == spec.HBM {
		return hbmGates(s, refresh)
	}
	return busGates(s, refresh)
}

// ofTwoRanks are the LPDDR and DDR presets with two ranks.
func ofTwoRanks() (list []*spec.Standard) {
	for _, s := range spec.All() {
		if s.Family == spec.SingleBus {
			s.Name += " x 2 ranks"
			s.Ranks = 2
			list = append(list, s)
		}
	}
	return list
}

// organised are the LPDDR5 presets with their banks and bursts organised otherwise, and with one WCK for two ranks.
func organised(t *testing.T) (list []*spec.Standard) {
	t.Helper()
	slow := spec.MustLookup("lpddr5-3200")
	list = append(list, slow)
	for _, s := range append(spec.All(), slow) {
		for _, o := range []spec.Operation{{BankMode: spec.Bank8}, {BurstLength: spec.Burst32}, {WCK: spec.WCKOfChannel}} {
			part := *s
			if o.WCK != 0 {
				if s.Name != "lpddr5-6400" {
					continue // one is enough
				}
				part.Ranks = 2
			}
			if part.Family == spec.SingleBus && len(part.Operate(o, nil)) == 0 {
				part.Name += " " + o.String()
				list = append(list, &part)
			}
		}
	}
	if len(list) < 5 {
		t.Fatalf("only %d organisations of LPDDR5", len(list))
	}
	return list
}

// policies are the refresh policies of a standard.
func policies(s *spec.Standard) []spec.Refresh {
	list := []spec.Refresh{spec.AllBank}
	for _, r := range []spec.Refresh{spec.PerBank, spec.SameBank} {
		if s.HasRefresh(r) {
			list = append(list, r)
		}
	}
	return list
}

// TestTimings checks the commands under traffic against the standard. Gates: no command comes one clock too early, and
// for every gate some command comes at the first legal clock. Law: every command finds its bank in the right state, is
// alone on its bus, has WCK running if it needs it, and comes on a legal edge.
func TestTimings(t *testing.T) {
	simtest.OneGoroutine(t)
	all := spec.All()
	if !testing.Short() {
		all = append(all, ofTwoRanks()...)
		all = append(all, organised(t)...)
	}
	for _, s := range all {
		for _, refresh := range policies(s) {
			o := observe(t, s, refresh, 80_000)
			for _, g := range gates(s, refresh) {
				t.Run(fmt.Sprintf("%s %s %v", s.Name, refresh, &g), func(t *testing.T) {
					problem := o.verdict(&g)
					if g.missing == "" && problem != "" {
						t.Error(problem)
					}
					if g.missing != "" && problem == "" {
						t.Errorf("is kept: the gap is closed (%s)", g.missing)
					}
				})
			}
			t.Run(fmt.Sprintf("%s %s obeys the law", s.Name, refresh), func(t *testing.T) { lawful(t, o) })
			if s.HBM.HalfClock {
				t.Run(s.Name+" uses falling edges for precharges only", func(t *testing.T) { fallingEdges(t, o) })
			}
		}
	}
}

// lawful checks every trace against the law, and that the limits of ACT2 and WCK are reached.
func lawful(t *testing.T, o *observer) {
	t.Helper()
	late, running, stopped := obeys(t, o)
	busy := o.s.Timing.TBL <= 2 // longer bursts leave clocks of the command bus idle, in which an ACT2 goes
	if o.s.Split && busy && late != o.s.Timing.TAAD {
		t.Errorf("the latest ACT2 came %d clocks after its ACT; tAAD is %d", late, o.s.Timing.TAAD)
	}
	if o.s.WCK && (running != 1 || stopped != 0) {
		t.Errorf("WCK was used up to %d clocks before it stops and started again %d after; want 1 and 0", running, stopped)
	}
}

// obeys checks every trace against the law. It returns the most clocks to an ACT2, and the least to and from a stop of WCK.
func obeys(t *testing.T, o *observer) (late, running, stopped int64) {
	t.Helper()
	running, stopped = Never, Never
	for _, trace := range o.traces {
		l := newLaw(o)
		for i := range trace {
			if problem := l.breach(&trace[i]); problem != "" {
				t.Fatal(problem)
			}
		}
		late, running, stopped = max(late, l.act2), min(running, l.running), min(stopped, l.stopped)
	}
	return late, running, stopped
}

// TestOneReadOfAClosedBankTakesTheSumOfItsTimings: the clock of the last datum, from power-on.
func TestOneReadOfAClosedBankTakesTheSumOfItsTimings(t *testing.T) {
	for _, s := range spec.All() {
		t.Run(s.Name, func(t *testing.T) {
			b := newBench(t, s, spec.NoRefresh)
			b.offer(spec.Place{Row: 7}, false, 0)
			for b.tick() != ColumnIssued {
			}
			const firstClock = 1
			sum := "TRCD + Activate - Column + TCL + TDQSCK + End"
			if s.WCK {
				sum += " + 1" // CAS before the first read
			}
			if s.Family == spec.HBM {
				act := clocks(s, "TRCD + Activate - Column")
				sum = fmt.Sprintf("%d + TCL + TBL", (&observer{s: s}).firstEdge(&gate{from: cmdACT, to: cmdRD}, act))
			}
			if got, want := b.done(), firstClock+clocks(s, sum); got != want {
				t.Errorf("data complete at clock %d, want %d + %s = %d", got, firstClock, sum, want)
			}
		})
	}
}

// intervals are the timings that are no gates.
var intervals = []string{"TREFI", "TREFIPB", "TAAD", "TWCKPST"}

// TestATimingOffByOneIsNoticed gives the controllers standards in which one timing is off by one clock, and checks them
// against the right one: a gate that a controller forgets or gets wrong would fail in the same way.
func TestATimingOffByOneIsNoticed(t *testing.T) {
	if !simtest.Long() {
		t.Skip("minutes: only with -long")
	}
	for _, s := range append(spec.All(), ofTwoRanks()...) {
		for _, refresh := range policies(s) {
			for field := range reflect.TypeOf(s.Timing).Fields() {
				for _, by := range []int64{-1, 1} {
					wrong := *s
					v := reflect.ValueOf(&wrong.Timing).Elem().FieldByName(field.Name)
					if v.Int() == 0 || slices.Contains(intervals, field.Name) || s.Family == spec.SingleBus && s.Ranks > 1 && field.Name != "TCS" {
						continue
					}
					v.SetInt(v.Int() + by)
					if wrong.Validate() != nil || !shows(s, &wrong, refresh) {
						continue
					}
					t.Run(fmt.Sprintf("%s %s %s %+d", s.Name, refresh, field.Name, by), func(t *testing.T) {
						o := observe(t, &wrong, refresh, 60_000)
						o.s = s
						if !slices.ContainsFunc(gates(s, refresh), func(g gate) bool { return g.missing == "" && o.verdict(&g) != "" }) {
							t.Error("no gate noticed")
						}
					})
				}
			}
		}
	}
}

// shows reports whether two standards differ in what a gate allows. Where a clock is half a CK, sums that a gate is
// behind are rounded up term by term; such gates are left out.
func shows(a, b *spec.Standard, refresh spec.Refresh) bool {
	oa, ob := &observer{s: a, refresh: refresh}, &observer{s: b, refresh: refresh}
	return slices.ContainsFunc(gates(a, refresh), func(g gate) bool {
		behind := g.behind != "" && clocks(a, g.behind) > clocks(a, g.sum)
		return g.missing == "" && !(behind && a.HBM.HalfClock) && oa.least(&g) != ob.least(&g)
	})
}

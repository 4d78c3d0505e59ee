package controller

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// observer checks the traces of one standard against its gates.
type observer struct {
	s       *spec.Standard
	refresh spec.Refresh
	traces  [][]issue
}

func (o *observer) whole(i *issue) bool {
	return i.cmd == cmdPREA || i.cmd == cmdCAS || i.cmd == cmdREF && o.refresh == spec.AllBank
}

// related reports whether a gate applies to two commands.
func (o *observer) related(g *gate, a, b *issue) bool {
	stack := o.s.Groups * o.s.Banks
	rank := stack * max(o.s.Stacks, 1)
	same := func(banks int) bool { return a.bank/banks == b.bank/banks }
	if g.scope != onChannel && g.scope != inRank && g.scope != otherRank && (o.whole(a) || o.whole(b)) {
		return false
	}
	switch g.scope {
	case onChannel:
		return true
	case inRank:
		return same(rank)
	case otherRank:
		return !same(rank)
	case inStack:
		return same(stack)
	case otherStack:
		return same(rank) && !same(stack)
	case inGroup:
		return same(o.s.Banks)
	case inBank:
		return slices.ContainsFunc(o.banks(a), func(bank int) bool { return slices.Contains(o.banks(b), bank) })
	case otherBank:
		return same(rank) && !slices.ContainsFunc(o.banks(a), func(bank int) bool { return slices.Contains(o.banks(b), bank) })
	}
	panic("scope " + g.scope)
}

// banks returns the banks that a command to one bank, or a per-bank refresh, is of.
func (o *observer) banks(i *issue) []int {
	list := []int{i.bank}
	if n := o.s.RefreshBanks; (i.cmd == cmdREF && o.refresh.ByBank() || i.cmd == cmdPREsb) && n > 1 {
		apart := o.s.Groups * o.s.Banks / n
		for k := 1; k < n; k++ {
			list = append(list, i.bank+k*apart)
		}
	}
	return list
}

// tightest returns the least gap between two commands of a gate; Never if there is none of less than far clocks.
func (o *observer) tightest(g *gate, far int64) int64 {
	least := Never
	for _, trace := range o.traces {
		for j := range trace {
			if is(trace[j].cmd, g.to) {
				least = min(least, o.gap(g, trace[:j+1], min(least, far)))
			}
		}
	}
	return least
}

// gap returns the gap before the last command of a trace, for a gate; Never if it is not less than far.
func (o *observer) gap(g *gate, trace []issue, far int64) int64 {
	b, n := &trace[len(trace)-1], 0
	for i := len(trace) - 2; i >= 0 && b.clock-trace[i].clock < far; i-- {
		if a := &trace[i]; is(a.cmd, g.from) && o.related(g, a, b) {
			if n++; n == max(g.window, 1) {
				return b.clock - a.clock
			}
		}
	}
	return Never
}

// verdict says what is wrong with a gate in the traces. It is empty if the gate is kept, and is tight or always behind
// another.
func (o *observer) verdict(g *gate) string {
	sum, shows := clocks(o.s, g.sum), o.least(g)
	if shows <= 0 {
		return "" // such as write to read of another rank: data in the right order need no gap between the commands
	}
	switch got := o.tightest(g, 4*shows+64); {
	case got < sum:
		return fmt.Sprintf("came after %d clocks; must not before %d", got, sum)
	case got < shows:
		return fmt.Sprintf("came after %d clocks, although %s = %d should always take longer", got, g.behind, shows)
	case got == Never:
		return "never showed: the traffic proves nothing"
	case got > shows:
		return fmt.Sprintf("came after %d clocks at the earliest; could after %d", got, shows)
	}
	return ""
}

// least returns the least gap that a gate allows.
func (o *observer) least(g *gate) int64 {
	n := clocks(o.s, g.sum)
	if g.behind != "" {
		n = max(n, clocks(o.s, g.behind))
	}
	return o.firstEdge(g, n)
}

// firstEdge rounds a gap up to CK between two commands that need its rising edge.
func (o *observer) firstEdge(g *gate, n int64) int64 {
	falling := func(c Command) bool { return c == cmdPRE || c == cmdPREA }
	if o.s.HBM.HalfClock && !falling(g.from) && !falling(g.to) {
		return n + n&1
	}
	return n
}

// law follows a trace and finds what is wrong beside gates: two commands on a bus at once, a command to a bank in the
// wrong state, a late ACT2, a column command without WCK.
type law struct {
	*observer
	open   []bool
	last   [2]int64 // last clocks of the last commands on the row and the column bus
	acting *issue   // ACT without its ACT2
	cas    *issue   // CAS without its column command
	stop   []int64  // clock at which WCK stops, by rank; 0: it has never run

	act2    int64 // the most clocks from an ACT to its ACT2
	running int64 // the least clocks from a column command without a CAS to the stop of WCK
	stopped int64 // the least clocks from the stop of WCK to a CAS
}

func newLaw(o *observer) *law {
	banks := o.s.Groups * o.s.Banks * max(o.s.Stacks, 1) * o.s.Ranks
	return &law{observer: o, open: make([]bool, banks), stop: make([]int64, o.s.Ranks), last: [2]int64{-1, -1},
		running: Never, stopped: Never}
}

// breach says what is wrong with a command; empty if nothing is.
func (l *law) breach(e *issue) string {
	for _, find := range []func(*issue) string{l.bus, l.wck, l.bank} {
		if why := find(e); why != "" {
			return fmt.Sprintf("%s of bank %d at clock %d: %s", commandNames[e.cmd], e.bank, e.clock, why)
		}
	}
	return ""
}

func isColumn(e *issue) bool { return is(e.cmd, cmdRD) || is(e.cmd, cmdWR) }

// is reports whether a command is of a kind: a RD or WR may close its row, too.
func is(cmd, kind Command) bool {
	return cmd == kind || kind == cmdRD && cmd == cmdRDA || kind == cmdWR && cmd == cmdWRA
}

func (l *law) bus(e *issue) string {
	bus := &l.last[0]
	if isColumn(e) && l.s.Family == spec.HBM {
		bus = &l.last[1]
	}
	if *bus >= e.clock {
		return "another command is on the bus"
	}
	*bus = e.clock + l.takes(e) - 1
	return ""
}

// takes returns for how many clocks a command is on the bus. (HBM: actBus and the gates of the column bus see to it.)
func (l *law) takes(e *issue) int64 {
	c := &l.s.Commands
	switch {
	case l.s.Family == spec.HBM || e.cmd == cmdACT2 || e.cmd == cmdCAS:
		return 1
	case isColumn(e):
		return c.Column
	case e.cmd == cmdACT:
		return c.Activate
	}
	return c.Precharge
}

func (l *law) wck(e *issue) string {
	if !l.s.WCK {
		return ""
	}
	cas := l.cas
	if cas != nil && (!isColumn(e) || e.clock != cas.clock+1) {
		return "a CAS was not followed by its column command"
	}
	if l.cas = nil; e.cmd == cmdCAS {
		l.cas = e
	}
	if !isColumn(e) {
		return ""
	}
	stop := &l.stop[e.bank*l.s.Ranks/len(l.open)]
	if l.s.OneWCK {
		stop = &l.stop[0]
	}
	switch {
	case cas == nil && e.clock >= *stop:
		return "WCK has stopped"
	case cas == nil:
		l.running = min(l.running, *stop-e.clock)
	case *stop > 0:
		l.stopped = min(l.stopped, cas.clock-*stop)
	}
	latency := l.s.Timing.TCL
	if is(e.cmd, cmdWR) {
		latency = l.s.Timing.TCWL
	}
	*stop = max(*stop, e.clock+latency+max(l.s.Timing.TBL, l.s.Timing.TBLMin)+l.s.Timing.TWCKPST)
	return ""
}

func (l *law) bank(e *issue) string {
	inside := l.open[e.bank : e.bank+1]
	if l.whole(e) {
		rank := len(l.open) / l.s.Ranks
		first := e.bank / rank * rank
		inside = l.open[first : first+rank]
	}
	switch e.cmd {
	case cmdACT:
		if inside[0] || l.acting != nil {
			return "the bank is open, or another is being activated"
		}
		if l.s.Split {
			l.acting = e
		} else {
			inside[0] = true
		}
	case cmdACT2:
		if l.acting == nil || l.acting.bank != e.bank || e.clock-l.acting.clock > l.s.Timing.TAAD {
			return "no ACT of this bank within tAAD"
		}
		l.act2 = max(l.act2, e.clock-l.acting.clock)
		l.acting, inside[0] = nil, true
	case cmdRD, cmdWR, cmdRDA, cmdWRA:
		if !inside[0] {
			return "the bank is not open"
		}
		inside[0] = e.cmd == cmdRD || e.cmd == cmdWR
	case cmdPRE, cmdPREA:
		clear(inside)
	case cmdPREsb:
		for _, bank := range l.banks(e) {
			l.open[bank] = false
		}
	case cmdREF:
		if slices.Contains(inside, true) || slices.ContainsFunc(l.banks(e), func(bank int) bool { return l.open[bank] }) {
			return "a bank is open"
		}
	}
	return ""
}

package dram

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// rule is one line of Ramulator 2.1's resolved constraint table (testdata/hbm_constraints.csv, taken from
// reference/dram_golden/configs/ramulator2/hbm*.yaml): least clocks from a command to another in a scope. A window of
// four counts from the fourth-last. Auto-precharge, per-bank refresh and RFM are left out: never issued.
type rule struct {
	scope    string
	from, to command
	clocks   int64
	window   int
}

func hbmRules(t *testing.T, standard string) []rule {
	t.Helper()
	f, err := os.Open("testdata/hbm_constraints.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	commands := map[string]command{"ACT": cmdACT, "PRE": cmdPRE, "PREA": cmdPREA, "RD": cmdRD, "WR": cmdWR, "REF": cmdREF}
	var rules []rule
	for _, r := range records[1:] {
		clocks, err1 := strconv.ParseInt(r[4], 10, 64)
		window, err2 := strconv.Atoi(r[5])
		if err1 != nil || err2 != nil {
			t.Fatalf("rule %v", r)
		}
		if r[0] == standard {
			rules = append(rules, rule{r[1], commands[r[2]], commands[r[3]], clocks, window})
		}
	}
	return rules
}

// issue is a traced command; bank is that of the pseudo channel's first bank for PREA and REF.
type issue struct {
	cmd   command
	bank  int
	clock int64
}

// inScope says whether a rule relates two commands. Commands to a whole pseudo channel take part at its level and above.
func (r *rule) inScope(a, b *issue, pseudoShift int) bool {
	whole := func(i *issue) bool { return i.cmd == cmdPREA || i.cmd == cmdREF }
	if r.scope != "channel" && r.scope != "pseudo" && (whole(a) || whole(b)) {
		return false
	}
	switch r.scope {
	case "channel":
		return true
	case "pseudo":
		return a.bank>>pseudoShift == b.bank>>pseudoShift
	case "stack":
		return a.bank>>hbmStackBits == b.bank>>hbmStackBits
	case "other-stack":
		return a.bank>>pseudoShift == b.bank>>pseudoShift && a.bank>>hbmStackBits != b.bank>>hbmStackBits
	case "group":
		return a.bank>>hbmGroupBits == b.bank>>hbmGroupBits
	case "bank":
		return a.bank == b.bank
	}
	panic("scope " + r.scope)
}

// tightest is the least gap that the rule saw in a trace; never if it met no pair.
func (r *rule) tightest(trace []issue, pseudoShift int) int64 {
	least := never
	for j := range trace {
		if trace[j].cmd != r.to {
			continue
		}
		n := 0
		for i := j - 1; i >= 0 && trace[j].clock-trace[i].clock < least; i-- {
			if trace[i].cmd == r.from && r.inScope(&trace[i], &trace[j], pseudoShift) {
				if n++; n == r.window {
					least = trace[j].clock - trace[i].clock
					break
				}
			}
		}
	}
	return least
}

// trafficTrace drives a channel with traffic that provokes every constraint and returns its commands.
func trafficTrace(t *testing.T, std *Standard, seed uint64, bursts int) []issue {
	t.Helper()
	std.Timing.TREFI = std.Timing.TRFC*3/2 + 7 // many refreshes
	c, err := newHBMController(std, AllBank)
	if err != nil {
		t.Fatal(err)
	}
	var trace []issue
	c.trace = func(cmd command, bank int, clock int64) {
		if cmd == cmdPREA || cmd == cmdREF {
			bank <<= c.pseudoShift
		}
		trace = append(trace, issue{cmd, bank, clock})
	}
	r := rand.New(rand.NewPCG(seed, 2))
	banks := hbmPseudos << c.pseudoShift
	var pool []int // banks of this phase
	var p place
	write, run, phase, pause := false, 0, 0, 0
	for bursts > 0 {
		if phase == 0 {
			phase = 1 + r.IntN(3000)
			pool = r.Perm(banks)[:1<<r.IntN(6)]
		}
		phase--
		for c.offered < injectPerClock && pause == 0 {
			if run == 0 { // another row, now and then another direction or a pause
				run = 1 + r.IntN(6)
				p.bank = uint8(pool[r.IntN(len(pool))])
				p.group, p.row = p.bank>>hbmGroupBits, int64(r.IntN(3))
				write = r.IntN(3) == 0
				if r.IntN(20) == 0 {
					pause = r.IntN(200)
				}
			}
			if !c.offer(p, write, 0) {
				break
			}
			run--
			bursts--
		}
		pause = max(pause-1, 0)
		c.tick()
	}
	return trace
}

// reachable is the least gap that a trace can show: the rule's, rounded up to CK where both commands need a rising edge.
func (r *rule) reachable(std *Standard) int64 {
	if std.Stacks == 2 && r.from != cmdPRE && r.from != cmdPREA && r.to != cmdPRE && r.to != cmdPREA {
		return r.clocks + r.clocks&1
	}
	return r.clocks
}

// unreachable says why a rule is never what holds a command back.
func (r *rule) unreachable(std *Standard) string {
	switch {
	case r.from == cmdPREA && (r.to == cmdACT || r.to == cmdPRE || r.to == cmdPREA):
		return "REFab comes between, and takes longer"
	case r.from == cmdREF && r.to == cmdPREA:
		return "a row must be opened and be open for tRAS in between, which takes longer"
	case r.window == 4 && r.clocks <= 4*std.Timing.TRRDS && r.clocks != 4*std.Timing.TRRDS:
		return "four tRRD_S take longer"
	}
	return ""
}

// TestHBMObeysRamulatorsConstraintsTightly: no command comes one clock before a constraint allows it, and for each
// constraint some command comes at the very clock. In HBM3 commands other than precharges wait for a rising edge.
func TestHBMObeysRamulatorsConstraintsTightly(t *testing.T) {
	for _, std := range hbmStandards() {
		trace := trafficTrace(t, std, 1, 200_000)
		shift := hbmStackBits + std.Stacks - 1
		for _, r := range hbmRules(t, std.Name) {
			name := fmt.Sprintf("%s: %s to %s in a %s, window %d, not before %d", std.Name, commandNames[r.from], commandNames[r.to], r.scope, r.window, r.clocks)
			t.Run(name, func(t *testing.T) {
				got := r.tightest(trace, shift)
				if got < r.clocks {
					t.Fatalf("came after %d", got)
				}
				if why := r.unreachable(std); why != "" {
					if got == r.clocks {
						t.Errorf("was reached, although %s", why)
					}
				} else if got > r.reachable(std) {
					t.Errorf("came after %d at the earliest", got)
				}
			})
		}
	}
}

var commandNames = map[command]string{cmdACT: "ACT", cmdPRE: "PRE", cmdPREA: "PREA", cmdRD: "RD", cmdWR: "WR", cmdREF: "REF"}

func TestHBM3FallingEdges(t *testing.T) {
	trace := trafficTrace(t, hbm3(), 3, 60_000)
	const shift = hbmStackBits + 1
	falling, paired := 0, 0
	for i, e := range trace {
		if e.clock&1 == 1 {
			continue
		}
		falling++
		if e.cmd != cmdPRE && e.cmd != cmdPREA {
			t.Fatalf("%s on the falling edge %d", commandNames[e.cmd], e.clock)
		}
		for j := i - 1; j >= 0 && e.clock-trace[j].clock <= 3; j-- {
			o := trace[j]
			row := o.clock&1 == 1 && o.cmd != cmdRD && o.cmd != cmdWR && o.bank>>shift == e.bank>>shift
			if !row || e.clock-o.clock != map[bool]int64{true: 3, false: 1}[o.cmd == cmdACT] {
				continue
			}
			paired++
			if e.cmd == cmdPREA || o.cmd == cmdPREA || o.cmd == cmdREF || e.bank == o.bank {
				t.Fatalf("%s of bank %d at %d is paired with %s of bank %d", commandNames[e.cmd], e.bank, e.clock, commandNames[o.cmd], o.bank)
			}
		}
	}
	if falling == 0 || paired == 0 {
		t.Errorf("%d commands on falling edges, %d paired: the traffic proves nothing", falling, paired)
	}
}

package spec

import (
	"fmt"
	"slices"
	"strings"
)

// maxTiming bounds timings and row counts: sums of a few stay far below controller.Never.
const maxTiming = 1 << 30

// maxRounds bounds RefreshRounds.
const maxRounds = 8

// named is a value of a standard with the name of its field.
type named struct {
	name string
	n    int64
}

// Validate returns an error if the standard lacks a source, a part of its geometry or a timing, or contradicts itself.
func (s *Standard) Validate() error {
	if s.Name == "" {
		return fmt.Errorf("DRAM standard has no name")
	}
	for _, find := range []func() string{s.geometryProblem, s.missing, s.superfluous, s.contradiction,
		s.refreshContradiction, s.energyProblem} {
		if problem := find(); problem != "" {
			return fmt.Errorf("DRAM standard %q: %s", s.Name, problem)
		}
	}
	return nil
}

// geometryProblem says what is wrong with the organisation; empty if nothing is.
func (s *Standard) geometryProblem() string {
	if strings.TrimSpace(s.Source) == "" {
		return "has no source: every timing table needs a citation"
	}
	if s.Family > HBM {
		return fmt.Sprintf("family %d is not known", s.Family)
	}
	if s.TCK <= 0 {
		return fmt.Sprintf("clock period TCK is %d fs; accepted: 1 or more", s.TCK)
	}
	for _, g := range []named{{"Width", int64(s.Width)}, {"Burst", int64(s.Burst)}, {"Ranks", int64(s.Ranks)},
		{"Groups", int64(s.Groups)}, {"Banks", int64(s.Banks)}, {"Rows", int64(s.Rows)}, {"Columns", int64(s.Columns)}} {
		if g.n <= 0 || g.n&(g.n-1) != 0 || g.n > maxTiming {
			return fmt.Sprintf("%s is %d; accepted: a power of two", g.name, g.n)
		}
	}
	for _, g := range []struct {
		named
		low, high int64
	}{{named{"Burst", int64(s.Burst)}, 16, 64}, {named{"Width", int64(s.Width)}, 4, 1024}, {named{"Columns", int64(s.Columns)}, 4, 4096},
		{named{"Rows", int64(s.Rows)}, 2, 1 << 24}} {
		if g.n < g.low || g.n > g.high {
			return fmt.Sprintf("%s is %d; accepted: %d to %d", g.name, g.n, g.low, g.high)
		}
	}
	if has := s.ChannelBytes(); s.Most < has {
		return fmt.Sprintf("Most is %v; accepted: the %v of a channel, or more", s.Most, has)
	}
	if s.Family == HBM {
		if s.Ranks != PseudoChannels || s.Groups != 4 || s.Banks != 4 || s.Stacks != 1 && s.Stacks != 2 {
			return fmt.Sprintf("has %d pseudo channels of %d stacks of %d x %d banks; the HBM controller drives 2 of 1 or 2 of 4 x 4",
				s.Ranks, s.Stacks, s.Groups, s.Banks)
		}
		if s.Split || s.WCK {
			return "Split and WCK are of LPDDR5, not of HBM"
		}
		return ""
	}
	switch {
	case s.Ranks > MaxRanks:
		return fmt.Sprintf("has %d ranks; accepted: 1, 2, 4", s.Ranks)
	case s.Stacks != 0:
		return fmt.Sprintf("Stacks is %d; accepted: 0, as only HBM has stack identifiers", s.Stacks)
	case s.Ranks*s.Groups > MaxGroups || s.Ranks*s.Groups*s.Banks > MaxBanks:
		return fmt.Sprintf("has %d ranks of %d bank groups of %d banks; at most %d groups and %d banks are modelled",
			s.Ranks, s.Groups, s.Banks, MaxGroups, MaxBanks)
	}
	return ""
}

// HasMaskedWrites reports whether writes of part of a burst have gaps of their own.
func (s *Standard) HasMaskedWrites() bool { return s.Timing.TCCDMW|s.Timing.TCCDLM != 0 }

// HasRefresh reports whether a channel of the standard can be refreshed by a policy.
func (s *Standard) HasRefresh(r Refresh) bool {
	return !r.ByBank() || s.HasPerBankRefresh() && s.SameBank == (r == SameBank)
}

// Refreshes returns the policies that the standard has.
func (s *Standard) Refreshes() []Refresh {
	var all []Refresh
	for r := range Refresh(len(refreshNames)) {
		if s.HasRefresh(r) {
			all = append(all, r)
		}
	}
	return all
}

// WithoutRefresh says that the standard lacks a policy, and which it has; empty if it has it.
func (s *Standard) WithoutRefresh(r Refresh) string {
	if s.HasRefresh(r) {
		return ""
	}
	var names []string
	for _, has := range s.Refreshes() {
		names = append(names, has.String())
	}
	return fmt.Sprintf("has no %s refresh; accepted: %s", r, strings.Join(names, ", "))
}

// HasPerBankRefresh reports whether the standard has per-bank refresh, or same-bank refresh.
func (s *Standard) HasPerBankRefresh() bool {
	return s.Timing.TREFIPB|s.Timing.TRFCPB|s.Timing.TPBR2PB|s.Timing.TPBR2AC|int64(s.RefreshBanks) != 0
}

// needs returns what the standard must have, beside its geometry and its energies.
func (s *Standard) needs() []named {
	t := &s.Timing
	need := []named{{"TBL", t.TBL}, {"TBLMax", t.TBLMax}, {"TCL", t.TCL}, {"TCWL", t.TCWL}, {"TRCD", t.TRCD}, {"TRP", t.TRP},
		{"TRPAB", t.TRPAB}, {"TRAS", t.TRAS}, {"TRC", t.TRC}, {"TWR", t.TWR}, {"TRTP", t.TRTP}, {"TPPD", t.TPPD},
		{"TCCDS", t.TCCDS}, {"TCCDL", t.TCCDL}, {"TCCDSW", t.TCCDSW}, {"TCCDLW", t.TCCDLW}, {"TRRDS", t.TRRDS},
		{"TRRDL", t.TRRDL}, {"TWTRS", t.TWTRS}, {"TWTRL", t.TWTRL}, {"TRTRS", t.TRTRS}, {"TFAW", t.TFAW},
		{"TREFI", t.TREFI}, {"TRFC", t.TRFC}, {"MaxPostponed", int64(s.MaxPostponed)}}
	if s.Family == HBM {
		need = append(need, named{"TRCDWR", t.TRCDWR}, named{"HBM.Activate", s.HBM.Activate}, named{"HBM.Column", s.HBM.Column})
	} else {
		need = append(need, named{"TCS", t.TCS}, // even with one rank: a copy of the standard may have more
			named{"Commands.Activate", s.Commands.Activate}, named{"Commands.Column", s.Commands.Column},
			named{"Commands.Precharge", s.Commands.Precharge})
	}
	if s.Stacks > 1 {
		need = append(need, named{"TCCDR", t.TCCDR})
	}
	if s.Split {
		need = append(need, named{"TAAD", t.TAAD})
	}
	if s.WCK {
		need = append(need, named{"TWCKPST", t.TWCKPST})
	}
	if s.HasPerBankRefresh() {
		need = append(need, named{"TREFIPB", t.TREFIPB}, named{"TRFCPB", t.TRFCPB}, named{"TPBR2PB", t.TPBR2PB},
			named{"TPBR2AC", t.TPBR2AC}, named{"RefreshBanks", int64(s.RefreshBanks)})
	}
	return need
}

// missing names a value that the standard must have but has not.
func (s *Standard) missing() string {
	for _, n := range s.needs() {
		kind := ""
		if strings.HasPrefix(n.name, "T") {
			kind = "timing "
		}
		switch {
		case n.n <= 0:
			return fmt.Sprintf("%s%s is %d; accepted: 1 or more", kind, n.name, n.n)
		case n.n > maxTiming:
			return fmt.Sprintf("%s%s is %d; accepted: at most %d", kind, n.name, n.n, int64(maxTiming))
		}
	}
	return ""
}

// superfluous names a value that the standard must not have, because the controller would ignore it.
func (s *Standard) superfluous() string {
	t := &s.Timing
	var none []named
	if s.Family == HBM {
		none = append(none, named{"TBLMin", t.TBLMin}, named{"TCS", t.TCS}, // pseudo channels share no data pins
			named{"TDQSCK", t.TDQSCK}, named{"Commands.Activate", s.Commands.Activate},
			named{"Commands.Column", s.Commands.Column}, named{"Commands.Precharge", s.Commands.Precharge})
	} else {
		none = append(none, named{"TRCDWR", t.TRCDWR}, named{"HBM.Activate", s.HBM.Activate}, named{"HBM.Column", s.HBM.Column})
		if s.HBM.HalfClock {
			return "HBM.HalfClock is of HBM only"
		}
	}
	if s.Stacks <= 1 {
		none = append(none, named{"TCCDR", t.TCCDR})
	}
	if !s.Split {
		none = append(none, named{"TAAD", t.TAAD})
	}
	if !s.WCK {
		if s.OneWCK {
			return "OneWCK is of standards with WCK only"
		}
		none = append(none, named{"TWCKPST", t.TWCKPST})
	}
	for _, n := range none {
		if n.n != 0 {
			return fmt.Sprintf("%s is %d; accepted: 0, as the standard has no use for it", n.name, n.n)
		}
	}
	return ""
}

// relation is one that holds in every DRAM: left is at least right. what is the error if it does not.
type relation struct {
	what        string
	left, right int64
}

// contradiction names a relation of timings that no DRAM can have. tRAS and tRCD are in no relation: JESD209-4 has
// max(42 ns, 3nCK) and max(18 ns, 4nCK), which cross at a slow clock. Nor are tFAW and 4 tRRD.
func (s *Standard) contradiction() string {
	t := &s.Timing
	transfers := int64(s.Burst) * 8 / int64(s.BusWidth())
	if transfers == 0 || transfers%t.TBL != 0 {
		return fmt.Sprintf("TBL %d clocks do not divide the %d transfers of a burst of %d B on %d pins",
			t.TBL, transfers, s.Burst, s.BusWidth())
	}
	if sum := t.TRAS + t.TRP; t.TRC < sum {
		return fmt.Sprintf("TRC %d is shorter than TRAS %d + TRP %d", t.TRC, t.TRAS, t.TRP)
	}
	// Data of a WR never starts before that of an earlier RD has ended.
	if t.TDQSCK < 0 || t.TDQSCK > maxTiming {
		return fmt.Sprintf("TDQSCK is %d; accepted: 0 to %d", t.TDQSCK, int64(maxTiming))
	}
	if t.TBLMin != 0 && (t.TBLMin < t.TBL || t.TBLMin > t.TBLMax) {
		return fmt.Sprintf("TBLMin is %d; accepted: 0, or TBL %d to TBLMax %d", t.TBLMin, t.TBL, t.TBLMax)
	}
	if t.TCL+t.TBL+t.TRTRS <= t.TCWL {
		return fmt.Sprintf("TCWL %d is not shorter than TCL %d + TBL %d + TRTRS %d", t.TCWL, t.TCL, t.TBL, t.TRTRS)
	}
	if problem := s.maskProblem(); problem != "" {
		return problem
	}
	if problem := s.modesProblem(); problem != "" && s.Operation == (Operation{}) {
		return problem
	}
	rules := []relation{
		{"TBLMax %d is shorter than TBL %d", t.TBLMax, t.TBL},
		{"TRPAB %d is shorter than TRP %d", t.TRPAB, t.TRP},
		{"TCCDL %d, of one bank group, is shorter than TCCDS %d", t.TCCDL, t.TCCDS},
		{"TCCDLW %d, of one bank group, is shorter than TCCDSW %d", t.TCCDLW, t.TCCDSW},
		{"TRRDL %d, of one bank group, is shorter than TRRDS %d", t.TRRDL, t.TRRDS},
		{"TWTRL %d, of one bank group, is shorter than TWTRS %d", t.TWTRL, t.TWTRS},
		{"TCCDS %d is shorter than TBL %d: bursts would overlap", t.TCCDS, t.TBL},
		{"TCCDSW %d is shorter than TBL %d: bursts would overlap", t.TCCDSW, t.TBL},
		{"TFAW %d, of four activates, is shorter than TRRDS %d, of one", t.TFAW, t.TRRDS},
	}
	if s.Stacks > 1 {
		rules = append(rules, relation{"TCCDR %d, of other dies, is shorter than TCCDS %d", t.TCCDR, t.TCCDS})
	}
	if c := s.Commands; s.Family == SingleBus {
		if (s.Split || s.WCK) && max(c.Activate, c.Column, c.Precharge) > 1 {
			return fmt.Sprintf("commands take %d, %d and %d clocks; accepted: 1, as an activate in two parts and a CAS are modelled with "+
				"commands of one clock", c.Activate, c.Column, c.Precharge)
		}
		rules = append(rules,
			relation{"TRP %d is shorter than the %d clocks of an ACT", t.TRP, c.Activate},
			relation{"TRCD %d is shorter than the %d clocks of a column command", t.TRCD, c.Column},
			relation{"TCCDS %d is shorter than the %d clocks of a column command", t.TCCDS, c.Column},
			relation{"TCCDSW %d is shorter than the %d clocks of a column command", t.TCCDSW, c.Column},
			relation{"TRTP %d is shorter than the %d clocks of a PRE", t.TRTP, c.Precharge},
			relation{"TPPD %d is shorter than the %d clocks of a PRE", t.TPPD, c.Precharge})
	}
	if s.Family == HBM { // JEDEC counts from the last clock of a command to the last of the next: a gap must remain
		rules = append(rules,
			relation{"TRP %d is not longer than the %d clocks of an ACT", t.TRP, s.HBM.Activate},
			relation{"TRCD %d is shorter than the %d clocks of a column command", t.TRCD, s.HBM.Column},
			relation{"TRCDWR %d is shorter than the %d clocks of a column command", t.TRCDWR, s.HBM.Column},
			relation{"TCCDS %d is shorter than the %d clocks of a column command", t.TCCDS, s.HBM.Column})
		if s.HBM.HalfClock && t.TPPD < 2 {
			return fmt.Sprintf("TPPD is %d half clocks; accepted: 2 or more, as "+
				"a PRE may not use the falling edge paired with another", t.TPPD)
		}
	}
	return firstBroken(rules)
}

func (s *Standard) refreshContradiction() string {
	t := &s.Timing
	if t.TREFI <= t.TRFC {
		return fmt.Sprintf("TREFI %d is not longer than TRFC %d: the channel would do nothing but refresh", t.TREFI, t.TRFC)
	}
	for _, f := range []struct {
		name, coarser string
		finer, coarse int64
	}{{"TRFC2", "TRFC", t.TRFC2, t.TRFC}, {"TRFC4", "TRFC2", t.TRFC4, t.TRFC2}} {
		if s.Operation.FineGranularity == Fine1x && (f.finer < 0 || f.finer > 0 && (f.finer > f.coarse || 2*f.finer < f.coarse)) {
			return fmt.Sprintf("%s is %d; accepted: 0, or half to all of %s %d", f.name, f.finer, f.coarser, f.coarse)
		}
	}
	if problem := s.hotProblem(); problem != "" || !s.HasPerBankRefresh() {
		return problem
	}
	banks := int64(s.Groups * s.Banks * max(s.Stacks, 1))
	if n := int64(s.RefreshBanks); banks%n != 0 {
		return fmt.Sprintf("RefreshBanks is %d; accepted: a divisor of the %d banks of a rank", n, banks)
	}
	if s.RefreshRounds < 0 || s.RefreshRounds > maxRounds {
		return fmt.Sprintf("RefreshRounds is %d; accepted: 0 to %d", s.RefreshRounds, maxRounds)
	}
	commands, round := banks/int64(s.RefreshBanks), t.TREFI*int64(max(s.RefreshRounds, 1)) // per-bank refreshes of all banks, and their time
	if s.SameBank {
		if s.Groups == 1 || s.RefreshBanks != s.Groups {
			return fmt.Sprintf("RefreshBanks is %d of %d groups; accepted: as many, at least 2, as same-bank refresh is of one bank of each",
				s.RefreshBanks, s.Groups)
		}
		if t.TRFC2 == 0 {
			return "TRFC2 is 0; accepted: 1 or more, as same-bank refresh is of the mode of fine granularity"
		}
		if s.Operation.FineGranularity == Fine1x {
			round /= 2 // same-bank refresh is of fine granularity
		}
	}
	clock := int64(1) // to which TREFIPB is rounded
	if s.HBM.HalfClock {
		clock = 2
	}
	if off := commands*t.TREFIPB - round; off > clock*commands || off < -clock*commands {
		return fmt.Sprintf("TREFIPB %d is not TREFI %d / %d, the per-bank refreshes of a round", t.TREFIPB, round, commands)
	}
	return firstBroken([]relation{
		{"TRFC %d is shorter than TRFCPB %d, of fewer banks", t.TRFC, t.TRFCPB},
		{"TREFIPB %d is shorter than TPBR2PB %d: refreshes would fall due faster than they may be issued", t.TREFIPB, t.TPBR2PB},
		{"TRFCPB %d, of the bank itself, is shorter than TPBR2AC %d, of another", t.TRFCPB, t.TPBR2AC},
	})
}

// modesProblem says what is wrong with the list of bank modes.
func (s *Standard) modesProblem() string {
	switch n := len(s.BankModes); {
	case n == 0:
		return ""
	case !s.WCK || s.Groups*s.Banks != 16 || s.Timing.TBLMin != 0:
		return fmt.Sprintf("BankModes are %v; accepted: none, as they are of LPDDR5's 16 banks and bursts of 16", s.BankModes)
	case s.BankModes[0] == Bank8 || (s.BankModes[0] == BankGroups) != (s.Groups > 1):
		return fmt.Sprintf("BankModes begin with %v, of %d groups; accepted: first %v of several groups, %v of one", s.BankModes[0], s.Groups,
			BankGroups, Bank16)
	case slices.Contains(s.BankModes[1:], BankGroups) || slices.Contains(s.BankModes[1:], Bank16):
		return fmt.Sprintf("BankModes are %v; accepted: the one of the table, and %v", s.BankModes, Bank8)
	}
	return ""
}

// maskProblem says what is wrong with the gaps before masked writes.
func (s *Standard) maskProblem() string {
	t := &s.Timing
	for _, m := range []struct {
		name string
		n    int64
	}{{"TCCDMW", t.TCCDMW}, {"TCCDLM", t.TCCDLM}} {
		if m.n != 0 && (m.n < t.TCCDLW || m.n > maxTiming || s.Family == HBM) {
			return fmt.Sprintf("%s is %d; accepted: 0, or TCCDLW %d or more, of LPDDR or DDR", m.name, m.n, t.TCCDLW)
		}
	}
	return ""
}

// hotProblem says what is wrong with the table of temperatures.
func (s *Standard) hotProblem() string {
	before := HotStep{normalTemperature, 1}
	for _, h := range s.Hot {
		if h.UpTo <= before.UpTo || h.Times <= before.Times || h.Times > maxRounds {
			return fmt.Sprintf("Hot has refresh %d times as often up to %v; accepted: more often than %d times, above %v, at most %d times",
				h.Times, h.UpTo, before.Times, before.UpTo, maxRounds)
		}
		before = h
	}
	return ""
}

func firstBroken(rules []relation) string {
	for _, r := range rules {
		if r.left < r.right {
			return fmt.Sprintf(r.what, r.left, r.right)
		}
	}
	return ""
}

// BusWidth returns the number of pins of one data bus. Pseudo channels have one each.
func (s *Standard) BusWidth() int {
	if s.Family == HBM {
		return s.Width / PseudoChannels
	}
	return s.Width
}

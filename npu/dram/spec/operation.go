package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Operation is how a part is operated where its standard leaves a choice. The zero value is what every preset is
// without it: refreshes of normal granularity, at most 85 °C, WCK as the standard has it.
type Operation struct {
	FineGranularity FineGranularity
	Temperature     unit.Celsius // of the case; 0: at most normalTemperature
	WCK             WCK
	BankMode        BankMode
	BurstLength     BurstLength
}

// String lists what is not usual: "fine granularity 2x, 95C, WCK by channel".
func (o Operation) String() string {
	var all []string
	if o.FineGranularity != Fine1x {
		all = append(all, "fine granularity "+o.FineGranularity.String())
	}
	if o.Temperature > normalTemperature {
		all = append(all, o.Temperature.String())
	}
	if o.BankMode != BanksOfStandard {
		all = append(all, o.BankMode.String()+" mode")
	}
	if o.BurstLength != BurstOfStandard {
		all = append(all, "bursts of "+o.BurstLength.String())
	}
	if o.WCK != WCKOfStandard {
		all = append(all, "WCK by "+o.WCK.String())
	}
	return strings.Join(all, ", ")
}

// normalTemperature is the highest temperature at which refresh is due every tREFI (JESD79-4, JESD79-5, JESD209-4,
// JESD209-5, JESD235).
const normalTemperature unit.Celsius = 85

// FineGranularity is how many all-bank refreshes come instead of one; each is shorter.
type FineGranularity uint8

// The granularities.
const (
	Fine1x FineGranularity = iota // one every tREFI
	Fine2x                        // every tREFI / 2, each for tRFC2
	Fine4x                        // every tREFI / 4, each for tRFC4
)

var fineNames = []string{"1x", "2x", "4x"}

// Forms says what UnmarshalText reads.
func (f FineGranularity) Forms() string { return "one of " + strings.Join(fineNames, ", ") }

// String returns the name used in configs.
func (f FineGranularity) String() string { return nameOf(uint8(f), fineNames) }

// UnmarshalText reads "2x".
func (f *FineGranularity) UnmarshalText(text []byte) error {
	return setNamed((*uint8)(f), text, fineNames, "granularity of refresh")
}

// MarshalText writes what UnmarshalText reads.
func (f FineGranularity) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// WCK says which ranks of LPDDR5 have WCK running around data.
type WCK uint8

// The ways.
const (
	WCKOfStandard WCK = iota // as the standard has it
	WCKOfRank                // in the rank that moves the data
	WCKOfChannel             // in all ranks at once
)

var wckNames = []string{"standard", "rank", "channel"}

// Forms says what UnmarshalText reads.
func (w WCK) Forms() string { return "one of " + strings.Join(wckNames, ", ") }

// String returns the name used in configs.
func (w WCK) String() string { return nameOf(uint8(w), wckNames) }

// UnmarshalText reads "channel".
func (w *WCK) UnmarshalText(text []byte) error {
	return setNamed((*uint8)(w), text, wckNames, "extent of WCK")
}

// MarshalText writes what UnmarshalText reads.
func (w WCK) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

func nameOf(i uint8, names []string) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("number %d", i)
}

// setNamed sets v to the index of a text among names.
func setNamed(v *uint8, text []byte, names []string, what string) error {
	i := slices.Index(names, string(text))
	if i < 0 {
		return fmt.Errorf("%s %q is not known; accepted: %s", what, text, strings.Join(names, ", "))
	}
	*v = uint8(i)
	return nil
}

// HotStep says that up to a temperature refreshes are due so many times as often as up to normalTemperature.
type HotStep struct {
	UpTo  unit.Celsius
	Times int64
}

// HotSteps are steps of rising temperature.
type HotSteps []HotStep

// UnmarshalText reads "95C: 2x, 105C: 4x".
func (h *HotSteps) UnmarshalText(text []byte) error {
	var all HotSteps
	for part := range strings.SplitSeq(string(text), ",") {
		at, times, ok := strings.Cut(strings.TrimSpace(part), ": ")
		number, marked := strings.CutSuffix(times, "x")
		var s HotStep
		n, err := strconv.ParseUint(number, 10, 8)
		if s.Times = int64(n); !ok || !marked || err != nil || s.UpTo.UnmarshalText([]byte(at)) != nil {
			return fmt.Errorf("%q is no table of temperatures; accepted: %s", text, h.Forms())
		}
		all = append(all, s)
	}
	*h = all
	return nil
}

// String writes h as UnmarshalText reads it.
func (h HotSteps) String() string {
	var all []string
	for _, s := range h {
		all = append(all, fmt.Sprintf("%v: %dx", s.UpTo, s.Times))
	}
	return strings.Join(all, ", ")
}

// Forms says what UnmarshalText reads.
func (h HotSteps) Forms() string {
	return `how many times as often refresh comes up to a temperature, by rising temperature, such as "95C: 2x, 105C: 4x"`
}

// Fault is a choice that a standard does not have. Key is its name among the keys of dram.
type Fault struct {
	Key string
	Err error // what is wrong; accepted: what would be right
}

// Operate changes s, a copy of a table of a part, to one that is operated as o says, with some timings changed. It
// returns the choices that s does not have, and leaves s as it is in these. Timings are those of the banks'
// organisation, at normalTemperature and of normal granularity. It is for once.
func (s *Standard) Operate(o Operation, timings *Changes) (faults []Fault) {
	if o == (Operation{}) { // the common case
		if timings != nil {
			s.Change(timings)
		}
		return nil
	}
	was := *s
	for _, c := range o.choices() {
		if timings != nil && c.key == "fine_granularity" {
			s.Change(timings)
		}
		if err := c.apply(s); err != nil {
			faults = append(faults, Fault{c.key, err})
		}
	}
	made := o.Made()
	if len(made) == 0 || len(faults) > 0 || s.Validate() == nil {
		return faults
	}
	if timings != nil {
		was.Change(timings)
	}
	if problem, _ := s.Problem(); was.Validate() == nil { // else it is not the operation that is to blame
		faults = append(faults, Fault{made[len(made)-1], fmt.Errorf("%s cannot be operated so: %s; accepted: another choice, or none",
			s.Name, strings.ReplaceAll(problem, "; accepted: ", ", accepted: "))})
	}
	return faults
}

// choice is one field of an Operation.
type choice struct {
	key   string
	made  bool // it is not as without it
	apply func(s *Standard) error
}

func (o Operation) choices() []choice {
	return []choice{
		{"bank_mode", o.BankMode != BanksOfStandard, func(s *Standard) error { return s.setBanks(o.BankMode) }},
		{"burst_length", o.BurstLength != BurstOfStandard, func(s *Standard) error { return s.setBurst(o.BurstLength) }},
		{"fine_granularity", o.FineGranularity != Fine1x, func(s *Standard) error { return s.refreshFiner(o.FineGranularity) }},
		{"temperature", o.Temperature != 0, func(s *Standard) error { return s.warm(o.Temperature) }},
		{"wck", o.WCK != WCKOfStandard, func(s *Standard) error { return s.extendWCK(o.WCK) }},
	}
}

// Made returns the keys of the choices that are made.
func (o Operation) Made() (keys []string) {
	for _, c := range o.choices() {
		if c.made {
			keys = append(keys, c.key)
		}
	}
	return keys
}

// refreshFiner changes all-bank refresh to a finer granularity. As many more may be postponed: a limit of time
// (JESD79-4: 8, 16, 32; JESD79-5 [M]: 4, 8). A finer refresh is of so many rows less, and is taken to cost so much less
// energy [A]. DDR5's same-bank refresh is always that of fine granularity, and stays as it is.
func (s *Standard) refreshFiner(f FineGranularity) error {
	t := &s.Timing
	clocks := map[FineGranularity]int64{Fine1x: t.TRFC, Fine2x: t.TRFC2, Fine4x: t.TRFC4}
	if clocks[f] == 0 {
		var has []string
		for i, name := range fineNames {
			if clocks[FineGranularity(i)] > 0 {
				has = append(has, name)
			}
		}
		return fmt.Errorf("%s, but %s has no such refresh; accepted: %s", f, s.Name, strings.Join(has, ", "))
	}
	n := int64(1) << f
	t.TREFI, t.TRFC = t.TREFI/n, clocks[f]
	s.Operation.FineGranularity = f
	s.MaxPostponed *= int(n)
	s.Energy.Refresh /= unit.Picojoules(n)
	return nil
}

// warm makes refreshes due as often as a temperature needs.
func (s *Standard) warm(c unit.Celsius) error {
	if c <= normalTemperature {
		return nil
	}
	for _, h := range s.Hot {
		if c <= h.UpTo {
			s.Timing.TREFI /= h.Times
			s.Timing.TREFIPB /= h.Times
			s.Operation.Temperature = c
			return nil
		}
	}
	most := normalTemperature
	if n := len(s.Hot); n > 0 {
		most = s.Hot[n-1].UpTo
	}
	return fmt.Errorf("%v, but %s works up to %v; accepted: %v to %v", c, s.Name, most, unit.Celsius(0), most)
}

// extendWCK says in which ranks WCK runs.
func (s *Standard) extendWCK(w WCK) error {
	switch {
	case w == WCKOfStandard:
		return nil
	case !s.WCK:
		return fmt.Errorf("%s, but %s has no WCK, which is of LPDDR5; accepted: %s", w, s.Name, WCKOfStandard)
	}
	s.OneWCK, s.Operation.WCK = w == WCKOfChannel, w
	return nil
}

package dram

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Family says which controller drives a standard.
type Family uint8

// The families of controllers.
const (
	SingleBus Family = iota // LPDDR and DDR: one command per clock
	HBM                     // two pseudo channels, a row and a column command bus
)

// Limits of the fixed-size controller state.
const (
	maxBanks  = 64 // of all ranks
	maxGroups = 32 // of all ranks
	maxRanks  = 4
)

// Timing is the timing table of a standard in clocks of its command clock (CK), with JEDEC's names. A value that a
// standard does not have is zero; Validate knows which ones it must have.
type Timing struct {
	TBL    int64 // data bus clocks of one burst
	TBLMax int64 // clocks after which a burst's core access is over: BL/n_max of LPDDR5's bank group mode, else TBL
	TCL    int64 // RD to first datum
	TCWL   int64 // WR to first datum
	TRCD   int64 // ACT to RD, WR
	TRP    int64 // PRE to ACT, one bank
	TRPAB  int64 // PRE-all to ACT
	TRAS   int64 // ACT to PRE
	TRC    int64 // ACT to ACT of one bank
	TWR    int64 // end of write data to PRE
	TRTP   int64 // RD to PRE
	TPPD   int64 // PRE to PRE
	TCCDS  int64 // RD to RD, other bank group
	TCCDL  int64 // RD to RD, same bank group
	TCCDSW int64 // WR to WR, other bank group
	TCCDLW int64 // WR to WR, same bank group
	TRRDS  int64 // ACT to ACT, other bank group
	TRRDL  int64 // ACT to ACT, same bank group
	TWTRS  int64 // end of write data to RD, other bank group
	TWTRL  int64 // end of write data to RD, same bank group
	TRTRS  int64 // bubble when the data bus turns from read to write
	TCS    int64 // bubble when the data bus goes from one rank to another
	TFAW   int64 // window that holds at most four ACTs

	TREFI   int64 // all-bank refresh interval
	TRFC    int64 // all-bank refresh to any command
	TREFIPB int64 // per-bank refresh interval (of the rank: each bank's divided by the banks)
	TRFCPB  int64 // per-bank refresh to ACT of that bank
	TPBR2PB int64 // per-bank refresh to per-bank refresh
	TPBR2AC int64 // per-bank refresh to ACT of another bank

	TAAD    int64 // split activate: last clock of ACT-2 after ACT-1
	TWCKPST int64 // WCK postamble: the clock runs this much longer than the data
}

// Standard is checked data: a DRAM standard at one speed and density, with its source.
type Standard struct {
	Name   string
	Source string // where every number comes from, and where sources disagree
	Family Family

	TCK      unit.Femtoseconds // command clock
	Width    int               // data bits of a channel
	Burst    unit.Bytes        // bytes of one burst
	Ranks    int               // pseudo channels of HBM
	Stacks   int               // stack identifiers of a rank; 0: the standard has none
	Groups   int               // bank groups; 1: none
	Banks    int               // banks of a group
	Rows     int               // rows of a bank
	Columns  int               // bursts of a row
	Split    bool
	WCK      bool
	Timing   Timing
	Comments []string // assumptions, one each

	MaxPostponed int // refreshes that may be postponed (JEDEC)
}

// standards lists the constructors of all presets. HBM's stand in hbm*.go.
func standards() []*Standard {
	return []*Standard{lpddr4x4266(), lpddr56400(), lpddr5x8533(), ddr43200(), ddr56400(), hbm2(), hbm3()}
}

// Names returns the names that Lookup accepts, sorted.
func Names() []string {
	var names []string
	for _, s := range standards() {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names
}

// Lookup returns a fresh copy of the preset of that name.
func Lookup(name string) (*Standard, error) {
	for _, s := range standards() {
		if s.Name == name {
			return s, nil
		}
	}
	return nil, fmt.Errorf("DRAM standard %q is not known; accepted: %s", name, strings.Join(Names(), ", "))
}

// PeakBytesPerSecond is the bandwidth of the data pins of that many channels.
func (s *Standard) PeakBytesPerSecond(channels int) unit.BytesPerSecond {
	const fs = 1_000_000_000_000_000
	buses := channels
	if s.Family == HBM {
		buses *= s.Ranks // pseudo channels have a data bus each, ranks share one
	}
	hi, lo := bits.Mul64(uint64(s.Burst)*uint64(buses), fs)
	q, _ := bits.Div64(hi, lo, uint64(s.Timing.TBL)*uint64(s.TCK))
	return unit.BytesPerSecond(q)
}

// RowBytes is the size of an open row.
func (s *Standard) RowBytes() unit.Bytes { return s.Burst * unit.Bytes(s.Columns) }

// ChannelBytes is the capacity of one channel.
func (s *Standard) ChannelBytes() unit.Bytes {
	return s.RowBytes() * unit.Bytes(s.Rows) * unit.Bytes(s.Banks*s.Groups*s.Ranks)
}

// Validate refuses a standard that lacks a source, a geometry or a timing, or that contradicts itself.
func (s *Standard) Validate() error {
	fail := func(format string, a ...any) error {
		return fmt.Errorf("DRAM standard %q: %s", s.Name, fmt.Sprintf(format, a...))
	}
	if s.Name == "" {
		return fmt.Errorf("DRAM standard has no name")
	}
	if strings.TrimSpace(s.Source) == "" {
		return fail("has no source: every timing table needs a citation")
	}
	if s.TCK <= 0 {
		return fail("clock period TCK is %d fs; must be positive", s.TCK)
	}
	for _, g := range []struct {
		name string
		n    int
	}{{"Width", s.Width}, {"Burst", int(s.Burst)}, {"Ranks", s.Ranks}, {"Groups", s.Groups}, {"Banks", s.Banks},
		{"Rows", s.Rows}, {"Columns", s.Columns}} {
		if g.n <= 0 || g.n&(g.n-1) != 0 {
			return fail("%s is %d; must be a power of two", g.name, g.n)
		}
	}
	if s.Ranks > maxRanks {
		return fail("has %d ranks; at most %d are modelled", s.Ranks, maxRanks)
	}
	if s.Ranks*s.Groups > maxGroups || s.Ranks*s.Groups*s.Banks > maxBanks {
		return fail("has %d bank groups of %d banks; at most %d groups and %d banks are modelled", s.Groups, s.Banks, maxGroups, maxBanks)
	}
	if s.Family == HBM {
		return nil // the HBM controller checks its own table
	}
	return s.validateTiming(fail)
}

func (s *Standard) validateTiming(fail func(string, ...any) error) error {
	t := &s.Timing
	type named struct {
		name string
		n    int64
	}
	need := []named{{"TBL", t.TBL}, {"TBLMax", t.TBLMax}, {"TCL", t.TCL}, {"TCWL", t.TCWL}, {"TRCD", t.TRCD}, {"TRP", t.TRP},
		{"TRPAB", t.TRPAB}, {"TRAS", t.TRAS}, {"TRC", t.TRC}, {"TWR", t.TWR}, {"TRTP", t.TRTP}, {"TPPD", t.TPPD},
		{"TCCDS", t.TCCDS}, {"TCCDL", t.TCCDL}, {"TCCDSW", t.TCCDSW}, {"TCCDLW", t.TCCDLW}, {"TRRDS", t.TRRDS},
		{"TRRDL", t.TRRDL}, {"TWTRS", t.TWTRS}, {"TWTRL", t.TWTRL}, {"TRTRS", t.TRTRS}, {"TFAW", t.TFAW},
		{"TREFI", t.TREFI}, {"TRFC", t.TRFC}}
	if s.Split {
		need = append(need, named{"TAAD", t.TAAD})
	}
	if s.Family == SingleBus && s.Ranks > 1 {
		need = append(need, named{"TCS", t.TCS})
	}
	if s.WCK {
		need = append(need, named{"TWCKPST", t.TWCKPST})
	}
	if t.TREFIPB != 0 || t.TRFCPB != 0 {
		need = append(need, named{"TREFIPB", t.TREFIPB}, named{"TRFCPB", t.TRFCPB}, named{"TPBR2PB", t.TPBR2PB}, named{"TPBR2AC", t.TPBR2AC})
	}
	for _, n := range need {
		if n.n <= 0 {
			return fail("timing %s is %d; must be positive", n.name, n.n)
		}
	}
	switch {
	case t.TRC < t.TRAS+t.TRP:
		return fail("TRC %d is shorter than TRAS %d + TRP %d", t.TRC, t.TRAS, t.TRP)
	case t.TCCDL < t.TCCDS || t.TRRDL < t.TRRDS || t.TWTRL < t.TWTRS || t.TCCDLW < t.TCCDSW:
		return fail("a same-bank-group timing (TCCDL, TCCDLW, TRRDL, TWTRL) is shorter than its other-group one")
	case t.TRPAB < t.TRP:
		return fail("TRPAB %d is shorter than TRP %d", t.TRPAB, t.TRP)
	case t.TBLMax < t.TBL:
		return fail("TBLMax %d is shorter than TBL %d", t.TBLMax, t.TBL)
	case t.TREFI <= t.TRFC:
		return fail("TREFI %d is not longer than TRFC %d: the channel would do nothing but refresh", t.TREFI, t.TRFC)
	}
	return nil
}

package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// BankMode is how LPDDR5's banks are organised (JESD209-5, MR3).
type BankMode uint8

// The modes. Of the 16 banks, those of a group share a path to the pins, so that they take turns with others above 3200
// Mb/s; in 8-bank mode two work as one of twice the page, and a burst takes from both.
const (
	BanksOfStandard BankMode = iota // the one of the table
	BankGroups                      // 4 groups of 4 banks: above 3200 Mb/s
	Bank16                          // 16 banks: up to 3200 Mb/s
	Bank8                           // 8 banks, bursts of 32: at any speed; not in LPDDR5X
)

var bankModeNames = []string{"standard", "bank-group", "16-bank", "8-bank"}

// Forms says what UnmarshalText reads.
func (m BankMode) Forms() string { return "one of " + strings.Join(bankModeNames, ", ") }

// String returns the name used in configs.
func (m BankMode) String() string { return nameOf(uint8(m), bankModeNames) }

// UnmarshalText reads "8-bank".
func (m *BankMode) UnmarshalText(text []byte) error {
	return setNamed((*uint8)(m), text, bankModeNames, "bank mode")
}

// MarshalText writes what UnmarshalText reads.
func (m BankMode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// BankModes are organisations of banks.
type BankModes []BankMode

// UnmarshalText reads "bank-group, 8-bank".
func (b *BankModes) UnmarshalText(text []byte) error {
	var all BankModes
	for name := range strings.SplitSeq(string(text), ",") {
		var m BankMode
		if err := m.UnmarshalText([]byte(strings.TrimSpace(name))); err != nil || m == BanksOfStandard || slices.Contains(all, m) {
			return fmt.Errorf("%q is no list of bank modes; accepted: %s", text, b.Forms())
		}
		all = append(all, m)
	}
	*b = all
	return nil
}

// String writes b as UnmarshalText reads it.
func (b BankModes) String() string {
	var names []string
	for _, m := range b {
		names = append(names, m.String())
	}
	return strings.Join(names, ", ")
}

// Forms says what UnmarshalText reads.
func (b BankModes) Forms() string {
	return "different ones of " + strings.Join(bankModeNames[1:], ", ") + `, first that of the other keys, such as "bank-group, 8-bank"`
}

// BurstLength is the number of data on each pin of one RD or WR of LPDDR5.
type BurstLength uint8

// The lengths.
const (
	BurstOfStandard BurstLength = iota // that of the mode: 16, or 32 in 8-bank mode
	Burst16
	Burst32
)

var burstLengthNames = []string{"standard", "16", "32"}

// Forms says what UnmarshalText reads.
func (b BurstLength) Forms() string { return "one of " + strings.Join(burstLengthNames, ", ") }

// String returns the name used in configs.
func (b BurstLength) String() string { return nameOf(uint8(b), burstLengthNames) }

// UnmarshalText reads "32".
func (b *BurstLength) UnmarshalText(text []byte) error {
	return setNamed((*uint8)(b), text, burstLengthNames, "burst length")
}

// MarshalText writes what UnmarshalText reads.
func (b BurstLength) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// setBanks changes the organisation of the banks, with all that depends on it.
func (s *Standard) setBanks(m BankMode) error {
	switch {
	case m == BanksOfStandard:
		return nil
	case len(s.BankModes) == 0:
		return fmt.Errorf("%s, but the banks of %s have one organisation, as only LPDDR5's have several; accepted: %s", m, s.Name, BanksOfStandard)
	case !slices.Contains(s.BankModes, m):
		return fmt.Errorf("%s, but %s has no such mode (bank groups above 3200 Mb/s, 16 banks up to that, 8 banks not in LPDDR5X); accepted: %s",
			m, s.Name, s.BankModes)
	case m == s.BankModes[0]:
		return nil
	}
	s.Operation.BankMode = m
	s.eightBanks()
	return nil
}

// eightBanks is the change to 8-bank mode: tRRD 10, tFAW 40, tWTR 12 ns, BL/n 4 clocks at 4:1, pages of 4 KiB (gem5,
// LPDDR5_6400_1x16_8B_BL32; Synopsys' initialisation of its LPDDR5 controller, but for tFAW, which it does not use). A
// per-bank refresh is of one bank, which is two of 16. An activate takes twice the energy [A].
func (s *Standard) eightBanks() {
	t := &s.Timing
	s.Banks, s.Groups = s.Groups*s.Banks/2, 1
	s.Columns *= 2 // and half as many, of twice the bytes
	if s.RefreshBanks > 1 {
		s.RefreshBanks /= 2
	}
	t.TBLMax, t.TCCDL, t.TCCDLW = t.TBL, t.TCCDS, t.TCCDSW
	s.longBursts()
	t.TRRDS = max(s.clocks(10_000_000), 2)
	t.TRRDL, t.TFAW, t.TWTRS = t.TRRDS, s.clocks(40_000_000), t.TWTRL
	s.Energy.Activate *= 2
}

// clocks returns a duration in clocks, rounded up.
func (s *Standard) clocks(d unit.Femtoseconds) int64 { return int64((d + s.TCK - 1) / s.TCK) }

// setBurst changes the burst length.
func (s *Standard) setBurst(b BurstLength) error {
	switch eight := s.Operation.BankMode == Bank8; {
	case b == BurstOfStandard:
	case len(s.BankModes) == 0:
		return fmt.Errorf("%s, but bursts of %s have one length, as only LPDDR5's have two; accepted: %s", b, s.Name, BurstOfStandard)
	case eight && b == Burst16:
		return fmt.Errorf("%s, but bursts in 8-bank mode have 32; accepted: %s, %s", b, BurstOfStandard, Burst32)
	case !eight && b == Burst32 && s.Columns < 2:
		return fmt.Errorf("%s, but a row of %s holds one burst of 16; accepted: %s", b, s.Name, BurstOfStandard)
	case !eight && b == Burst32:
		s.Operation.BurstLength = b
		s.longBursts()
	}
	return nil
}

// longBursts doubles bursts to 32 data on each pin. In bank group mode they come in two halves with a gap of a half
// between them, in which another group's burst has its own: the last datum comes after BL/n_min = 6 clocks, the group
// is free after BL/n_max = 8 (gem5, LPDDR5_6400_1x16_BG_BL32; Synopsys). Here the two halves take the data bus one
// after the other, 4 clocks for each burst, which comes to the same for pairs of bursts. The energy is twice that of
// 16.
func (s *Standard) longBursts() {
	t, e := &s.Timing, &s.Energy
	half := t.TBL
	s.Burst, s.Columns = 2*s.Burst, s.Columns/2
	for _, v := range []*int64{&t.TBL, &t.TBLMax, &t.TCCDS, &t.TCCDL, &t.TCCDSW, &t.TCCDLW} {
		*v *= 2
	}
	t.TCCDMW = 5 * t.TCCDLW / 2 // 2.5 tCCD_L of long bursts, for 4 of short ones (Synopsys); of 8-bank mode [A]
	last := t.TBL
	if s.Groups > 1 {
		last += half
		t.TBLMin = last
	}
	t.TRTP += last - half // counted from the end of the burst: BL/n_min + tRBTP
	for _, v := range []*unit.Picojoules{&e.Read, &e.Write, &e.ReadIO, &e.WriteIO} {
		*v *= 2
	}
}

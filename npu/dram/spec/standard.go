package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Family says which controller drives a standard.
type Family uint8

// The families of controllers.
const (
	SingleBus Family = iota // LPDDR and DDR: one command at a time
	HBM                     // two pseudo channels, a row and a column command bus
)

// Limits of the fixed-size controller state, over all ranks.
const (
	MaxBanks  = 64
	MaxGroups = 32
	MaxRanks  = 4
)

var familyNames = []string{"single-bus", "hbm"}

// UnmarshalText reads "hbm".
func (f *Family) UnmarshalText(text []byte) error {
	i := slices.Index(familyNames, string(text))
	if i < 0 {
		return fmt.Errorf("controller %q is not known; accepted: %s", text, strings.Join(familyNames, ", "))
	}
	*f = Family(i)
	return nil
}

// String writes f as UnmarshalText reads it.
func (f Family) String() string {
	if int(f) < len(familyNames) {
		return familyNames[f]
	}
	return fmt.Sprintf("controller(%d)", uint8(f))
}

// Forms is what UnmarshalText reads.
func (f Family) Forms() string { return "one of " + strings.Join(familyNames, ", ") }

// PseudoChannels is the number of pseudo channels of an HBM channel (JESD235, JESD238).
const PseudoChannels = 2

// Timing is the timing table of a standard in clocks of TCK, with JEDEC's names. A timing that the standard does not
// have is zero; Validate knows which ones it must have. JEDEC counts from the last clock of a command that takes
// several. The tag is the name that files and keys of configurations have for it: a field with a tag is such a key.
type Timing struct {
	TBL    int64 `yaml:"tBL"`       // data bus clocks of one burst
	TBLMin int64 `yaml:"tBL_min"`   // clocks to the end of a burst's data where others come between: BL/n_min of LPDDR5's bursts of 32; 0: TBL
	TBLMax int64 `yaml:"tBL_max"`   // clocks after which a burst's core access is over: BL/n_max of LPDDR5's bank group mode, else TBL
	TCL    int64 `yaml:"tCL"`       // RD to first datum
	TDQSCK int64 `yaml:"tDQSCK"`    // by how much the data of a RD come later (LPDDR4); 0: in step with the clock
	TCWL   int64 `yaml:"tCWL"`      // WR to first datum
	TRCD   int64 `yaml:"tRCD"`      // ACT to RD, WR; HBM: to RD
	TRCDWR int64 `yaml:"tRCDWR"`    // ACT to WR of HBM
	TRP    int64 `yaml:"tRP"`       // PRE to ACT, one bank
	TRPAB  int64 `yaml:"tRPab"`     // PRE-all to ACT
	TRAS   int64 `yaml:"tRAS"`      // ACT to PRE
	TRC    int64 `yaml:"tRC"`       // ACT to ACT of one bank
	TWR    int64 `yaml:"tWR"`       // end of write data to PRE
	TRTP   int64 `yaml:"tRTP"`      // RD to PRE
	TPPD   int64 `yaml:"tPPD"`      // PRE to PRE
	TCCDS  int64 `yaml:"tCCD_S"`    // RD to RD, other bank group
	TCCDL  int64 `yaml:"tCCD_L"`    // RD to RD, same bank group
	TCCDR  int64 `yaml:"tCCD_R"`    // RD to RD, other stack identifier
	TCCDSW int64 `yaml:"tCCD_S_WR"` // WR to WR, other bank group
	TCCDLW int64 `yaml:"tCCD_L_WR"` // WR to WR, same bank group
	TCCDMW int64 `yaml:"tCCDMW"`    // WR to masked WR, same bank (LPDDR); 0: as to any WR
	TCCDLM int64 `yaml:"tCCD_L_M"`  // WR to WR of part of a burst, same bank group: JEDEC's tCCD_L_WR of DDR5, with a read for on-die ECC; 0: as to any WR
	TRRDS  int64 `yaml:"tRRD_S"`    // ACT to ACT, other bank group
	TRRDL  int64 `yaml:"tRRD_L"`    // ACT to ACT, same bank group
	TWTRS  int64 `yaml:"tWTR_S"`    // end of write data to RD, other bank group
	TWTRL  int64 `yaml:"tWTR_L"`    // end of write data to RD, same bank group
	TRTRS  int64 `yaml:"tRTRS"`     // bubble when the data bus turns from read to write
	TCS    int64 `yaml:"tCS"`       // bubble when the data bus passes from one rank to another
	TFAW   int64 `yaml:"tFAW"`      // window that holds at most four ACTs

	TREFI   int64 `yaml:"tREFI"`    // all-bank refresh interval
	TRFC    int64 `yaml:"tRFC"`     // all-bank refresh to any command
	TRFC2   int64 `yaml:"tRFC2"`    // ... of fine granularity 2x, every TREFI / 2; 0: the standard has none
	TRFC4   int64 `yaml:"tRFC4"`    // ... of fine granularity 4x, every TREFI / 4; 0: the standard has none
	TREFIPB int64 `yaml:"tREFIpb"`  // per-bank refresh interval of the rank; of DDR5's same-bank refresh, tREFIsb
	TRFCPB  int64 `yaml:"tRFCpb"`   // per-bank refresh to ACT of a bank that it refreshes; tRFCsb
	TPBR2PB int64 `yaml:"tpbR2pbR"` // per-bank refresh to per-bank refresh; tRFCsb
	TPBR2AC int64 `yaml:"tpbR2act"` // per-bank refresh to ACT of another bank; tREFSBRD

	TAAD    int64 `yaml:"tAAD"`    // split activate: last clock of ACT-2 after ACT-1
	TWCKPST int64 `yaml:"tWCKPST"` // WCK postamble: the clock runs this much longer than the data
}

// CommandClocks says how many clocks the commands of LPDDR or DDR occupy the command bus.
type CommandClocks struct {
	Activate  int64 `yaml:"activate"`  // ACT
	Column    int64 `yaml:"column"`    // RD, WR
	Precharge int64 `yaml:"precharge"` // PRE, PREA, REF
}

// HBMBus says how the commands of an HBM occupy its two command buses, in clocks of TCK.
type HBMBus struct {
	Activate  int64 `yaml:"activate"`   // clocks that ACT occupies the row bus
	Column    int64 `yaml:"column"`     // clocks that RD or WR occupies the column bus
	HalfClock bool  `yaml:"half_clock"` // the clock is half a CK: a PRE may come on the falling edge
}

// Standard is a DRAM standard at one speed and density, with its sources. Use one only after Validate. A tag is the
// name that part files have for a field; those without one are read otherwise (part_read.go).
type Standard struct {
	Name   string `yaml:"-"`      // as dram.standard and --standard take it
	Source string `yaml:"source"` // where every number comes from, and where sources disagree
	Family Family `yaml:"controller"`

	TCK     unit.Femtoseconds `yaml:"tCK"`            // command clock
	Width   int               `yaml:"width"`          // data bits of a channel
	Burst   unit.Bytes        `yaml:"burst"`          // bytes of one burst
	Ranks   int               `yaml:"ranks"`          // pseudo channels of HBM
	Stacks  int               `yaml:"stacks"`         // stack identifiers of a rank; 0: the standard has none
	Groups  int               `yaml:"bank_groups"`    // bank groups; 1: none
	Banks   int               `yaml:"banks"`          // banks of a group
	Rows    int               `yaml:"rows"`           // rows of a bank
	Columns int               `yaml:"-"`              // bursts of a row
	Split   bool              `yaml:"split_activate"` // ACT is split into ACT-1 and ACT-2 (LPDDR5)
	WCK     bool              `yaml:"wck"`            // the data clock WCK runs only around data, and a CAS starts it (LPDDR5), in each rank
	OneWCK  bool              `yaml:"one_wck"`        // ... in all ranks at once, as in Ramulator 2.1

	BankModes BankModes `yaml:"bank_modes"` // of LPDDR5: how its banks may be organised at this speed, the table's first; empty: there is no choice
	HBM       HBMBus    `yaml:"hbm"`
	Timing    Timing    `yaml:"timing"`

	Commands CommandClocks `yaml:"commands"` // of LPDDR and DDR

	Most unit.Bytes `yaml:"most"` // the most that a channel holds, whatever the density and the ranks

	MaxPostponed  int  `yaml:"max_postponed"`  // all-bank refreshes that may be postponed
	RefreshBanks  int  `yaml:"refresh_banks"`  // banks that one per-bank refresh refreshes, equal shares of the rank apart; 0: the standard has none
	RefreshRounds int  `yaml:"refresh_rounds"` // TREFI in which every bank has had its per-bank refresh; 0 or 1, as JEDEC wants, or more
	SameBank      bool `yaml:"same_bank"`      // per-bank refresh is DDR5's same-bank refresh: of one bank of every group, twice in TREFI

	Operation Operation `yaml:"-"` // how Operate has changed the standard; zero in a table of a part

	Hot HotSteps `yaml:"hot"` // how refresh depends on the temperature, by rising temperature; empty: the standard does not say

	Energy   Energy   `yaml:"energy"`
	Comments []string `yaml:"-"` // assumptions, one each
}

// PeakBytesPerSecond returns the bandwidth of the data pins of that many channels.
func (s *Standard) PeakBytesPerSecond(channels int) unit.BytesPerSecond {
	const fs = 1_000_000_000_000_000
	buses := channels
	if s.Family == HBM {
		buses *= s.Ranks // pseudo channels have a data bus each, ranks share one
	}
	q, fits := unit.MulDivDown(uint64(s.Burst)*uint64(buses), fs, uint64(s.Timing.TBL)*uint64(s.TCK))
	if !fits {
		panic(fmt.Sprintf("dram: the bandwidth of %d channels of %s overflows", channels, s.Name))
	}
	return unit.BytesPerSecond(q)
}

// RowBytes returns the size of a row of a bank.
func (s *Standard) RowBytes() unit.Bytes { return s.Burst * unit.Bytes(s.Columns) }

// ChannelBytes returns the capacity of one channel of the density and the ranks that are modelled.
func (s *Standard) ChannelBytes() unit.Bytes {
	return s.RowBytes() * unit.Bytes(s.Rows) * unit.Bytes(s.Banks*s.Groups*max(s.Stacks, 1)*s.Ranks)
}

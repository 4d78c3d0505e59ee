package spec

import (
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Ramulator is what the names of the fixtures begin with: timing tables of Ramulator 2.1 as they are, wrong values
// included. Its golden streams were run with them and are met to the clock. They differ from the presets of the same
// name without it, which have the best public value of each timing.
const Ramulator = "ramulator2.1/"

// Fixtures returns a fresh copy of every fixture.
func Fixtures() []*Standard {
	var all []*Standard
	for _, name := range Names() {
		if parts().fixtures[name] != nil {
			all = append(all, MustLookup(name))
		}
	}
	return all
}

// ramulatorTables returns the fixtures, with the energies of presets.
func ramulatorTables(energy func(preset string) Energy) []*Standard {
	all := []*Standard{ramulatorLPDDR5(), ramulatorDDR4(), ramulatorDDR5(), ramulatorHBM2(), ramulatorHBM3()}
	for _, s := range all {
		refresh := s.Energy.Refresh
		if s.Energy = energy(strings.TrimPrefix(s.Name, Ramulator)); refresh != 0 {
			s.Energy.Refresh = refresh
		}
		if !s.HasPerBankRefresh() { // of its timings Ramulator 2.1 has no same-bank refresh
			s.Energy.RefreshBank = 0
		}
	}
	return all
}

// IsFixture reports whether the standard is a fixture.
func (s *Standard) IsFixture() bool { return strings.HasPrefix(s.Name, Ramulator) }

const (
	ramulator = "Ramulator 2.1 (CMU-SAFARI/ramulator2 at c5b1c3a), "
	fixture   = " A fixture: its own table, which the golden streams hold to the clock; not a part to design with"
)

func ramulatorLPDDR5() *Standard {
	return &Standard{
		Name:     Ramulator + "lpddr5-6400",
		Source:   ramulator + "LPDDR5 preset 6400, 16 Gb x16, whose author calls its timings guesstimates (issue 34)." + fixture,
		Comments: []string{"a per-bank refresh is of one bank, every tREFI / 8: each of 16 banks is refreshed half as often as it must be"},
		TCK:      1_250_000, Width: 16, Burst: 32, Ranks: 1, Groups: 4, Banks: 4, Rows: 65536, Columns: 64, Split: true, WCK: true, OneWCK: true,
		Timing: Timing{TBL: 2, TBLMax: 4, TCL: 17, TCWL: 9, TRCD: 15, TRP: 15, TRPAB: 17, TRAS: 34, TRC: 49, TWR: 28, TRTP: 8, TPPD: 2,
			TCCDS: 2, TCCDL: 4, TCCDSW: 2, TCCDLW: 4, TRRDS: 4, TRRDL: 4, TWTRS: 5, TWTRL: 10, TRTRS: 2, TCS: 2, TFAW: 16,
			TREFI: 3125, TRFC: 224, TREFIPB: 391, TRFCPB: 112, TPBR2PB: 72, TPBR2AC: 6, TAAD: 8, TWCKPST: 1},
		Commands:     CommandClocks{1, 1, 1},
		Most:         16 * unit.GiB,
		MaxPostponed: 8, RefreshBanks: 1, RefreshRounds: 2,
	}
}

func ramulatorDDR4() *Standard {
	return &Standard{
		Name:   Ramulator + "ddr4-3200",
		Source: ramulator + "DDR4 preset 3200AA, 8 Gb x8; tRFC 360 ns where JESD79-4 has 350." + fixture,
		TCK:    625_000, Width: 64, Burst: 64, Ranks: 1, Groups: 4, Banks: 4, Rows: 65536, Columns: 128,
		Timing: Timing{TBL: 4, TBLMax: 4, TCL: 22, TCWL: 16, TRCD: 22, TRP: 22, TRPAB: 22, TRAS: 52, TRC: 74, TWR: 24, TRTP: 12,
			TPPD:  1, // none in JESD79-4: one command per clock
			TCCDS: 4, TCCDL: 8, TCCDSW: 4, TCCDLW: 8, TRRDS: 4, TRRDL: 8, TWTRS: 4, TWTRL: 12, TRTRS: 2, TCS: 2, TFAW: 34,
			TREFI: 12480, TRFC: 576},
		Commands:     CommandClocks{1, 1, 1},
		Most:         128 * unit.GiB,
		MaxPostponed: 8, // JESD79-4: at most 9 tREFI between refreshes (Intel, Agilex 7 EMIF user guide 10.4.13)
	}
}

func ramulatorDDR5() *Standard {
	return &Standard{
		Name:   Ramulator + "ddr5-6400",
		Source: ramulator + "DDR5 preset 6400AN as shipped, 16 Gb x8; tRRD_S, tFAW and tCCD_L_WR are twice what parts have." + fixture,
		TCK:    312_000, Width: 32, Burst: 64, Ranks: 1, Groups: 8, Banks: 4, Rows: 65536, Columns: 64,
		Timing: Timing{TBL: 8, TBLMax: 8, TCL: 46, TCWL: 44, TRCD: 46, TRP: 46, TRPAB: 46, TRAS: 103, TRC: 149, TWR: 96, TRTP: 24,
			TPPD:  2,
			TCCDS: 8, TCCDL: 16, TCCDSW: 8, TCCDLW: 64, TRRDS: 16, TRRDL: 16, TWTRS: 5, TWTRL: 32, TRTRS: 4, TCS: 2, TFAW: 64,
			TREFI: 12500, // 3.9 us / 312 ps
			TRFC:  946},  // 295 ns / 312 ps
		Commands:     CommandClocks{2, 2, 1},
		Most:         256 * unit.GiB,
		MaxPostponed: 4, // JESD79-5 [M], normal refresh: at most 5 tREFI between refreshes
	}
}

func ramulatorHBM2() *Standard {
	return &Standard{
		Name:   Ramulator + "hbm2-2000",
		Family: HBM,
		Source: ramulator + "HBM2 preset 2000, tRFC of 8 Gb on 16 Gb a channel." + fixture,
		TCK:    1_000_000, Width: 128, Burst: 32, Ranks: 2, Stacks: 1, Groups: 4, Banks: 4, Rows: 65536, Columns: 32,
		HBM: HBMBus{Activate: 2, Column: 1}, // JESD235: ACT takes two clocks
		Timing: Timing{TBL: 2, TBLMax: 2, TCL: 14, TCWL: 5, TRCD: 14, TRCDWR: 12, TRP: 14, TRPAB: 14, TRAS: 34, TRC: 48, TWR: 16, TRTP: 5,
			TPPD:  1, // none in JESD235: one row command per clock
			TCCDS: 2, TCCDL: 4, TCCDSW: 2, TCCDLW: 4, TRRDS: 4, TRRDL: 4, TWTRS: 6, TWTRL: 8, TRTRS: 2, TFAW: 15,
			TREFI: 3900, TRFC: 350},
		Most:         3 * unit.GiB,
		MaxPostponed: 8,                       // AMD's HBM2E controller (PG313, Refresh): "can skip refreshes up to eight times"
		Energy:       Energy{Refresh: 65_520}, // 1.2 (250 - 40) x 260: of 8 Gb
	}
}

func ramulatorHBM3() *Standard {
	return &Standard{
		Name:   Ramulator + "hbm3-6400",
		Family: HBM,
		Source: ramulator + "HBM3 preset 6400, HBM3_8Gb_8hi: 4 Gb a channel." + fixture,
		TCK:    312_500, Width: 64, Burst: 32, Ranks: 2, Stacks: 2, Groups: 4, Banks: 4, Rows: 8192, Columns: 32,
		HBM: HBMBus{Activate: 3, Column: 2, HalfClock: true}, // JESD238: ACT takes 1.5 CK, a column command one
		Timing: Timing{TBL: 4, TBLMax: 4, TCL: 40, TCWL: 20, TRCD: 62, TRCDWR: 30, TRP: 52, TRPAB: 52, TRAS: 90, TRC: 144, TWR: 66, TRTP: 18,
			TPPD: 4, TCCDS: 4, TCCDL: 8, TCCDR: 6, TCCDSW: 4, TCCDLW: 8, TRRDS: 8, TRRDL: 10, TWTRS: 14, TWTRL: 20,
			TRTRS: 16, // read to write tRTW 40 = tCL + tBL + tRTRS - tCWL
			TFAW:  48, TREFI: 12480, TRFC: 832},
		Most:         4 * unit.GiB,
		MaxPostponed: 8,                       // JESD238 [M], as HBM2
		Energy:       Energy{Refresh: 13_764}, // 16 380 x 0.84
		Comments:     []string{"the clock is half a CK (HBM3 row commands use both edges): 312.5 ps"},
	}
}

package dram

import "fmt"

// hbm2 is HBM2 at 2 Gb/s per pin, one channel of 2 x 64 bits; tCK 1 ns. Burst is BL4 of a pseudo channel.
func hbm2() *Standard {
	return &Standard{
		Name:   "hbm2-2000",
		Family: HBM,
		Source: "Ramulator 2.1 (CMU-SAFARI/ramulator2 at c5b1c3a) HBM2 preset 2000, JESD235 class values. tRFC 350 ns is its 8 Gb value; " +
			"DRAMsim3's HBM2 preset has 260 ns.",
		MaxPostponed: 8, TCK: 1_000_000, Width: 128, Burst: 32, Ranks: 2, Stacks: 1, Groups: 4, Banks: 4, Rows: 65536, Columns: 32,
		Timing: Timing{TBL: 2, TBLMax: 2, TCL: 14, TCWL: 5, TRCD: 14, TRP: 14, TRPAB: 14, TRAS: 34, TRC: 48, TWR: 16, TRTP: 5,
			TPPD:  1, // none in JESD235: one row command per clock
			TCCDS: 2, TCCDL: 4, TCCDSW: 2, TCCDLW: 4, TRRDS: 4, TRRDL: 4, TWTRS: 6, TWTRL: 8, TRTRS: 2, TFAW: 15,
			TREFI: 3900, TRFC: 350},
	}
}

// hbm3 is HBM3 at 6.4 Gb/s per pin, one channel of 2 x 32 bits with two stack identifiers. Its clock is half a CK of
// 625 ps, because row commands start and end on either edge; all timings are in half CK. Burst is BL8 of a pseudo channel.
func hbm3() *Standard {
	return &Standard{
		Name:   "hbm3-6400",
		Family: HBM,
		Source: "Ramulator 2.1 (CMU-SAFARI/ramulator2 at c5b1c3a) HBM3 preset 6400, JESD238 class values, 4 Gb per channel. JEDEC leaves " +
			"many of them to the vendor: PyTorchSim's HBM3_TPUv6e has tCL 16.2 ns (here 12.5), tRCD 16.2 (19.4), tRP 16.2 (16.3), " +
			"tRAS 30 (28.1).",
		MaxPostponed: 8, TCK: 312_500, Width: 64, Burst: 32, Ranks: 2, Stacks: 2, Groups: 4, Banks: 4, Rows: 8192, Columns: 32,
		Timing: Timing{TBL: 4, TBLMax: 4, TCL: 40, TCWL: 20, TRCD: 62, TRP: 52, TRPAB: 52, TRAS: 90, TRC: 144, TWR: 66, TRTP: 18, TPPD: 4,
			TCCDS: 4, TCCDL: 8, TCCDSW: 4, TCCDLW: 8, TRRDS: 8, TRRDL: 10, TWTRS: 14, TWTRL: 20,
			TRTRS: 16, // read to write tRTW 40 = tCL + tBL + tRTRS - tCWL
			TFAW:  48, TREFI: 12480, TRFC: 832},
		Comments: []string{"the clock is half a CK (HBM3 row commands use both edges): 312.5 ps"},
	}
}

// hbmTable is a timing table with what HBM has beyond Timing, in the same clocks.
type hbmTable struct {
	Timing
	tRCDWR       int64 // ACT to WR; Timing.TRCD is ACT to RD
	tCCDR        int64 // RD to RD, other stack identifier; 0: none
	actClocks    int64 // clocks that ACT occupies the row bus
	columnClocks int64 // clocks that RD or WR occupies the column bus
	halfClocks   bool  // the clock is half a CK
}

// newHBMTable completes and checks the timing table of an HBM standard.
func newHBMTable(s *Standard) (hbmTable, error) {
	t := hbmTable{Timing: s.Timing}
	fail := func(format string, a ...any) (hbmTable, error) {
		return t, fmt.Errorf("DRAM standard %q: %s", s.Name, fmt.Sprintf(format, a...))
	}
	switch s.Name { // sources: as the presets of these names
	case "hbm2-2000":
		t.tRCDWR, t.actClocks, t.columnClocks = 12, 2, 1
	case "hbm3-6400":
		t.tRCDWR, t.tCCDR, t.actClocks, t.columnClocks, t.halfClocks = 30, 6, 3, 2, true
	default:
		return fail("is not a known HBM; accepted: hbm2-2000, hbm3-6400")
	}
	if s.Ranks != hbmPseudos || s.Groups != 4 || s.Banks != 4 || s.Stacks != 1 && s.Stacks != 2 {
		return fail("has %d pseudo channels of %d stacks of %d x %d banks; the HBM controller drives 2 of 1 or 2 of 4 x 4",
			s.Ranks, s.Stacks, s.Groups, s.Banks)
	}
	if t.halfClocks && t.TPPD < 2 {
		return fail("TPPD is %d half clocks; must be at least 2: a PRE may not use the falling edge paired with another", t.TPPD)
	}
	return t, s.validateTiming(func(format string, a ...any) error {
		_, err := fail(format, a...)
		return err
	})
}

// hbmGaps are the least clocks from the start of one command to the start of another, by scope. A pair is indexed by
// hbmRead, hbmWrite.
type hbmGaps struct {
	actBus int64 // ACT to any row command of the channel

	// pseudo channel
	column    [2]int64 // to the next column command of the same kind
	turn      [2]int64 // to the next of the other kind
	actAct    int64
	window    int64 // first to fifth ACT
	prePre    int64 // PRE, PREA to PRE, PREA
	preRef    int64
	actRef    int64
	preAllAct int64
	refAct    int64
	refPre    int64
	stacks    int64 // RD to RD of another stack identifier
	dataRead  int64 // RD to its last datum

	// bank group
	groupColumn [2]int64
	groupTurn   [2]int64
	groupAct    int64

	// bank
	bankAct   int64
	actColumn [2]int64
	actPre    int64
	columnPre [2]int64
	preAct    int64
}

// gaps derives the constraint table. JEDEC counts a parameter from the last clock of a command that takes several to
// the last clock of the next one, the controller from first to first:
//
//	ACT  a0 a1 a2                RD  r0 r1        gap = tRCD + (actClocks - 1) - (columnClocks - 1)
//	            |------ tRCD -------->|
func (t *hbmTable) gaps() hbmGaps {
	act, col := t.actClocks-1, t.columnClocks-1
	written := t.TCWL + t.TBL // WR to the end of its data
	return hbmGaps{
		actBus: t.actClocks,

		column:    [2]int64{t.TCCDS, t.TCCDSW},
		turn:      [2]int64{t.TCL + t.TBL + t.TRTRS - t.TCWL, written + t.TWTRS},
		actAct:    t.TRRDS,
		window:    t.TFAW,
		prePre:    t.TPPD,
		preRef:    t.TRP,
		actRef:    t.TRC + act,
		preAllAct: t.TRPAB - act,
		refAct:    t.TRFC - act,
		refPre:    t.TRFC,
		stacks:    t.tCCDR,
		dataRead:  t.TCL + t.TBL,

		groupColumn: [2]int64{t.TCCDL, t.TCCDLW},
		groupTurn:   [2]int64{0, written + t.TWTRL},
		groupAct:    t.TRRDL,

		bankAct:   t.TRC,
		actColumn: [2]int64{t.TRCD + act - col, t.tRCDWR + act - col},
		actPre:    t.TRAS + act,
		columnPre: [2]int64{t.TRTP + col, written + t.TWR + col},
		preAct:    t.TRP - act,
	}
}

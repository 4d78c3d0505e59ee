package spec

// Each preset is a function, so that every caller has a copy of its own.

// lpddr56400 is LPDDR5-6400 x16, 16 Gb, bank group mode, WCK:CK 4:1, CK 800 MHz.
func lpddr56400() *Standard {
	return &Standard{
		Name: "lpddr5-6400",
		Source: "Ramulator 2.1 (CMU-SAFARI/ramulator2 at c5b1c3a) LPDDR5 preset 6400, JESD209-5B class values, 16 Gb x16. " +
			"gem5 LPDDR5_6400_1x16_BG_BL16 agrees on tCL 21.25 ns and tRAS 42 ns; it has tRCD and tRP 18 ns (here 18.75), tRFC 210 ns (8 Gb).",
		Comments: []string{"a per-bank refresh is of a pair of banks (hence tREFIpb = tREFI / 8 of 16 banks); Ramulator and our controller block one of them"},
		TCK:      1_250_000, Width: 16, Burst: 32, Ranks: 1, Groups: 4, Banks: 4, Rows: 65536, Columns: 64, Split: true, WCK: true,
		Timing: Timing{TBL: 2, TBLMax: 4, TCL: 17, TCWL: 9, TRCD: 15, TRP: 15, TRPAB: 17, TRAS: 34, TRC: 49, TWR: 28, TRTP: 8, TPPD: 2,
			TCCDS: 2, TCCDL: 4, TCCDSW: 2, TCCDLW: 4, TRRDS: 4, TRRDL: 4, TWTRS: 5, TWTRL: 10, TRTRS: 2, TCS: 2, TFAW: 16,
			TREFI: 3125, TRFC: 224, TREFIPB: 391, TRFCPB: 112, TPBR2PB: 72, TPBR2AC: 6, TAAD: 8, TWCKPST: 1},
		MaxPostponed: 8, RefreshBanks: 2, // JESD209-5 [M]; DRAMPower's MemSpecLPDDR5 has the pair's offset of 8 banks
		Energy: lpddr5Energy(),
	}
}

// lpddr5x8533 is LPDDR5X-8533 x16, 16 Gb: CK 1066.67 MHz, tCK 0.9375 ns. Clocks are ns / 0.9375, rounded up; latencies
// are those of LPDDR5-6400 in ns, rounded to the nearest clock; refresh intervals are rounded down.
func lpddr5x8533() *Standard {
	return &Standard{
		Name: "lpddr5x-8533",
		Source: "derived from the LPDDR5-6400 values in ns (JESD209-5B class) at tCK 937.5 ps; organisation as in PyTorchSim's preset " +
			"LPDDR5X_8533. Micron's public Y52P sheet agrees on refresh (tRFCab 280, tRFCpb 140, tpbR2pbR 90, tpbR2act 7.5 ns). Ramulator 2's later preset " +
			"LPDDR5_8533 (f13c87c) multiplies LPDDR5-6400's clocks by 4/3: tRAS 46, tRC 66, tWR 38, tWTR_L 14 are one clock more, but also tRTP 11 " +
			"(here 8 = 7.5 ns), tCCD_L 6 (here 4 = BL/n_max), tAAD 11. No JEDEC timing row was read: unverified.",
		TCK: 937_500, Width: 16, Burst: 32, Ranks: 1, Groups: 4, Banks: 4, Rows: 65536, Columns: 64, Split: true, WCK: true,
		Timing: Timing{TBL: 2, TBLMax: 4, // BL16 at 8 data per CK; same bank group after BL/n_max
			TCL:  23, // 21.25 ns / 0.9375 = 22.7
			TCWL: 12, // 11.25 / 0.9375 = 12.0
			TRCD: 20, // 18 / 0.9375 = 19.2
			TRP:  20, // 18 / 0.9375 = 19.2
			TRAS: 45, // 42 / 0.9375 = 44.8
			TRC:  65, // tRAS + tRP

			TRPAB: 23, // 21 / 0.9375 = 22.4
			TWR:   37, // 34 / 0.9375 = 36.3
			TRTP:  8,  // 7.5 / 0.9375 = 8.0
			TPPD:  2,
			TCCDS: 2, TCCDL: 4, TCCDSW: 2, TCCDLW: 4,
			TRRDS: 6, TRRDL: 6, // 5 / 0.9375 = 5.3
			TWTRS: 7,  // 6.25 / 0.9375 = 6.7
			TWTRL: 13, // 12 / 0.9375 = 12.8
			TRTRS: 2,
			TCS:   2,    // as LPDDR5
			TFAW:  22,   // 20 / 0.9375 = 21.3
			TREFI: 4166, // 3906 / 0.9375 = 4166.4
			TRFC:  299,  // 280 / 0.9375 = 298.7

			TREFIPB: 520, // 488.3 / 0.9375 = 520.8
			TRFCPB:  150, // 140 / 0.9375 = 149.3
			TPBR2PB: 96,  // 90 / 0.9375 = 96.0
			TPBR2AC: 8,   // 7.5 / 0.9375 = 8.0
			TAAD:    8, TWCKPST: 1},
		MaxPostponed: 8, RefreshBanks: 2, // as LPDDR5
		Energy: lpddr5Energy(),
	}
}

// lpddr4x4266 is LPDDR4X-4266 x16, 8 Gb per channel: CK 2133 MHz, BL16 = 8 CK, 8 banks, no bank groups.
func lpddr4x4266() *Standard {
	return &Standard{
		Name: "lpddr4x-4266",
		Source: "JESD209-4 class values as in testdata's DRAMsim3 runs: tRCD, tRPpb 18 ns, tRAS 42, tRRD 7.5, tFAW 30, tRFCab 280 ns " +
			"(8 Gb per channel), tREFI 3.904 us; tRPab 21 ns, tRFCpb 140 ns, REFpb to REFpb 90 ns from JESD209-4. " +
			"DRAMSys' LPDDR4 table has tRRD 10 ns, tFAW 40 ns (the bins up to 3200) and tRFCab 178 ns (381 clocks).",
		TCK: 468_750, Width: 16, Burst: 32, Ranks: 1, Groups: 1, Banks: 8, Rows: 65536, Columns: 64,
		Timing: Timing{TBL: 8, TBLMax: 8, TCL: 36, TCWL: 18,
			TRCD: 39, TRP: 39, TRPAB: 45, TRAS: 90, TRC: 129, TWR: 39, TRTP: 16, TPPD: 4,
			TCCDS: 8, TCCDL: 8, TCCDSW: 8, TCCDLW: 8, TRRDS: 16, TRRDL: 16, TWTRS: 22, TWTRL: 22, TRTRS: 2,
			TCS:  2, // DRAMsim3's run; DRAMSys' RTRS is 1
			TFAW: 64, TREFI: 8328, TRFC: 598,
			TREFIPB: 1041, // tREFI / 8 banks
			TRFCPB:  299,  // 140 / 0.46875 = 298.7
			TPBR2PB: 192,  // 90 / 0.46875
			TPBR2AC: 16},  // tRRD
		MaxPostponed: 8, RefreshBanks: 1, // JESD209-4 [M]: at most 9 tREFI between refreshes
		Energy:   lpddr4xEnergy(),
		Comments: []string{"a command occupies the command bus for one clock (really two or four); a burst is eight, so it does not limit reads"},
	}
}

// ddr43200 is DDR4-3200AA x8, 8 Gb, a 64-bit channel, CK 1600 MHz.
func ddr43200() *Standard {
	return &Standard{
		Name: "ddr4-3200",
		Source: "Ramulator 2.1 (CMU-SAFARI/ramulator2 at c5b1c3a) DDR4 preset 3200AA, 8 Gb x8, JESD79-4 class values; " +
			"DRAMsim3's DDR4_8Gb_x8_3200 agrees except tRFC 560 clocks (here 576).",
		TCK: 625_000, Width: 64, Burst: 64, Ranks: 1, Groups: 4, Banks: 4, Rows: 65536, Columns: 128,
		Timing: Timing{TBL: 4, TBLMax: 4, TCL: 22, TCWL: 16, TRCD: 22, TRP: 22, TRPAB: 22, TRAS: 52, TRC: 74, TWR: 24, TRTP: 12,
			TPPD:  1, // none in JESD79-4: one command per clock
			TCCDS: 4, TCCDL: 8, TCCDSW: 4, TCCDLW: 8, TRRDS: 4, TRRDL: 8, TWTRS: 4, TWTRL: 12, TRTRS: 2, TCS: 2, TFAW: 34,
			TREFI: 12480, TRFC: 576},
		MaxPostponed: 8, // JESD79-4: at most 9 tREFI between refreshes (Intel, Agilex 7 EMIF user guide 10.4.13)
		Energy:       ddr4Energy(),
	}
}

// ddr56400 is DDR5-6400AN x8, 16 Gb, one 32-bit subchannel, CK 3200 MHz.
func ddr56400() *Standard {
	return &Standard{
		Name: "ddr5-6400",
		Source: "Ramulator 2.1 (CMU-SAFARI/ramulator2 at c5b1c3a) DDR5 preset 6400AN, 16 Gb x8, JESD79-5 class values. " +
			"It takes tRRD_S 16 clocks, where JESD79-5 has 8; gem5's DDR5 has tFAW 10 ns (here 20). Not compared with another simulator.",
		TCK: 312_500, Width: 32, Burst: 64, Ranks: 1, Groups: 8, Banks: 4, Rows: 65536, Columns: 64,
		Timing: Timing{TBL: 8, TBLMax: 8, TCL: 46, TCWL: 44, TRCD: 46, TRP: 46, TRPAB: 46, TRAS: 103, TRC: 149, TWR: 96, TRTP: 24,
			TPPD:  2,
			TCCDS: 8, TCCDL: 16, TCCDSW: 8, TCCDLW: 64, TRRDS: 16, TRRDL: 16, TWTRS: 5, TWTRL: 32, TRTRS: 2, TCS: 2, TFAW: 64,
			TREFI: 12480, // 3.9 us
			TRFC:  944},  // 295 ns
		MaxPostponed: 4, // JESD79-5 [M], normal refresh: at most 5 tREFI between refreshes
		Energy:       ddr5Energy(),
	}
}

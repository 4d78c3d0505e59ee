package spec

// Each preset is a function, so that every caller has a copy of its own.

// lpddr56400 is LPDDR5-6400 x16, 16 Gb, bank group mode, WCK:CK 4:1, CK 800 MHz. Clocks are ns / 1.25, rounded up.
func lpddr56400() *Standard {
	return &Standard{
		Name: "lpddr5-6400",
		Source: "AMD's LPDDR5-6400 configurations (Xilinx/XilinxCEDStore) and gem5's LPDDR5_6400_1x16_BG_BL16, which agree: " +
			"tRCD, tRPpb 18, tRPab 21, tRAS 42, tRRD 5, tFAW 20, tRTP 7.5 ns, RL 17, WL 9, tCCD_L 4; refresh of 16 Gb: 280, 140, 90, 7.5 ns " +
			"(gem5: 210, of 8 Gb). tWR, tWTR: gem5. Ramulator 2.1 has the same clocks but for tRTP: 8, a third more (here 6).",
		Comments: []string{"a per-bank refresh is of a pair of banks, eight apart (hence tREFIpb = tREFI / 8 of 16 banks)"},
		TCK:      1_250_000, Width: 16, Burst: 32, Ranks: 1, Groups: 4, Banks: 4, Rows: 65536, Columns: 64, Split: true, WCK: true,
		Timing: Timing{TBL: 2, TBLMax: 4, TCL: 17, TCWL: 9,
			TRCD: 15, TRP: 15, TRPAB: 17, // 18 / 1.25 = 14.4; 21 / 1.25 = 16.8
			TRAS: 34, TRC: 49, // 42 / 1.25 = 33.6; tRAS + tRP
			TWR:   28,                                                    // 34 / 1.25 = 27.2
			TRTP:  6,                                                     // 7.5 / 1.25 = 6.0
			TPPD:  2,                                                     // clocks
			TCCDS: 2, TCCDL: 4, TCCDSW: 2, TCCDLW: 4, TRRDS: 4, TRRDL: 4, // 5 / 1.25 = 4.0
			TWTRS: 5, TWTRL: 10, // 6.25, 12 / 1.25 = 5.0, 9.6
			TRTRS: 2, TCS: 2, TFAW: 16, // 20 / 1.25 = 16.0
			TREFI: 3125, TRFC: 224, // 3906 / 1.25 = 3124.8; 280 / 1.25 = 224.0
			TREFIPB: 391, TRFCPB: 112, // tREFI / 8; 140 / 1.25 = 112.0
			TPBR2PB: 72, TPBR2AC: 6, // 90, 7.5 / 1.25
			TAAD: 8, TWCKPST: 1},
		Commands:     CommandClocks{1, 1, 1}, // ACT is split, and a CAS comes by itself
		Most:         mostLPDDR5,
		MaxPostponed: 8, RefreshBanks: 2, // JESD209-5 [M]; DRAMPower's MemSpecLPDDR5 has the pair's offset of 8 banks
		Hot:    hotLPDDR(),
		Energy: lpddr5Energy(),
	}
}

// lpddr5x8533 is LPDDR5X-8533 x16, 16 Gb: CK 1066.67 MHz, tCK 0.9375 ns. Clocks are ns / 0.9375, rounded up; latencies
// are those of LPDDR5-6400 in ns, rounded to the nearest clock; refresh intervals are rounded down.
func lpddr5x8533() *Standard {
	return &Standard{
		Name: "lpddr5x-8533",
		Source: "AMD's LPDDR5X-8533 configurations in bank group mode (Xilinx/XilinxCEDStore: 2025.1 vek385_base.tcl, 2025.1.1 " +
			"vrk160_base_board.tcl; 2026.1 vpk36_comn.tcl, 7500, the same in ns): WL 12, tRCD, tRPpb 18, tRPab 21, tRAS 42, tRRD 3.75, tFAW 15, " +
			"tRTP 7.5 ns, tCCD_L 4, refresh 280, 140, 90, 7.5 ns, tREFI 3906. (Some older files keep LPDDR5-6400's tRRD 5 and tFAW 20 ns, a third " +
			"more.) RL is 25 there with read DBI, 23 here without. Micron's public Y52P sheet agrees on refresh. tWR, tWTR: LPDDR5-6400's in ns. " +
			"Ramulator 2's later preset LPDDR5_8533 (f13c87c) multiplies LPDDR5-6400's clocks by 4/3: tRAS, tRC, tWR, tWTR_L one clock more, " +
			"tRTP 11 (here 8), tCCD_L 6 (4), tAAD 11 (8), tRRD 6 (4).",
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
			TRRDS: 4, TRRDL: 4, // 3.75 / 0.9375 = 4.0
			TWTRS: 7,  // 6.25 / 0.9375 = 6.7
			TWTRL: 13, // 12 / 0.9375 = 12.8
			TRTRS: 2,
			TCS:   2,    // as LPDDR5
			TFAW:  16,   // 15 / 0.9375 = 16.0
			TREFI: 4166, // 3906 / 0.9375 = 4166.4
			TRFC:  299,  // 280 / 0.9375 = 298.7

			TREFIPB: 520, // 488.3 / 0.9375 = 520.8
			TRFCPB:  150, // 140 / 0.9375 = 149.3
			TPBR2PB: 96,  // 90 / 0.9375 = 96.0
			TPBR2AC: 8,   // 7.5 / 0.9375 = 8.0
			TAAD:    8, TWCKPST: 1},
		Commands:     CommandClocks{1, 1, 1}, // as LPDDR5
		Most:         mostLPDDR5,
		MaxPostponed: 8, RefreshBanks: 2, // as LPDDR5
		Hot:    hotLPDDR(),
		Energy: lpddr5Energy(),
	}
}

// lpddr4x4266 is LPDDR4X-4266 x16, 8 Gb per channel: CK 2133 MHz, BL16 = 8 CK, 8 banks, no bank groups.
func lpddr4x4266() *Standard {
	return &Standard{
		Name: "lpddr4x-4266",
		Source: "AMD's LPDDR4-4267 configuration (Xilinx/XilinxCEDStore 2023.1): RL 36, WL 18, tRRD 7.5, tFAW 30, tRCD, tRPpb 18, tRPab 21, " +
			"tRAS 42, tWTR 10, tWR 18, tRFCab 280, tRFCpb 140 ns (8 Gb per channel), tREFI 3904, tDQSCK at most 3.5. DRAMSys' " +
			"JEDEC_512Mbx16_LPDDR4-4266 agrees on tRFCab (281 ns; 381 ns are of 16 Gb); it has tRRD 10 ns, tFAW 40 ns (the bins up to 3200: a third " +
			"more) and tDQSCK 4 clocks (here 8: read to write 32 clocks, here 36). DRAMsim3's run had neither tDQSCK nor the clock after WL. " +
			"Command lengths: JESD209-4.",
		TCK: 468_750, Width: 16, Burst: 32, Ranks: 1, Groups: 1, Banks: 8, Rows: 65536, Columns: 64,
		Timing: Timing{TBL: 8, TBLMax: 8, TCL: 36, TCWL: 18,
			TDQSCK: 8,                                          // 3.5 / 0.46875 = 7.5, the most that a controller has to wait for
			TRCD:   39, TRP: 39, TRPAB: 45, TRAS: 90, TRC: 129, // 18, 18, 21, 42 / 0.46875 = 38.4, 38.4, 44.8, 89.6
			TWR:  40,          // 1 + 18 / 0.46875 = 39.4: data are written from WL + 1 on
			TRTP: 16, TPPD: 4, // 7.5 / 0.46875 = 16.0
			TCCDS: 8, TCCDL: 8, TCCDSW: 8, TCCDLW: 8, TRRDS: 16, TRRDL: 16, // 7.5 / 0.46875
			TWTRS: 23, TWTRL: 23, // 1 + 10 / 0.46875 = 22.3
			TRTRS: 2,                          // tWPRE 1.8 + tRPST 0.5, less what tDQSCK was rounded up by: in all 36
			TCS:   2,                          // DRAMsim3's run; DRAMSys' RTRS is 1
			TFAW:  64, TREFI: 8328, TRFC: 598, // 30 / 0.46875 = 64.0; 3904 / 0.46875 = 8328.5; 280 / 0.46875 = 597.3
			TREFIPB: 1041, // tREFI / 8 banks
			TRFCPB:  299,  // 140 / 0.46875 = 298.7
			TPBR2PB: 192,  // 90 / 0.46875
			TPBR2AC: 16},  // tRRD
		Commands:     CommandClocks{Activate: 4, Column: 4, Precharge: 2}, // ACT-1 and -2, RD-1 and CAS-2 of two each
		Most:         mostLPDDR4X,
		MaxPostponed: 8, RefreshBanks: 1, // JESD209-4 [M]: at most 9 tREFI between refreshes
		Hot:    hotLPDDR(),
		Energy: lpddr4xEnergy(),
	}
}

// ddr43200 is DDR4-3200AA x8, 8 Gb, a 64-bit channel, CK 1600 MHz.
func ddr43200() *Standard {
	return &Standard{
		Name: "ddr4-3200",
		Source: "JESD79-4 class values, in which Ramulator 2.1 (c5b1c3a, preset 3200AA), DRAMsim3's DDR4_8Gb_x8_3200, gem5 and AMD's " +
			"configurations (22-22-22) agree, but for tRFC: 350 ns of 8 Gb, Ramulator 360 (576 clocks, 3 % more).",
		TCK: 625_000, Width: 64, Burst: 64, Ranks: 1, Groups: 4, Banks: 4, Rows: 65536, Columns: 128,
		Timing: Timing{TBL: 4, TBLMax: 4, TCL: 22, TCWL: 16, TRCD: 22, TRP: 22, TRPAB: 22, TRAS: 52, TRC: 74, TWR: 24, TRTP: 12,
			TPPD:  1, // none in JESD79-4: one command per clock
			TCCDS: 4, TCCDL: 8, TCCDSW: 4, TCCDLW: 8, TRRDS: 4, TRRDL: 8, TWTRS: 4, TWTRL: 12, TRTRS: 2, TCS: 2, TFAW: 34,
			TREFI: 12480, TRFC: 560, // 7.8 us; 350 / 0.625 = 560.0
			TRFC2: 416, TRFC4: 256}, // 260, 160 / 0.625 (JESD79-4 [M], 8 Gb)
		Commands:     CommandClocks{1, 1, 1},
		Most:         mostDDR4,
		MaxPostponed: 8, // JESD79-4: at most 9 tREFI between refreshes (Intel, Agilex 7 EMIF user guide 10.4.13)
		Hot:          hotDDR(),
		Energy:       ddr4Energy(),
	}
}

// ddr56400 is DDR5-6400AN x8, 16 Gb, one 32-bit subchannel, CK 3200 MHz.
func ddr56400() *Standard {
	return &Standard{
		Name: "ddr5-6400",
		Source: "AMD's DDRMC5 configuration DDR5-6400AN, 16 Gb, 1 KB page (Xilinx/XilinxCEDStore 2025.2, Versal_Extensible_Embedded_Platform_Part): " +
			"CL 46, CWL 44, tRCD, tRP 14.375, tRAS 32, tFAW 10 ns (32 clocks), tCCD_L 16, tCCD_L_WR2 32, tRRD_L 16, tRTP 24 clocks, tRFC1 295 ns. " +
			"gem5's DDR5_6400_4x8: tRRD 8, tFAW max(32 clocks, 10 ns); write to read 2.5 ns (gem5 issue 3490, Micron's core sheet Rev. E). " +
			"Ramulator 2.1 falls back to tRRD_S 16, tFAW 64, tCCD_L_WR 64 (twice as much each) and tWTR_S 5 (here 8), for want of a row for 6400.",
		Comments: []string{"a write of a whole burst needs no read-modify-write of on-die ECC: tCCD_L_WR2, 32 clocks, not tCCD_L_WR, 64"},
		TCK:      312_500, Width: 32, Burst: 64, Ranks: 1, Groups: 8, Banks: 4, Rows: 65536, Columns: 64,
		Timing: Timing{TBL: 8, TBLMax: 8, TCL: 46, TCWL: 44, TRCD: 46, TRP: 46, TRPAB: 46, TRAS: 103, TRC: 149, TWR: 96, TRTP: 24,
			TPPD:  2,
			TCCDS: 8, TCCDL: 16, TCCDSW: 8, TCCDLW: 32, // 5 ns; tCCD_L_WR2 10 ns
			TRRDS: 8, TRRDL: 16, // 8 clocks; 5 ns
			TWTRS: 8, TWTRL: 32, // 2.5, 10 ns
			TRTRS: 4, // read to write 14 clocks: 2 + tRPST 0.5 + tWPRE 2 after the data, rounded down (JESD79-5 4.1)
			TCS:   2,
			TFAW:  32,    // 10 ns
			TREFI: 12480, // 3.9 us
			TRFC:  944,   // 295 ns
			TRFC2: 512,   // 160 ns (AMD's configuration, JESD79-5 table of tRFC for 16 Gb)

			TREFIPB: 1560, // tREFIsb = tREFI / 2 / 4 banks of a group (JESD79-5)
			TRFCPB:  416,  // tRFCsb 130 ns (AMD, JESD79-5)
			TPBR2PB: 416,  // REFsb to REFsb: tRFCsb
			TPBR2AC: 96},  // tREFSBRD 30 ns (AMD, JESD79-5)
		Commands:     CommandClocks{Activate: 2, Column: 2, Precharge: 1}, // JESD79-5, table 30
		Most:         mostDDR5,
		MaxPostponed: 4, // JESD79-5 [M], normal refresh: at most 5 tREFI between refreshes
		RefreshBanks: 8, SameBank: true,
		Hot:    hotDDR(),
		Energy: ddr5Energy(),
	}
}

// hotDDR is DDR4's and DDR5's extended range: tREFI is halved above 85 °C (JESD79-4: 7.8 and 3.9 us; JESD79-5, table of
// tREFI: 3.9 and 1.95, fine granularity 1.95 and 0.975 us), up to 95 °C, the most of both.
func hotDDR() []HotStep { return []HotStep{{95, 2}} }

// hotLPDDR is that of LPDDR4 and LPDDR5. The device says in MR4 how often it wants refresh: 1, 0.5 or 0.25 tREFI, by its
// own sensor (JESD209-4, JESD209-5 [M]; AMD's controller for LPDDR5, PG456, has these and 0.125). That 0.5 goes up to
// 95 °C, and 0.25 up to 105, is taken from automotive parts [A]. JEDEC's slower timings of the hottest step (tRCD and
// others by 1.875 ns) are left out.
func hotLPDDR() []HotStep { return []HotStep{{95, 2}, {105, 4}} }

// hotHBM is that of HBM, which says it in TEMP[2:0]: 1, 0.5 or 0.25 tREFI (Intel, HBM2 Interface FPGA IP user guide, table
// 29). The temperatures are LPDDR's [A].
func hotHBM() []HotStep { return []HotStep{{95, 2}, {105, 4}} }

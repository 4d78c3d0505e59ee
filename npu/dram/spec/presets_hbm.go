package spec

// Refresh takes as long as the density of a channel asks for: tRFC 260, 350, 450 ns of 4, 8, 16 Gb (JESD235, JESD238).

// hbm2 is HBM2 at 2 Gb/s per pin, a 4-high stack of 8 Gb dies: 4 Gb a channel of 2 x 64 bits; tCK 1 ns. A burst is BL4
// of a pseudo channel.
func hbm2() *Standard {
	return &Standard{
		Name:   "hbm2-2000",
		Family: HBM,
		Source: "Ramulator 2.1 (CMU-SAFARI/ramulator2 at c5b1c3a) HBM2 preset 2000, whose author calls its timings guesstimates (issue 34), " +
			"with the tRFC of a 4-high stack of 8 Gb dies, 260 ns, as DRAMsim3's HBM2 preset and akita v5 have it (Ramulator: 350, a third more, on 65536 " +
			"rows; gem5's HBM_2000_4H 220). DRAMsim3 has tFAW 30 ns (here 15), tRRD_L 6 (4), tRCDWR 14 (12); DRAMSys' HBM2, read out of a " +
			"graphics card, tRCDRD 12 (14), tRCDWR 6, tRAS 28 (34), tRC 42 (48); gem5 tCL 18 (14), tCCD_L 3 (4).",
		TCK: 1_000_000, Width: 128, Burst: 32, Ranks: 2, Stacks: 1, Groups: 4, Banks: 4, Rows: 16384, Columns: 32,
		HBM: HBMBus{Activate: 2, Column: 1}, // JESD235: ACT takes two clocks
		Timing: Timing{TBL: 2, TBLMax: 2, TCL: 14, TCWL: 5, TRCD: 14, TRCDWR: 12, TRP: 14, TRPAB: 14, TRAS: 34, TRC: 48, TWR: 16, TRTP: 5,
			TPPD:  1, // none in JESD235: one row command per clock
			TCCDS: 2, TCCDL: 4, TCCDSW: 2, TCCDLW: 4, TRRDS: 4, TRRDL: 4, TWTRS: 6, TWTRL: 8, TRTRS: 2, TFAW: 15,
			TREFI: 3900, TRFC: 260},
		Most:         mostHBM2,
		MaxPostponed: 8, // AMD's HBM2E controller (PG313, Refresh): "can skip refreshes up to eight times"
		Hot:          hotHBM(),
		Energy:       hbm2Energy(),
		Comments:     []string{"4 GiB a stack; an 8-high stack has a second stack identifier (twice the banks)"},
	}
}

// hbm2e is HBM2E at 3.2 Gb/s per pin, a 4-high stack of 16 Gb dies: 8 Gb a channel of 2 x 64 bits; tCK 0.625 ns. Clocks
// are ns / 0.625, rounded up.
func hbm2e() *Standard {
	return &Standard{
		Name:   "hbm2e",
		Family: HBM,
		Source: "derived: rate of Samsung's Flashbolt (3.2 Gb/s, 410 GB/s per stack; Micron and SK hynix have 3.6), timings in ns of Ramulator 2.1's HBM2 preset " +
			"2000 (JESD235 class), as Ramulator 2's own HBM2_3800Mbps (41af822) does within two clocks. No public timing row of HBM2E was read: " +
			"unverified. Sources of HBM2 itself disagree: DRAMSys' tRCDRD, tRAS and tRC are 12 to 18 % shorter, DRAMsim3's tRFC 26 % shorter, " +
			"its tFAW twice as long.",
		TCK: 625_000, Width: 128, Burst: 32, Ranks: 2, Stacks: 1, Groups: 4, Banks: 4, Rows: 32768, Columns: 32,
		HBM: HBMBus{Activate: 2, Column: 1}, // JESD235: ACT takes two clocks
		Timing: Timing{TBL: 2, TBLMax: 2, // BL4 at two data per clock
			TCL:    23,            // 14 ns / 0.625 = 22.4
			TCWL:   8,             // 5 / 0.625 = 8.0
			TRCD:   23,            // 14 / 0.625 = 22.4
			TRCDWR: 20,            // 12 / 0.625 = 19.2
			TRP:    23, TRPAB: 23, // 14 / 0.625 = 22.4
			TRAS: 55, // 34 / 0.625 = 54.4
			TRC:  78, // tRAS + tRP; 48 / 0.625 = 76.8
			TWR:  26, // 16 / 0.625 = 25.6
			TRTP: 8,  // 5 / 0.625 = 8.0
			TPPD: 1,  // as HBM2

			TCCDS: 2, TCCDSW: 2, // BL / 2
			TCCDL: 6, TCCDLW: 6, // 3.33 / 0.625 = 5.3: the shortest of Ramulator's HBM2 presets (four clocks at 2.4 Gb/s)
			TRRDS: 7, TRRDL: 7, // 4 / 0.625 = 6.4
			TWTRS: 10, // 6 / 0.625 = 9.6
			TWTRL: 13, // 8 / 0.625 = 12.8
			TRTRS: 2,
			TFAW:  24,   // 15 / 0.625 = 24.0
			TREFI: 6240, // 3900 / 0.625 = 6240.0
			TRFC:  560}, // 350 / 0.625 = 560.0, of 8 Gb a channel
		Most:         mostHBM2,
		MaxPostponed: 8, // as HBM2
		Hot:          hotHBM(),
		Energy:       hbm2eEnergy(),
		Comments:     []string{"an 8-high stack has a second stack identifier (twice the banks); 4-high is modelled"},
	}
}

// hbm3 is HBM3 at 6.4 Gb/s per pin, an 8-high stack of 16 Gb dies: 8 Gb a channel of 2 x 32 bits with two stack
// identifiers. Its clock is half a CK of
// 625 ps, because row commands start and end on either edge; all timings are in half CK. A burst is BL8 of a pseudo
// channel.
func hbm3() *Standard {
	return &Standard{
		Name:   "hbm3-6400",
		Family: HBM,
		Source: "Ramulator 2.1 (CMU-SAFARI/ramulator2 at c5b1c3a) HBM3 preset 6400, whose author calls its timings guesstimates (issue 34), organisation " +
			"HBM3_16Gb_8hi, tRFC 350 ns of 8 Gb a channel. JEDEC leaves " +
			"many of them to the vendor, and sources disagree by up to 30 % (tRTP and tRRD_S by more): PyTorchSim's HBM3_TPUv6e has tCL 16.3 ns " +
			"(here 12.5: +30 %), tRCDRD 16.3 (19.4: -16 %), tRCDWR 8.8 (9.4: -7 %), tRAS 30 (28.1: +7 %), tRC 46.3 (45: +3 %), tWR 15 (20.6: -27 %), " +
			"tRTP 3.8 (5.6: -33 %), tRRD_S 5 (2.5: +100 %); an earlier Ramulator 2 (0aba192) has tCL 16.3, tRCDRD 16.3, tWR 15, tRTP 3.8.",
		TCK: 312_500, Width: 64, Burst: 32, Ranks: 2, Stacks: 2, Groups: 4, Banks: 4, Rows: 16384, Columns: 32,
		HBM: HBMBus{Activate: 3, Column: 2, HalfClock: true}, // JESD238: ACT takes 1.5 CK, a column command one
		Timing: Timing{TBL: 4, TBLMax: 4, TCL: 40, TCWL: 20, TRCD: 62, TRCDWR: 30, TRP: 52, TRPAB: 52, TRAS: 90, TRC: 144, TWR: 66, TRTP: 18,
			TPPD: 4, TCCDS: 4, TCCDL: 8, TCCDR: 6, TCCDSW: 4, TCCDLW: 8, TRRDS: 8, TRRDL: 10, TWTRS: 14, TWTRL: 20,
			TRTRS: 16,                            // read to write tRTW 40 = tCL + tBL + tRTRS - tCWL
			TFAW:  48, TREFI: 12480, TRFC: 1120}, // 350 / 0.3125 = 1120.0
		Most:         mostHBM3,
		MaxPostponed: 8, // JESD238 [M], as HBM2
		Hot:          hotHBM(),
		Energy:       hbm3Energy(),
		Comments:     []string{"the clock is half a CK (HBM3 row commands use both edges): 312.5 ps", "16 GiB a stack"},
	}
}

// hbm3e is HBM3E at 9.6 Gb/s per pin, 8 Gb a channel: the clock is half a CK, 1 / 4.8 GHz = 208.333 ps, as
// in hbm3. Timings are twice those of the source, which has them in CK.
func hbm3e() *Standard {
	return &Standard{
		Name:   "hbm3e",
		Family: HBM,
		Source: "Ramulator 2 (CMU-SAFARI/ramulator2 at 300e25f) HBM3 preset 9600: the CK of its HBM3 preset 6400 times 1.5, rounded up, tPPD and tCCD_S kept. " +
			"Organisation HBM3_16Gb_8hi. No vendor's timing row was read: unverified. So it inherits the disagreement about HBM3 (hbm3-6400): " +
			"tCL +30 %, tRCDRD -16 %, tWR -27 % in PyTorchSim's HBM3_TPUv6e. Rate: allpcb.com; SK hynix has 1.15 TB/s a stack " +
			"(9.0 Gb/s), Micron over 1.2 (9.4; blocksandfiles.com), NVIDIA's H200 runs at 6.2 (docs/sources.md E.1).",
		TCK: 208_333, Width: 64, Burst: 32, Ranks: 2, Stacks: 2, Groups: 4, Banks: 4, Rows: 16384, Columns: 32,
		HBM: HBMBus{Activate: 3, Column: 2, HalfClock: true}, // JESD238: ACT takes 1.5 CK, a column command one
		Timing: Timing{TBL: 4, TBLMax: 4,
			TCL:    60,            // 2 x 30 CK = 2 x 20 x 1.5
			TCWL:   30,            // 2 x 15 = 2 x 10 x 1.5
			TRCD:   94,            // 2 x 47; 31 x 1.5 = 46.5
			TRCDWR: 46,            // 2 x 23; 15 x 1.5 = 22.5
			TRP:    78, TRPAB: 78, // 2 x 39 = 2 x 26 x 1.5
			TRAS: 136, // 2 x 68; 45 x 1.5 = 67.5
			TRC:  216, // 2 x 108 = 2 x 72 x 1.5
			TWR:  100, // 2 x 50; 33 x 1.5 = 49.5
			TRTP: 28,  // 2 x 14; 9 x 1.5 = 13.5
			TPPD: 4,   // 2 x 2: a number of clocks

			TCCDS: 4, TCCDSW: 4, // 2 x 2 = BL / 4 CK
			TCCDL: 12, TCCDLW: 12, // 2 x 6 = 2 x 4 x 1.5
			TCCDR: 10, // 2 x 5; 3 x 1.5 = 4.5
			TRRDS: 12, // 2 x 6 = 2 x 4 x 1.5
			TRRDL: 16, // 2 x 8; 5 x 1.5 = 7.5
			TWTRS: 22, // 2 x 11; 7 x 1.5 = 10.5
			TWTRL: 30, // 2 x 15 = 2 x 10 x 1.5
			TRTRS: 26, // read to write tRTW 60 = 2 x 30 = tCL + tBL + tRTRS - tCWL
			TFAW:  72, // 2 x 36 = 2 x 24 x 1.5

			TREFI: 18720, // 3900 ns / 0.208333 = 18720.0
			TRFC:  1680}, // 350 / 0.208333 = 1680.0, of 8 Gb a channel (JESD238: 260, 350, 450 of 4, 8, 16 Gb)
		Most:         mostHBM3,
		MaxPostponed: 8, // JESD238 [M], as HBM2
		Hot:          hotHBM(),
		Energy:       hbm3Energy(), // of HBM3, with as many cells
		Comments: []string{"the clock is half a CK: 208.333 ps, 1.6 ppm fast",
			"capacity is a power of two: 16 GiB a stack; HBM3E comes with 24 Gb dies, 24 GB (tRFC about 410 ns)"},
	}
}

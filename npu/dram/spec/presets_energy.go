package spec

// Energy tables of the presets. With currents in mA, volts and ns a product is in pJ, without ns in mW:
//
//	ACT + PRE = V (IDD0 tRC - IDD3N tRAS - IDD2N (tRC - tRAS))     Micron TN-40-07, TN-41-01
//	RD        = V (IDD4R - IDD3N) tBurst
//	WR        = V (IDD4W - IDD3N) tBurst
//	REF       = V (IDD5 - IDD2N) tRFC
//	Active, Standby = V IDD3N, V IDD2N
//
// DDR4's and DDR5's IDD3N is measured with all banks open; with one open bank it is taken to be
// IDD2N + (IDD3N - IDD2N) / banks. LPDDR's is measured with one bank open. [A] is an assumption of ours.

// lpddr4xEnergy is that of Micron's 6 Gb LPDDR4-3200 die. The published currents are those of both x16 channels, and
// are halved here: IDD4RQ 150 mA is 4.7 mA for each of 32 pins, and LVSTL's VDDQ/3 over 40 ohm for half of the bits is
// 4.6.
func lpddr4xEnergy() Energy {
	return Energy{
		Source: "currents of MICRON_6Gb_LPDDR4-3200_32bit_A (tukl-msd/DRAMPower memspecs), VDD1 1.8 V, VDD2 1.1 V, half of them per channel; " +
			"LPDDR4X and 4266 from these: core energy per bit unchanged, pins at VDDQ 0.6 V [A]. A stream comes to 3.6 pJ/bit; " +
			"docs/sources.md E.2 has 4 to 6 (from memory), LPDDR3 40 % off gives 5.0 for LPDDR4.",
		Activate: 602,    // (1.1 (45 x 60.6 - 30 x 42.5 - 27 x 18.1) + 1.8 (3.5 x 60.6 - 2.25 x 42.5 - 2 x 18.1)) / 2 = 530 + 72
		Read:     674,    // 1.1 (275 - 30) x 16 / 3.2 / 2; VDD1 draws nothing more than in IDD3N
		Write:    495,    // 1.1 (210 - 30) x 5 / 2
		ReadIO:   137,    // LPDDR4: 1.1 (150 - 0.75) x 5 / 2 = 410; x 0.6/1.1 volts x 0.3/0.367 V of swing x 3200/4266 of the time [A]
		WriteIO:  33,     // LPDDR4: 1.1 (55 - 0.75) x 5 / 2 = 149; x (0.6/1.1)^2 x 3200/4266 [A]
		Refresh:  20_088, // (1.1 (90 - 27) + 1.8 (10 - 2)) x 180 / 2 = 7533 for 3 Gb a channel (tRFCab 180); x 8/3 for 8 Gb [A]

		RefreshBank: 2_511,  // an eighth [A]
		Active:      18_525, // (1.1 x 30 + 1.8 x 2.25) / 2
		Standby:     16_650, // (1.1 x 27 + 1.8 x 2) / 2
	}
}

// lpddr5Energy is that of Micron's 16 Gb die for LPDDR5X (one x16 channel), at 7500 Mb/s. The energy per bit is taken
// to be the same at 6400 and 8533 [A].
func lpddr5Energy() Energy {
	return Energy{
		Source: "maxima of Micron's public Y52P LPDDR5X sheet (MT62F1G32D2 family, Rev. H 03/2025, Table 18, x16, 7500 Mb/s, bank group mode), as " +
			"quoted in a public simulator's source; the sheet itself was not read. VDD1 1.8 V, VDD2H 1.05 V, VDDQ 0.5 V. A stream comes to " +
			"4.5 pJ/bit (8533: 4.3); docs/sources.md E.2 has 4 to 6. PIM-AI (arXiv 2411.17309) takes 10 to 20 with both PHYs.",
		Activate: 1_138,  // 1.05 (53 x 61.25 - 40 x 42.5 - 32.5 x 18.75) + 1.8 (3.8 x 61.25 - 2.8 x 42.5 - 1.5 x 18.75) = 984 + 154
		Read:     842,    // (1.05 (390 - 40) + 1.8 (18.0 - 2.8)) x 16 / 7.5 = 784 + 58
		Write:    557,    // (1.05 (265 - 40) + 1.8 (16.5 - 2.8)) x 16 / 7.5 = 504 + 53
		ReadIO:   119,    // 0.5 (111.9 - 0.6) x 16 / 7.5
		WriteIO:  0,      // IDD4WQ 0.6 is IDD3NQ
		Refresh:  50_715, // 1.05 (205 - 32.5) x 280; VDD1 is not given

		RefreshBank: 6_339,  // an eighth: a per-bank refresh is of two banks of sixteen [A]
		Active:      47_040, // 1.05 x 40 + 1.8 x 2.8
		Standby:     36_825, // 1.05 x 32.5 + 1.8 x 1.5
	}
}

// ddr4Energy is that of eight 8 Gb x8 devices.
func ddr4Energy() Energy {
	return Energy{
		Source: "currents of DRAMsim3's DDR4_8Gb_x8_3200 (umd-memsys/DRAMsim3), 1.2 V, VPP 2.5 V x 3 mA, eight devices; Micron's Rev. G (tukl-msd/" +
			"DRAMPower) agrees but for IDD3N 56 (here 52) and IDD4W 155 (150). IDD5B 250 mA is the least certain: Ramulator 2 has 362, and Rev. G's " +
			"averaged IDD5R 66 mA would make 683. The pins are computed, not measured [A].",
		Activate: 8_588,   // 8 x 1.2 (57 x 46.25 - 37.94 x 32.5 - 37 x 13.75); with IDD3N 52 as TN-40-07 writes it: 4200
		Read:     2_784,   // 8 x 1.2 (168 - 52) x 2.5
		Write:    2_352,   // 8 x 1.2 (150 - 52) x 2.5
		ReadIO:   1_405,   // POD12: half of the bits low, 1.2^2 / (34 + 48 ohm) / 2 / 3.2 Gb/s = 2.74 pJ/bit x 512 [A]
		WriteIO:  1_405,   // the same line
		Refresh:  715_680, // 8 x 1.2 (250 - 37) x 350
		Active:   559_200, // 8 (1.2 x 52 + 2.5 x 3)
		Standby:  415_200, // 8 (1.2 x 37 + 2.5 x 3)
	}
}

// ddr5Energy is that of four 16 Gb x8 devices.
func ddr5Energy() Energy {
	return Energy{
		Source: "maxima of Micron's 16 Gb DDR5 die Rev. D (Rev. F 04/2024, Table 8, x8, DDR5-5600B), 1.1 V, VPP 1.8 V, four devices, as quoted in a public " +
			"simulator's source; the sheet itself was not read. Die Rev. A (DDR5-4800B) has IDD4R 377 where this one has 218: 6.7 pJ/bit for 3.1. " +
			"Energy per bit is taken to be that at 6400, too [A]; the pins are computed, not measured [A].",
		Activate: 2_449,   // Rev. A: 4 (1.1 (103 x 48 - 93.6 x 32 - 92 x 16) + 1.8 (8 - 7) x 48) = 4 (526 + 86); Rev. D: 165 a device, 1 mA of IDD0 being 51
		Read:     1_597,   // 4 x 1.1 (218 - 91) x 16 / 5.6
		Write:    1_886,   // 4 x 1.1 (241 - 91) x 16 / 5.6
		ReadIO:   590,     // POD11: 1.1^2 / (34 + 48 ohm) / 2 / 6.4 Gb/s = 1.15 pJ/bit x 512 [A]; IDDQ4R - IDDQ3N gives 3.6
		WriteIO:  590,     // the same line
		Refresh:  425_744, // 4 x 1.1 (377 - 49) x 295

		RefreshBank: 53_218,  // same-bank: half of the rows of a refresh, of a quarter of the banks [A]
		Active:      458_000, // 4 (1.1 x 91 + 1.8 x 8)
		Standby:     266_000, // 4 (1.1 x 49 + 1.8 x 7)
	}
}

// hbm2Energy is O'Connor's table for HBM2, with DRAMsim3's currents for what it leaves out. The energy of a refresh is
// uncertain by a factor of two either way. It would be twice as much if DRAMsim3's currents are of 4 Gb, as its rows,
// banks and page make, not of 8. It would be half as much by CMU-SAFARI/HBM-Power, who measured 17 nJ for 4 Gb.
func hbm2Energy() Energy {
	return Energy{
		Source: "O'Connor et al., Fine-Grained DRAM (MICRO 2017), Table 3, as in PyTorchSim's energy_tables/hbm2.yml: 909 pJ a row of 1 KiB, 1.51 + 1.17 " +
			"pJ/bit inside, 0.80 at the pins. Refresh and background: IDD of DRAMsim3's HBM2_8Gb_x128, 1.2 V. Others: 5.47 pJ/bit in all (TPU v4i), " +
			"measured at 1.2 Gb/s 5.16 a bit read, 3.47 written, 444 pJ a row (CMU-SAFARI/HBM-Power, quoted second hand).",
		Activate: 909,
		Read:     686, // 2.68 x 256
		Write:    686, // not told apart by the source [A]
		ReadIO:   205, // 0.80 x 256
		WriteIO:  205,
		Refresh:  16_380, // 1.2 (250 - 40) x 260 = 65 520, taken for the 8 Gb of its name [A]; a pseudo channel here has 2: see below
		Active:   66_000, // 1.2 x 55
		Standby:  48_000, // 1.2 x 40
	}
}

// hbm2eEnergy is one published sum, split as HBM2's is.
func hbm2eEnergy() Energy {
	e := hbm2Energy()
	e.Source = "4.3 pJ/bit of a stream in all (SK hynix, IEDM 2023, quoted second hand), split as HBM2's table splits [A]: less row, refresh and background " +
		"(0.34) 3.96 remain, 77 % inside and 23 % at the pins. Micron's own table has 6.0 on average (docs/sources.md E.2): 40 % more. Rows, refresh " +
		"and background as HBM2 [A]."
	e.Read, e.Write = 781, 781     // 3.96 x 0.77 x 256
	e.ReadIO, e.WriteIO = 233, 233 // 3.96 x 0.23 x 256
	e.Refresh = 32_760             // 16 380 x 2: twice the cells of HBM2's pseudo channel
	return e
}

// hbm3Energy is one published sum of HBM3E, split as HBM2's is, and taken to hold for HBM3, too [A].
func hbm3Energy() Energy {
	return Energy{
		Source: "3.9 pJ/bit of a stream in all (Samsung on its HBM3E, chinaflashmarket.com), split as HBM2's table splits [A]: less row, refresh and background " +
			"(0.22) 3.68 remain, 77 % inside and 23 % at the pins. SK hynix has 3.44 (IEDM 2023, second hand): 12 % less; docs/sources.md E.2 has " +
			"3.5 to 4, a market page 7 to 9. Rows, refresh and background are HBM2's at 1.1 for 1.2 V, x 0.84 [A].",
		Activate: 764, // 909 x 0.84
		Read:     725, // 3.68 x 0.77 x 256
		Write:    725,
		ReadIO:   217, // 3.68 x 0.23 x 256
		WriteIO:  217,
		Refresh:  27_528, // 16 380 x 0.84 x 2: twice the cells of HBM2's pseudo channel
		Active:   55_440, // 66 mW x 0.84
		Standby:  40_320, // 48 mW x 0.84
	}
}

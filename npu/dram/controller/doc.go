// Package controller steps one DRAM channel, command by command.
//
// A Controller holds bursts that have been offered to it and issues the commands that serve them, FR-FCFS with row-hit
// protection and open pages, under the timing table of a spec.Standard. There are two: singleBus drives LPDDR and DDR,
// with one command at a time; hbmController drives HBM, whose pseudo channels share a row and a column command bus. New
// chooses.
//
//	Offer, Offer ─► read queue ──┐  ACT   ┌─► active list ─ RD, WR ─► Status.Issued
//	                write queue ─┴────────┘   (their rows were opened for them)
//	                       └──────────────── row hits: RD, WR ──────► Status.Issued
//
// All times are clocks of the standard's TCK, as int64. Which burst belongs to whom is the caller's business: the
// controller hands its tag back.
//
// # Contract
//
// At every clock the caller offers at most OffersPerClock bursts, then calls Tick. After SkipAfter ticks that returned
// Idle it may call Skip, if it has nothing to offer that would be accepted. A Controller is a deterministic function of
// what it was offered and when. Snapshot writes all of its state that can matter later, freed from when, where and for
// whom it is, and reads it back (snapshot.go): that is what package dram's memo rests on.
//
// Reads are served first. Writes are drained in batches: from when more than 0.8 of their queue are taken, or no read
// waits, until less than 0.2 are (Options). A row stays open until another is wanted or, with the page policies closed and
// adaptive, until the last request inside that wants it has its RDA or WRA (singlebus_page.go, hbm_page.go). Of the refreshes that fall due, up to the postponed ones of New wait until no burst
// is inside. When more are due, all of them are made up for, one after another, before any request. Ranks share the
// command and the data bus; the latter is handed over in tCS.
//
// # What it leaves out
//
// Power-down states, slower timings of hot LPDDR, ECC. Refreshes of banks come in a fixed order.
//
// # One more controller
//
// A type in files of its own implements Controller; New chooses it by spec.Standard.Family, which gets a constant of
// its own in spec/standard.go and checks in spec/validate.go. The tests in bench_timing_test.go and
// observer_timing_test.go drive every preset's controller at random and check each gap of the trace against the timing
// table: newBench builds the new one. snapshot_test.go of package dram holds Snapshot against the controller itself.
//
// The order of choices was learnt from Ramulator 2.1 (MIT licence, CMU-SAFARI/ramulator2 at c5b1c3a).
package controller

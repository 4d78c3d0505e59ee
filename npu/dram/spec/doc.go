// Package spec describes DRAM as checked data: standards with their timings and energies, address mappings, refresh
// policies. It simulates nothing, and is all of DRAM that a configuration needs.
//
// A Standard is a DRAM part at one speed and density: its organisation, JEDEC's timings in clocks of its TCK, its
// energies, and where every number comes from. Validate refuses one that lacks a value or a source, or contradicts
// itself. All gives the presets, Fixtures the tables of Ramulator 2.1 that its golden streams were run with; Names and
// Lookup know both. Operate changes a Standard to one that is operated otherwise: hotter, with finer refresh. A Mapping says which address bits select channel, rank, bank group, bank, row and column. Refresh is
// the refresh policy. EnergyOf turns counted commands into energy.
//
// # Contract
//
// Functions that return a Standard return a fresh copy. A Mapping does not change after ParseMapping. Names keep
// JEDEC's spelling (TRCD, TFAW); times are clocks unless their type says otherwise.
//
// # What it leaves out
//
// Power-down and self-refresh currents, slower timings and larger currents of hot parts, and whatever package dram leaves out. A part is one entry: density
// and speed are not combined from tables.
//
// # One more standard
//
//   - presets.go (presets_hbm.go for HBM; presets_ramulator.go has the fixtures): a function that returns the Standard:
//     organisation, every timing in clocks with its source and arithmetic, MaxPostponed, and what is assumed (Comments).
//   - presets_energy.go: its table of energies, with sources, unless another preset's holds for it.
//   - standard.go: the function in All.
//   - ../stream/golden/*.csv, if another simulator has run it; else ../efficiency_test.go, a bound of its bandwidth.
//   - ../published_energy_test.go: its published energy per bit and refresh power.
//
// The tests of dram/controller then check every gap between its commands: legal at the clock, not one clock before. A
// standard of another command protocol needs another controller: see package dram/controller.
package spec

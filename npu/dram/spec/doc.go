// Package spec describes DRAM as checked data: standards with their timings and energies, address mappings, refresh
// policies. It simulates nothing, and is all of DRAM that a configuration needs.
//
// A Standard is a DRAM part at one speed and density: its organisation, JEDEC's timings in clocks of its TCK, its
// energies, and where every number comes from. Validate refuses one that lacks a value or a source, or contradicts
// itself. All gives the presets that are used, Fixtures the tables of Ramulator 2.1 that its golden streams were run
// with; Names and Lookup know both. Operate changes a Standard to one that is operated otherwise: hotter, with finer
// refresh. A Mapping says which address bits select channel, rank, bank group, bank, row and column. Refresh is the
// refresh policy. EnergyOf turns counted commands into energy.
//
// # Contract
//
// Functions that return a Standard return a fresh copy. A Mapping does not change after ParseMapping. Names keep
// JEDEC's spelling (TRCD, TFAW); times are clocks unless their type says otherwise.
//
// # What it leaves out
//
// Power-down and self-refresh currents, slower timings and larger currents of hot parts, and whatever package dram
// leaves out.
//
// # Parts
//
// A Part is a Standard as data: a YAML file of a user (ParsePart), a mapping in a configuration (ReadPart), or a
// preset. It keeps durations as they were given, so that they follow when the data rate changes, and a table of
// densities, from which rows and tRFC follow. Part.Standard makes the clocks. The presets are tables in parts/, one for
// each organisation, with the speeds that are sold of it.
//
//   - One more preset: docs/architecture.md.
//   - One more value of parts: a field of Standard, Timing, Energy, CommandClocks or HBMBus with a yaml tag is a key of part
//     files, of the name of the tag, read by its type (a timing: clocks or a duration). A timing with a tag is also a key of
//     configurations, dram.timing.NAME. Nothing else is needed but its rules in validate.go. A field whose zero value is no
//     default goes into the tables, too; needs in validate.go lists it then.
//
// Beside its table a preset wants ../stream/golden/*.csv, if another simulator has run it, else ../efficiency_test.go,
// a bound of its bandwidth, and its published energy in ../published_energy_test.go. A standard of another command
// protocol needs another controller: see package dram/controller.
package spec

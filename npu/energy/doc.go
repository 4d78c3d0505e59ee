// Package energy turns what a machine counted into joules, and its configuration into square millimetres.
//
// Energy is action counts times a table, part by part: Of. A PE cycle of the array, a look-up, a byte at the scratchpad, a
// lane operation, a bit over a millimetre of wire each have an energy; silicon leaks for as long as the step takes; the
// DRAM's part comes from its own tables (npu/dram/spec). Area is the same silicon summed up: AreaOf, and IsoArea compares
// styles of arrays on equal area.
//
// The tables stand beside the functions that read them, with the source and the arithmetic of every number. [V] was read in
// the source or in public code that quotes it, [M] is from memory, [A] an assumption of ours. All of them are at 45 nm and
// 0.9 V, the conditions of Horowitz (ISSCC 2014); process.go has the way to other nodes. docs/energy.md says how far sources
// disagree: by factors of up to 2.5 for logic and 3.5 for memories.
//
// Left out: the host, the DRAM's PHY, power delivery, the sequencer and the DMA (nothing published fits them), clock trees but
// for what placement and routing add to a PE, and idle units: they are taken to be clock gated and leak only.
//
// The energy of one action is rounded to whole attojoules, and its product with a count down to picojoules: results are integers that
// neither the order of sums nor the machine that computes them can change.
//
// To add a style: a case in peOf and one in tablesOf, with a published design that the test compares it to.
package energy

// Package energy turns the counts of a machine into joules, and its configuration into square millimetres.
//
// Energy is action counts times a table, part by part (Of). A PE cycle of the array, a look-up, a byte at the
// scratchpad, a lane operation, a bit over a millimetre of wire each have an energy; silicon leaks during the whole
// step; DRAM has tables of its own (npu/dram/spec). Area is the sum of the same silicon (AreaOf). IsoArea returns the
// array of another style that takes the same area.
//
// The tables are beside the functions that read them, with the source and the arithmetic of every number. [V] was read
// in the source or in public code that quotes it, [M] is from memory, [A] is an assumption of ours. All are at 45 nm
// and 0.9 V, the conditions of Horowitz (ISSCC 2014); process.go scales them to other nodes. Sources disagree by
// factors of up to 2.5 for logic and 3.5 for memories (docs/energy.md).
//
// Left out: the host, power delivery, the sequencer and the DMA (nothing published fits them); the DRAM's PHY and, except
// for what placement and routing add to a PE, clock trees, unless energy.phy and energy.clock give them. Idle units are
// taken to be clock gated: they only leak.
//
// The energy of one action is rounded to whole attojoules, its product with a count down to picojoules. Results are
// integers, which depend neither on the order of sums nor on the computer. Check refuses what they cannot hold.
//
// What the section energy of a configuration gives takes the place of the tables (Of).
//
// To add a style: a case in peOf and one in tablesOf, with a published design that the test compares it to.
package energy

// Package timing calculates how long a decode step takes on an H200, from what ptxas makes of the kernels. Nothing in
// it is measured: every figure is modelled, and no card has run the kernels.
//
// # What it models
//
// One multiprocessor, its share of the memory's bandwidth, and the blocks of a product that fall to it. A warp goes
// through the phases of its code (kernels.Phase): it waits for loads, takes its turn on one of four schedulers for as
// many clocks as its instructions need on the busiest unit, and issues loads. Loads take a latency, and queue for the
// bandwidth. Blocks that end make room for others. Small kernels have a time each; every node of the graph costs a
// gap.
//
// Gap, latency, bandwidth and clock are frozen: they are those of a review that modelled the kernels before they could
// be assembled; a test holds that this machine, given that review's guesses in place of the assembler's code, yields
// its tables. Two corners of latency and gap make a range.
//
// # What it leaves out
//
// Latency of instructions but for attention, where it counts; conflicts of banks but for look-ups; misses of x in L1; the order in
// which schedulers favour warps. The review put its error at a quarter.
package timing

// Package stream drives DRAM channels with synthetic traffic, as other simulators' runs did, and compares the results
// with theirs.
//
// A Stream is a list of reads and writes in a fixed order: sequential, through several regions in turns, or random. Run
// feeds it to the channels of a dram.Options from power-on, through one in-order generator and a FIFO per channel
// (inject.go), and returns the clocks until the last datum, the counts and the energy. A stream that falls alike on all
// channels is replayed on a dram.System of one channel instead, with the same result: share.go has the proof.
//
// Goldens are streams that Ramulator 2.1, DRAMsim3 and a prototype have run, with what each of them measured and the
// Rule that says how close we must come (golden.go, golden/README.md). `pmpdsim dram check` and the tests run them all.
//
// Layouts measures the cells of a layouts.Spec, on a dram.System each (layouts.go).
//
// # Contract
//
// Run is a deterministic function of its arguments. The stream must Fit the standard. Progress is called now and then
// from the goroutine of Run; when its context is cancelled, Run returns the cause.
//
// # What it leaves out
//
// Requests that wait for each other's data, several requesters, consumers with a pace of their own: those are package
// dram's Options, and npu/mem's traffic.
//
// # One more
//
// A golden stream is a row in golden/*.csv, in the columns that golden/README.md explains; Golden.rule (golden.go)
// decides what it obliges us to. An order of addresses is a field of Stream: generator.begin (stream.go) produces it,
// Parse, check and String (text.go) read, check and write it, and Stream.share (share.go) refuses it unless the proof
// covers it.
package stream

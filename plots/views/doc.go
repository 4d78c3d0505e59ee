// Package views says what is drawn of results: each view takes data and returns a figure, tables, and the numbers in
// them. Package plots knows how to draw; package study (sim/study) what results are, by what they differ and what is
// best.
//
//	bars.go      throughput, speed-ups, breakdowns   points.go   Pareto fronts, lines over precision
//	heatmap.go   one number over two keys            roofline.go operators below the roofs of their NPU
//	styles.go    compute styles                      layouts.go  layouts of weights
//	header.go    what was run, above a table         compare.go  what differs between two results
//	trace.go     the summary of a trace              decisions.go what schedules decide, and a search over them
//	paper.go     the PMPD paper's bars               npu.go      an NPU in few words
//	quality.go   what schedules cost in quality      qualityfront.go, qualitypositions.go  the same, drawn
//	lists.go     models, tasks, DRAM standards       intervals.go how far predictions may be off
//
// A view is a pure function: equal results give equal bytes, whatever the order of the files they came from. It reads
// no file and simulates nothing, and neither does anything that this package imports; the architecture's test holds
// that.
//
// To add a kind of figure see docs/architecture.md, "A plot kind".
package views

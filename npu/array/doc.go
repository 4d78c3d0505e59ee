// Package array is the compute array: how many cycles a matrix product takes, tile by tile, in one of several styles of
// processing element (PE) and one of several dataflows.
//
// A style gives three costs: the throughput of a PE for operands of given widths (Rate: multiply-accumulates along the
// reduction K, and the cycles that they take); what a tile needs beside the PEs, such as codebook look-ups or tables
// (Feed: a lower bound on its time); and the time of a change of precision (Switch). The mapping is the same for all
// styles (dataflow.go): Rows×Cols PEs, folded over the two dimensions that the dataflow lays along rows and columns,
// while the third one streams. A GEMV can take its weights from wide scratchpad lanes instead (gemv.go). A tile takes
// the longest of three times: of the PEs, of what is beside them, and of reading its operands from the scratchpad; what
// the unpacking of codes takes is beside them or on top (unpack.go).
//
//	Style         Rate{cycles, lanes}, Feed, Switch        one file per style
//	Array.Cycles  one tile: max(PEs, feed, scratchpad)     a pure function, which the compiler's cost model calls, too
//	Array.Drain   what the last tile of an op adds         fill and drain of the pipeline, adders behind the columns
//	Array.Timing  both, and counts what was done
//
// The geometry is SCALE-Sim's (Samajdar et al., ISPASS 2020): without double buffering a product takes the cycles of
// its equation 4. Tests compare it with the tool's own reports and with an array simulated register by register.
//
// Left out: bank conflicts of the scratchpad; the capacity of the accumulators that hold sums over the folds of K, and
// of the memory of tables; stalls inside a tile, which has all of its operands when it starts; zeros, which no style
// skips. Operands of 16 bits are fp16: in an integer PE an activation costs what its aligned significand does (see
// significand), a weight 16 bits. Rounding and alignment cost no time.
//
// To add a style:
//
//   - npu/config: its name in enums.go (a constant, and Styles). If it has a parameter: a field of Array in config.go,
//     its bounds in validate.go, its value in each file of presets.
//   - npu/array: a file with a type that has the three methods of Style, its formulas in the doc comment, and its
//     Description; a case in styleOf (style.go), a guard below it; rows in style_test.go.
//   - npu/energy: a case in peOf (pe.go), one in tablesOf (memory.go) if it keeps tables beside its PEs, and a published
//     design to compare with in anchor_test.go.
//   - docs/energy.md: a row of its table of PEs.
//
// To add a dataflow: its name in npu/config/enums.go, a case in product (dataflow.go), a line in Geometry (style.go),
// and an array of registers in systolic_test.go.
package array

// Package array is the compute array: how many cycles a matrix product takes, tile by tile, in one of several styles of
// processing element (PE) and one of several dataflows.
//
// A style says what a PE does with operands of given widths, as a Rate: so many multiply-accumulates along the reduction K
// in so many cycles. What a tile needs beside the PEs (codebook look-ups, tables) is a lower bound on its time, and a
// change of precision has a price. The geometry is the same for all styles (dataflow.go): Rows×Cols PEs, folded over the
// dimensions that the dataflow lays along rows and columns, the third one streams. Vectors can take their weights from wide
// scratchpad lanes instead (vectors.go). A tile takes the longest of three times: the PEs', that of what is beside them,
// and that of reading its operands from the scratchpad.
//
//	Style         Rate{cycles, lanes}, Feed, Switch        one file per style
//	Array.Cycles  one tile: max(PEs, feed, scratchpad)     a pure function; the compiler's cost model asks it, too
//	Array.Drain   what the last tile of an op adds         fill and drain of the pipeline, adders behind the columns
//	Array.Timing  both, and counts what was done
//
// The geometry is SCALE-Sim's (Samajdar et al., ISPASS 2020): without double buffering a product takes the cycles of its
// equation 4, which the tests hold against the tool's own reports and against an array simulated register by register.
//
// Left out: bank conflicts of the scratchpad; the capacity of the accumulators that hold sums over the folds of K, and of
// the memory of tables; stalls inside a tile, which has all of its operands when it starts; zeros, which no style skips.
// Operands of 16 bits are fp16 and take an integer PE as their aligned significands would (see significand), with 16 bits
// for weights; rounding and the alignment itself cost no time.
//
// To add a style: a name in npu/config; a file with a type that has the three methods of Style, its formulas in the doc
// comment, and its Description; a case in styleOf; rows in the tests. To add a dataflow: a name in npu/config, a case in
// product, and an array of registers in the tests.
package array

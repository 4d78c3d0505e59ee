// Package plan holds what a compiler decided about one run, as data: how much DRAM a deployment takes (Footprint), and
// how each operator of a step is cut into tiles and why (Choice). The compiler fills them in, results carry them,
// tables and pages show them; none of these needs the compiler for that.
//
// Left out: the programs themselves (npu/isa) and the addresses of data in DRAM, which stay inside the compiler.
//
// To record one more decision: a field of Choice or Footprint, its value in npu/compile, and a column in plots.Tilings
// if tables show it. JSON gets it from its tag; sizes are numbers of bytes there, so a new one needs a line in
// choiceJSON.
package plan

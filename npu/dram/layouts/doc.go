// Package layouts describes a comparison of layouts of weights by the bandwidth of DRAM channels that they leave: every
// address mapping with every layout and every number of planes that a pass reads. It is data: stream.Layouts
// (npu/dram/stream) measures the cells of a Spec and returns a Row for each.
//
// A layout is what the keys weights.layout, weights.chunk and weights.skew of a configuration say. Its walks are those
// that npu/compile emits, with one difference: here a pass reads one long matrix, where a compiled pass reads tile by
// tile, each from an aligned address. So the figures are those of an endless stream, which the tiles of a decode come
// close to.
//
//	packed         codes one behind the other: one stream
//	interleaved    |0a 1a 2a 3a|0b 1b 2b 3b|  a pass at 2 bits reads 0a 1a, skips 2a 3a, reads 0b 1b
//	plane-major    |0a 0b 0c ...|  |1a 1b 1c ...|  regions a power of two apart: a pass reads 0a 1a 0b 1b 0c 1c
//	  +skew=S      the same, each region S further: same place of the row, another bank
//
// # Contract
//
// Every cell starts from power-on and is read at full speed: what a decode does with its weights while nothing else
// uses the memory. The rows are a deterministic function of the Spec; Workers changes the speed alone.
//
// # What it leaves out
//
// Writes, the KV cache, other traffic, and the rest of the machine: a run of the whole NPU has them.
//
// # One more
//
// A layout is a config.Layout (npu/config/layout.go), which npu/compile/layout.go emits; Spec.Walk here gives its walk,
// and Spec.Validate its limits. A mapping to compare is an entry of Mappings, made by a function in
// dram/spec/orders.go.
package layouts

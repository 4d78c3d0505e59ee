// Package layouts says what layouts of weights are compared by the bandwidth that they leave: every address mapping with
// every layout and every number of planes that a pass reads. It is data: stream.Layouts (npu/dram/stream) measures the
// cells of a Spec and returns a Row for each.
//
// A layout is what weights.layout, weights.chunk and weights.skew say of it, and the walks are those that package compile
// emits, with one difference: here a pass reads one long matrix, where a compiled one goes tile by tile, each from a round
// address. So the figures are those of a stream that never ends, which is what the tiles of a decode come to.
//
//	packed         codes one behind the other: one stream
//	interleaved    |0a 1a 2a 3a|0b 1b 2b 3b|  a pass at 2 bits reads 0a 1a, skips 2a 3a, reads 0b 1b
//	plane-major    |0a 0b 0c ...|  |1a 1b 1c ...|  regions a power of two apart: a pass reads 0a 1a 0b 1b 0c 1c
//	  +skew=S      the same, each region S further: same place of the row, another bank
//
// Everything is read, from power-on, in saturation: what a decode does with its weights while nothing else wants the
// memory. The rows are a deterministic function of the Spec.
package layouts

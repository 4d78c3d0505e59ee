// Package layouts measures what layouts of weights leave of the bandwidth of DRAM channels: every address mapping with
// every layout and every number of planes that a pass reads.
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
// memory. A Run is a deterministic function of its Spec.
package layouts

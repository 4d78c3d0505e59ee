// Package mem is the memory path of the NPU as components: the DMA engine with the scratchpad's space, and the front of
// the memory that crosses into the DRAM's clock domain. The channels themselves are in package dram.
//
//	Sequencer --Fetch, Start--> DMA --Transfer--> Memory --> dram.Memory
//	unit      --Tile (finished)--> DMA --Tile (arrived)--> unit
//
// No payload travels: what matters is when.
package mem

// Package mem is the memory path of the NPU as components: the DMA engine of each core with its scratchpad's space, the front
// of the memory that crosses into the DRAM's clock domain, and the network between them. The channels themselves are in
// package dram.
//
//	Sequencer --Fetch, Start--> DMA --Transfer--> Memory --> dram.Memory, whose queues take turns (QueuesOf)
//	unit      --Tile (finished)--> DMA --Tile (arrived)--> unit
//	Memory, DMA: when has it crossed? --> Network
//
// Requests take dma.latency to the memory and answers as much back, like on wires; what the network adds is the time that data
// need where links are slower than what they carry (network.go, with what that leaves out). Cores contend in three places: at
// the controllers (noc.arbitration), for the DRAM's banks and bus, and for the links (noc.topology, noc.bandwidth).
//
// An ideal memory has no controllers: it serves transfers as they come, whatever the arbitration.
//
// No payload travels: what matters is when.
package mem

// Package mem is the memory path of the NPU as components: the DMA engine of each core with the space in its
// scratchpad, the front of the memory, which crosses into the DRAM's clock domain, and the network between them.
// Package dram has the channels.
//
//	Sequencer --Fetch, Start--> DMA --Transfer--> Memory --> dram.Memory, with queues by core or by class (QueuesOf)
//	unit      --Tile (finished)--> DMA --Tile (arrived)--> unit
//	Memory, DMA --Deliver, Gather--> Network: when have the data crossed?
//
// A request takes dma.latency to the memory, an answer as much back. The network adds the time by which a link is
// slower than the data that it carries (network.go, with what that leaves out). Cores contend in three places: at the
// controllers (noc.arbitration), for the DRAM's banks and bus, and for the links (noc.topology, noc.bandwidth).
//
// An ideal memory has no controllers: it serves transfers in order of arrival, whatever the arbitration.
//
// No payload travels: the model is about when data arrive.
//
// To add a class of traffic: isa.Data, and its queue in Queues.of. To add a memory model: a type with the methods of
// dram.Memory, such as Ideal, and its place in npu/dram.go.
package mem

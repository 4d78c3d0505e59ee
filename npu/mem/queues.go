package mem

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// Queues is the use of the memory controllers' queues: how many there are, and which transfer goes to which.
type Queues struct {
	Count  int
	byCore bool // a queue for each core, not for each class of data
}

// mostQueues is the number of queues that a memory controller has at most.
const mostQueues = 4

// QueuesOf returns the queues of an NPU. With round-robin arbitration (noc.arbitration) there is a queue for each core;
// where there are more cores than queues, cores share one, in which the oldest transfer is first. Then dma.queues only
// decides whether a core's loads wait for its stores. Otherwise there are dma.queues queues by class of data, and in
// each the oldest transfer of any core is first.
func QueuesOf(c *config.Config) Queues {
	if c.Cores > 1 && c.Network.Arbitration == config.RoundRobin {
		return Queues{min(c.Cores, mostQueues), true}
	}
	return Queues{c.DMA.Queues, false}
}

// of returns the queue of a core's transfer. By class, queue 0 takes the weights and every class without a queue of its
// own. Queues need not wait for each other: an op that loads what another one stores waits for it (isa.Op.LoadAfter).
func (q Queues) of(data isa.Data, core int) int {
	if q.byCore {
		return core % q.Count
	}
	queue := 0
	switch data {
	case isa.KVWrite, isa.ActWrite:
		queue = 1
	case isa.KVRead, isa.ActRead:
		queue = 2
	case isa.Codebooks, isa.Params:
		queue = 3
	}
	if queue >= q.Count {
		return 0
	}
	return queue
}

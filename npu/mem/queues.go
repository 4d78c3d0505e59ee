package mem

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// Queues says for what the memory controllers' queues are, and how many there are.
type Queues struct {
	Count  int
	byCore bool
}

// mostQueues is how many queues a controller of npu/mem/dram has.
const mostQueues = 4

// QueuesOf returns the queues of an NPU. Where cores take turns at the memory each has one, or shares one where there are more
// cores than queues (then those take turns with the others, and among themselves the oldest transfer is first): dma.queues
// then only says whether a core's loads wait for its stores. Else they are for the classes of data that dma.queues tells
// apart, in each of which the oldest transfer is first, whosever it is.
func QueuesOf(c *config.Config) Queues {
	if c.Cores > 1 && c.Network.Arbitration == config.RoundRobin {
		return Queues{min(c.Cores, mostQueues), true}
	}
	return Queues{c.DMA.Queues, false}
}

// of is the queue of a core's transfer. Of classes the first is that of the weights and of all that has no queue of its own.
// What a load needs from DRAM its op waits for (LoadAfter), so that queues need not wait for each other.
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

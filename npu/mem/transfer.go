package mem

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// goal is what a transfer is for.
type goal struct {
	op, tile int
	store    bool
}

func (d *DMA) send(s *isa.Slice, tile, tiles int, g goal) error {
	d.lastID++
	m := reuse(&d.spareTransfers)
	m.ID, m.Walk, m.Data, m.Queue = d.lastID, s.At(tile, tiles), s.Data, queueOf(s.Data, d.queues)
	m.Op, m.Tile, m.Write = g.op, g.tile, g.store
	if g.store {
		d.writing++
	}
	d.flying++
	d.counts.Transfers++
	moved := BurstTraffic(m.Walk, d.burst)
	d.counts.Traffic[s.Data] += moved
	d.counts.Operators[d.program.Ops[g.op].Operator].Bytes += moved
	if !d.Send(d.Data, d.memory, m) {
		return fmt.Errorf("mem: the link to the memory is full")
	}
	return nil
}

// queueOf is the queue of a class of data where there are so many: the first is that of the weights and of all that has no
// queue of its own. What a load needs from DRAM its op waits for (LoadAfter), so that queues need not wait for each other.
func queueOf(data isa.Data, queues int) int {
	queue := 0
	switch data {
	case isa.KVWrite, isa.ActWrite:
		queue = 1
	case isa.KVRead, isa.ActRead:
		queue = 2
	case isa.Codebooks, isa.Params:
		queue = 3
	}
	if queue >= queues {
		return 0
	}
	return queue
}

// reuse takes a message that has come back, or makes one.
func reuse[M any](spare *[]*M) *M {
	n := len(*spare)
	if n == 0 {
		return new(M)
	}
	m := (*spare)[n-1]
	*spare = (*spare)[:n-1]
	return m
}

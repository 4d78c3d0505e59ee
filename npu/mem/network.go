package mem

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Network is the on-chip network between the cores' scratchpads and the memory. It calculates when data that have left
// DRAM, or other cores' scratchpads, have crossed a link. It is not a component and has no events: the memory's front
// and the DMAs ask it once for each transfer and exchange.
//
// A crossbar has a link for each core, a bus one for all. A link moves noc.bandwidth bytes a second, of reads, writes
// and exchanges alike, and moves the data of a request only after the request. So a transfer that is complete in DRAM
// at r has crossed at
//
//	f = max(r, F),   F = max over cycles s up to its own request: s + bytes(s) / bandwidth
//
// where bytes(s) are those requested at or after s and complete in DRAM until now.
//
//	requests      a1 a2
//	in DRAM       ├──1──┼──2──┤ r2                        a link faster than DRAM costs nothing,
//	on the link   ├────1────┼────2────┤ f2 = a1 + (b1 + b2) / bandwidth       a slower one is what counts
//
// Times are calculated from sums of bytes, so that no rounding accumulates.
//
// No link can do better: it has carried all that was requested since s in the time since s. A real link does worse
// where the data of a transfer leave DRAM late between its request and its end, and faster than the link; a model of
// whole transfers leaves that out. The error is at most the link's time for the transfers that are outstanding on it
// (dma.outstanding for each of its cores), once each time traffic turns from DRAM-bound to link-bound. Data that wait
// for a link do not hold up the controllers, whose buffers are taken to hold all outstanding transfers; they only keep
// their DMA from sending further ones. A core is not slowed down by sending: in an exchange of all with all, each core
// sends as much as it receives.
type Network struct {
	clock     unit.Hertz
	bandwidth unit.BytesPerSecond // 0: not limited
	latency   unit.Cycles
	links     []link
	counts    stats.Counts
}

// link is one link. Its steps are the cycles s that can still be the maximum of F, in rising order.
type link struct {
	steps []step
	bytes unit.Bytes  // carried
	free  unit.Cycles // when all data so far have crossed
}

// step is a term of F.
type step struct {
	from  unit.Cycles // s
	bytes unit.Bytes  // requested at or after s, complete until now
	open  int         // requests of cycle s that are not complete
}

// NewNetwork returns the network of an NPU.
func NewNetwork(c *config.Config) *Network {
	n := &Network{clock: c.Clock, bandwidth: c.Network.Bandwidth, latency: c.Network.Latency}
	n.links = make([]link, c.Cores)
	if c.Network.Topology == config.Bus {
		n.links = make([]link, 1)
	}
	return n
}

// Reset prepares for the next program.
func (n *Network) Reset() {
	for i := range n.links {
		n.links[i] = link{steps: n.links[i].steps[:0]}
	}
	n.counts = stats.Counts{}
}

// find returns the index of the step of a cycle, and inserts one if there is none.
func (l *link) find(from unit.Cycles) int {
	i := len(l.steps)
	for i > 0 && l.steps[i-1].from > from {
		i--
	}
	if i > 0 && l.steps[i-1].from == from {
		return i - 1
	}
	s := step{from: from}
	if i < len(l.steps) {
		s.bytes = l.steps[i].bytes
	}
	l.steps = slices.Insert(l.steps, i, s)
	return i
}

// carry hands the data of a request at step i to a link, and returns F: the earliest cycle at which they can have
// crossed.
func (n *Network) carry(l *link, i int, size unit.Bytes) unit.Cycles {
	var at unit.Cycles
	for k := range l.steps[:i+1] {
		s := &l.steps[k]
		s.bytes += size
		at = max(at, s.from+unit.Cycles(cyclesFor(s.bytes, n.clock, n.bandwidth)))
	}
	l.free = max(l.free, at)
	l.bytes += size
	return at
}

// forget drops the steps that can no longer be the maximum. A step without open requests grows only when the next one
// does, so that whichever of the two ends later now always will.
func (n *Network) forget(l *link, now unit.Cycles) {
	kept := l.steps[:1]
	for _, next := range l.steps[1:] {
		last := &kept[len(kept)-1]
		switch {
		case next.from > now || last.open > 0:
			kept = append(kept, next)
		case !n.takes(last.bytes-next.bytes, next.from-last.from):
			*last = next
		case next.open > 0:
			kept = append(kept, next)
		}
	}
	l.steps = kept
}

// takes reports whether a link needs at least that many cycles for that many bytes.
func (n *Network) takes(size unit.Bytes, cycles unit.Cycles) bool {
	full, fits := unit.MulDivDown(uint64(size), uint64(n.clock), uint64(n.bandwidth))
	return !fits || full >= uint64(cycles)
}

// link returns the link of a core.
func (n *Network) link(core int) *link { return &n.links[core%len(n.links)] }

// Request announces a transfer of a core when its request reaches the memory. Deliver must follow.
func (n *Network) Request(core int, now unit.Cycles) {
	if n.bandwidth > 0 {
		l := n.link(core)
		i := l.find(now)
		l.steps[i].open++
	}
}

// Delivery is a transfer that is complete in DRAM.
type Delivery struct {
	Core  int
	Size  unit.Bytes
	From  unit.Cycles // when its request came
	Ready unit.Cycles // when its last datum was there: now
}

// Deliver returns the cycle at which a transfer has crossed its link.
func (n *Network) Deliver(d Delivery) unit.Cycles {
	if n.bandwidth == 0 {
		return d.Ready
	}
	l := n.link(d.Core)
	i := l.find(d.From)
	if l.steps[i].open--; l.steps[i].open < 0 {
		panic(fmt.Sprintf("mem: core %d is sent %v that it did not request", d.Core, d.Size))
	}
	at := max(d.Ready, n.carry(l, i, d.Size))
	n.forget(l, d.Ready)
	n.counts.NetworkWait += at - d.Ready
	return at
}

// Gather moves data from other cores' scratchpads to a core's, and returns the cycle at which they are there.
func (n *Network) Gather(core int, size unit.Bytes, now unit.Cycles) unit.Cycles {
	n.counts.Exchanged += size
	n.counts.ScratchRead += size
	n.counts.ScratchWrite += size
	if n.bandwidth == 0 {
		return now + n.latency
	}
	l := n.link(core)
	return max(now+n.latency, n.carry(l, l.find(now+n.latency), size))
}

// Check returns an error if a link is in use, or a request is open, after the last cycle of a program.
func (n *Network) Check(end unit.Cycles) error {
	for i := range n.links {
		l := &n.links[i]
		for _, s := range l.steps {
			if s.open > 0 {
				return fmt.Errorf("mem: %d transfers requested at cycle %d have not crossed link %d of the network",
					s.open, s.from, i)
			}
		}
		if l.free > end {
			return fmt.Errorf("mem: link %d of the network is in use until cycle %d, the program ended at %d",
				i, l.free, end)
		}
	}
	return nil
}

// Counts adds the counts of the network to c.
func (n *Network) Counts(c *stats.Counts) {
	c.Add(&n.counts)
	if n.bandwidth == 0 {
		return
	}
	for i := range n.links {
		c.NetworkBusy += unit.Cycles(cyclesFor(n.links[i].bytes, n.clock, n.bandwidth))
	}
}

// cyclesFor returns the cycles that n bytes take at a bandwidth, rounded up.
func cyclesFor(n unit.Bytes, clock unit.Hertz, bandwidth unit.BytesPerSecond) int64 {
	cycles, fits := unit.MulDivUp(uint64(n), uint64(clock), uint64(bandwidth))
	if !fits {
		panic(fmt.Sprintf("mem: %d bytes at %v overflow", int64(n), bandwidth))
	}
	return int64(cycles)
}

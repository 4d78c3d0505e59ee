package dram

import "github.com/pmpdsim/pmpdsim/npu/stats"

// phase is where a walk stands, as far as its coming bursts depend on it, apart from a translation by whole granules:
// two cursors of equal phase yield the same banks and columns and equally translated rows, as long as both last.
// It is zero between transfers.
type phase struct {
	shape
	write  int64 // 1: the walk writes; 0: it reads
	within int64 // position of the next burst in its granule
	plane  int64
	offset int64 // bursts into the turn
	ripple int64 // of the turn's global start in its channel interleaving period
	inside int64 // transfers inside, the one being fed included: their ranks mean nothing without it
}

func phaseOf(c *cursor, m *Mapping, write bool, inside int) phase {
	p := phase{shape: c.shape, within: c.next() & (1<<m.granuleShift - 1), inside: int64(inside)}
	if write {
		p.write = 1
	}
	if c.turn > 0 {
		p.plane, p.offset = c.turnIndex%c.planes, c.offset
	}
	if c.via.period > 0 {
		p.ripple = c.start(c.turnIndex) % c.via.period
	}
	return p
}

// spot is what a node stands for: a packed frame, and where the walk being fed is.
type spot struct {
	frame string
	phase phase
}

// node is a spot that was met: at a checkpoint of a transfer (its start, its refreshes), or at rest between transfers.
type node struct {
	spot
	generation int

	// At a checkpoint.
	next *edge           // to the next one, if the transfer lasts
	ends map[int64]*edge // by bursts left: to rest

	// At rest.
	starts  map[startKey]*edge
	wholes  map[wholeKey]*edge // all of a transfer, from rest to rest
	idles   map[int64]*edge    // by clocks to wait
	settled []mark             // what happens if nothing comes: ranks and clocks from now
	known   bool               // settled is
}

// startKey is a coming transfer as a channel at rest sees it.
type startKey struct {
	phase phase
	rows  string // the rows inside that the walk may visit, relative to its start
}

// wholeKey adds how long the transfer is.
type wholeKey struct {
	startKey
	bursts int64
}

// edge is what happens between two nodes.
type edge struct {
	to     *node
	clocks int64
	counts stats.DRAM
	done   []mark  // ranks at the source; clocks from there
	rows   []int64 // the target's foreign rows, as codes of the source
	bursts int64   // fed
	turns  int64   // by which the cursor moves
	offset int64
}

// memo is what the lanes of a System have learnt. It never changes results: each edge is something that did happen from
// the very frame it leaves, so forgetting or keeping it is a matter of speed.
type memo struct {
	nodes      map[spot]*node
	generation int
	bytes      int
	limit      int
	scratch    stepper
	spacing    int64 // bursts between checkpoints
	steps      int64 // clocks simulated while learning
}

// Rough sizes for the memory limit. A decode step of a 7B model on a phone meets some thousand new nodes; after a few
// dozen steps there are few new ones.
const (
	memoLimit = 256 << 20
	nodeBytes = 768
	edgeBytes = 320
)

// checkpointSpacing is the number of bursts between checkpoints where no refresh makes one.
const checkpointSpacing = 1 << 14

// stepper is a channel that can be stepped from any frame.
type stepper interface {
	freeze(names *rowCoder) string // the packed frame of the channel's state
	thaw(frame string, base int64, foreign []int64, ranks int, feeding bool)
	advanceTo(clock int64)
	enter(tag uint32)
	stretch(cur *cursor, write bool, over func(c *cursor, refreshed bool) bool) // feeds until the walk ends, or until over after a clock
	drain()
	learnt() (clock int64, counts *stats.DRAM, done []mark) // since thaw
}

func newMemo(scratch stepper) *memo {
	return &memo{nodes: map[spot]*node{}, limit: memoLimit, scratch: scratch, spacing: checkpointSpacing}
}

// intern returns the node of a spot.
func (m *memo) intern(s spot) *node {
	if m.bytes > m.limit { // forget everything
		m.generation++
		m.bytes = 0
		clear(m.nodes)
	}
	n := m.nodes[s]
	if n == nil {
		n = &node{spot: s, generation: m.generation}
		m.nodes[s] = n
		m.bytes += nodeBytes + len(s.frame)
	}
	return n
}

// current is n, or its successor if it was forgotten.
func (m *memo) current(n *node) *node {
	if n.generation == m.generation {
		return n
	}
	return m.intern(n.spot)
}

func subtract(a, b *stats.DRAM) stats.DRAM {
	return stats.DRAM{Activates: a.Activates - b.Activates, Precharges: a.Precharges - b.Precharges,
		PrechargeAll: a.PrechargeAll - b.PrechargeAll, Reads: a.Reads - b.Reads, Writes: a.Writes - b.Writes,
		Refreshes: a.Refreshes - b.Refreshes, Syncs: a.Syncs - b.Syncs, RowHits: a.RowHits - b.RowHits,
		RowMisses: a.RowMisses - b.RowMisses, RowConflicts: a.RowConflicts - b.RowConflicts}
}

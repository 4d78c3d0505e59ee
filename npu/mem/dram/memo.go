package dram

import "github.com/pmpdsim/pmpdsim/npu/stats"

// phase is where a walk stands, as far as its coming bursts depend on it, apart from a translation by whole granules:
// two cursors of equal phase yield the same banks and columns and equally translated rows, as long as both last.
// It is zero between transfers.
type phase struct {
	shape
	write   int64 // 1: the walk writes; 0: it reads
	within  int64 // position of the next burst in its granule
	plane   int64
	offset  int64 // bursts into the turn
	ripple  int64 // of the turn's global start in its channel interleaving period
	feeding int64 // 1
}

func phaseOf(c *cursor, m *Mapping, write bool) phase {
	p := phase{shape: c.shape, within: c.next() & (1<<m.granuleShift - 1), feeding: 1}
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

// node is a frame that was met: at a checkpoint of a transfer (its start, its refreshes), or at rest between transfers.
type node[F comparable] struct {
	frame      F
	phase      phase
	chain      *node[F] // same hash
	generation int

	// At a checkpoint.
	next *edge[F]           // to the next one, if the transfer lasts
	ends map[int64]*edge[F] // by bursts left: to rest

	// At rest.
	starts  map[startKey]*edge[F]
	wholes  map[wholeKey]*edge[F] // all of a transfer, from rest to rest
	idles   map[int64]*edge[F]    // by clocks to wait
	settled []mark                // what happens if nothing comes: ranks and clocks from now
	known   bool                  // settled is
}

// startKey is a coming transfer as a channel at rest sees it.
type startKey struct {
	phase phase
	wait  int64
	rows  string // the rows inside that the walk may visit, relative to its start
}

// wholeKey adds how long the transfer is.
type wholeKey struct {
	startKey
	bursts int64
}

// edge is what happens between two nodes.
type edge[F comparable] struct {
	to     *node[F]
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
type memo[F comparable] struct {
	nodes      map[uint64]*node[F]
	generation int
	bytes      int
	limit      int
	nodeBytes  int
	scratch    stepper[F]
	spacing    int64 // bursts between checkpoints
	steps      int64 // clocks simulated while learning
}

// Rough sizes for the memory limit. A phone-class decode step needs a few MB.
const (
	memoLimit = 96 << 20
	nodeBytes = 5 << 10
	packBytes = 2 << 10 // a node of HBM, whose frames are packed
	edgeBytes = 320
)

// checkpointSpacing is the number of bursts between checkpoints: fewer make more nodes, more make transfers' first and
// last stretches, which are often new, longer.
const checkpointSpacing = 512

// stepper is a channel that can be stepped from any frame. F is its frame.
type stepper[F comparable] interface {
	freeze(frame *F, names *rowCoder)
	thaw(frame *F, base int64, foreign []int64, ranks int, feeding bool)
	hash(frame *F) uint64 // tells frames apart as a rule; equality decides
	advanceTo(clock int64)
	enter(tag uint32)
	stretch(cur *cursor, write bool, over func(*cursor) bool) // feeds until the walk ends, or until over after a clock
	drain()
	learnt() (clock int64, counts *stats.DRAM, done []mark) // since thaw
}

func newMemo[F comparable](scratch stepper[F], nodeBytes int) *memo[F] {
	return &memo[F]{nodes: map[uint64]*node[F]{}, limit: memoLimit, nodeBytes: nodeBytes, scratch: scratch, spacing: checkpointSpacing}
}

// intern returns the node of a frame and phase.
func (m *memo[F]) intern(frame *F, p phase) *node[F] {
	if m.bytes > m.limit { // forget everything
		m.generation++
		m.bytes = 0
		clear(m.nodes)
	}
	h := m.scratch.hash(frame) ^ uint64(p.within+p.offset<<20+p.plane<<40)*0x9E3779B97F4A7C15
	for n := m.nodes[h]; n != nil; n = n.chain {
		if n.phase == p && n.frame == *frame {
			return n
		}
	}
	n := &node[F]{frame: *frame, phase: p, chain: m.nodes[h], generation: m.generation}
	m.nodes[h] = n
	m.bytes += m.nodeBytes
	return n
}

// current is n, or its successor if it was forgotten.
func (m *memo[F]) current(n *node[F]) *node[F] {
	if n.generation == m.generation {
		return n
	}
	return m.intern(&n.frame, n.phase)
}

func subtract(a, b *stats.DRAM) stats.DRAM {
	return stats.DRAM{Activates: a.Activates - b.Activates, Precharges: a.Precharges - b.Precharges,
		PrechargeAll: a.PrechargeAll - b.PrechargeAll, Reads: a.Reads - b.Reads, Writes: a.Writes - b.Writes,
		Refreshes: a.Refreshes - b.Refreshes, Syncs: a.Syncs - b.Syncs, RowHits: a.RowHits - b.RowHits,
		RowMisses: a.RowMisses - b.RowMisses, RowConflicts: a.RowConflicts - b.RowConflicts}
}

package dram

import (
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
)

import "github.com/pmpdsim/pmpdsim/npu/stats"

// The memo is a graph of what has once been stepped. A node is a frame (frame.go); an edge is what happened from there to
// another node. Most edges are quiet: no refresh fell due on them, so that they hold for any time to the next refresh that
// is longer than they are. The others hold for one such time.
//
//	cell        cell        refresh falls due            cell
//	 ●───────────●───────────●────────────────────●───────●───────────●──────●  the walk is accepted
//	  next        next        timed (59 clocks)     next    next        ends (7 bursts)
//
// Cells end where the position of a walk is a multiple of so many bursts: wherever a walk has started and whenever it was
// refreshed, it is soon at a known node again.

// node is a frame that was met.
type state struct {
	snapshot   string
	generation int

	next       *transition // to the end of the cell; at rest: until nothing changes any more
	ends       map[endKey]*transition
	stops      map[int64]*transition // by clocks to wait
	timed      map[timedKey]*transition
	starts     map[string]*transition // by the walk that begins
	settled    map[timedKey][]completion
	calm       *calm // settled, if no refresh falls due meanwhile
	quiescence quiescence
}

// sleep says whether anything changes at a node at rest, apart from refreshes that fall due.
type quiescence uint8

const (
	untested quiescence = iota
	quiescent
	notQuiescent
)

// calm is what happens if nothing comes, and how long that takes.
type calm struct {
	clocks int64
	done   []completion
}

// endKey is the end of a walk.
type endKey struct {
	left   int64 // bursts
	queue  int32
	bounds int32 // of walks that share rows: a number; 0: none do
}

// timedKey is a time to the next refresh, and where the edge ends: by default, like next.
type timedKey struct {
	due  int64 // clocks
	unit int64
	stop int64 // clocks to wait; 0: none
	end  endKey
}

// edge is what happens between two nodes.
type transition struct {
	to        *state
	clocks    int64
	intervals int64 // times that a refresh fell due
	ended     int   // queue whose walk was accepted, or none
	counts    stats.DRAM
	byWalk    []walkCounts
	done      []completion // ranks at the source; clocks from there
	unvisited []int64      // the target's foreign rows, as codes of the source
	moves     []move
}

// part is what the bursts of one walk met.
type walkCounts struct {
	rank  uint32
	stats stats.Requester
}

// move is how far a walk gets.
type move struct {
	queue         int
	bursts        int64
	turns, offset int64
}

// memo is what lanes have learnt of channels of one kind. It never changes results: each edge is something that did happen
// from the very frame it leaves, so forgetting, keeping or sharing it is a matter of speed.
type memo struct {
	key         string
	set         *MemoSet
	states      map[string]*state
	shapes      map[shape]int64 // numbers
	lastShape   shape
	lastNumber  int64
	bounds      map[string]int32 // numbers
	generation  int
	bytes       int
	scratch     *port
	timer       controller.RefreshTimer
	powerOn     string // the frame at power-on
	cell        int64  // bursts
	budget      int    // of a new lane
	burstClocks int64  // least clocks of a burst
	steps       int64  // clocks simulated while learning
	learnt      int64  // edges
}

// Rough sizes for the memory limit.
const (
	memoLimit       = 128 << 20
	stateBytes      = 256
	transitionBytes = 512
)

// cellBursts is the length of a cell: what has to be stepped where a walk starts anew or is refreshed, against the
// number of edges that a long walk follows.
const cellBursts = 64

func newMemo(scratch *port) *memo {
	m := &memo{states: map[string]*state{}, shapes: map[shape]int64{}, bounds: map[string]int32{}, scratch: scratch, timer: scratch.RefreshTimer(), cell: cellBursts, budget: firstBudget}
	k := controller.Codec{}
	scratch.store(&k, &controller.RowCoder{}, nil)
	m.powerOn = string(k.Bytes)
	return m
}

// intern returns the node of a frame.
func (m *memo) intern(text []byte) (n *state, fresh bool) {
	m.set.evict(m)
	if n = m.states[string(text)]; n != nil {
		return n, false
	}
	n = &state{snapshot: string(text), generation: m.generation}
	m.states[n.snapshot] = n
	m.account(stateBytes + len(text))
	return n, true
}

// current is n, or its successor if it was forgotten.
func (m *memo) revive(n *state) *state {
	if n.generation == m.generation {
		return n
	}
	n, _ = m.intern([]byte(n.snapshot))
	return n
}

// shape numbers the shapes of walks.
func (m *memo) shapeNumber(s *shape) int64 {
	if *s == m.lastShape {
		return m.lastNumber
	}
	n, ok := m.shapes[*s]
	if !ok {
		n = int64(len(m.shapes)) + 1
		m.shapes[*s] = n
	}
	m.lastShape, m.lastNumber = *s, n
	return n
}

// put stores a new edge.
func put[K comparable](m *memo, in *map[K]*transition, key K, e *transition) {
	if *in == nil {
		*in = map[K]*transition{}
	}
	(*in)[key] = e
	m.record(e)
}

// book accounts for a new edge.
func (m *memo) record(e *transition) {
	m.account(transitionBytes + 8*len(e.unvisited))
	m.learnt++
}

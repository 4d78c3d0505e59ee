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
type node struct {
	text       string
	generation int

	next    *edge // to the end of the cell; at rest: until nothing changes any more
	ends    map[endKey]*edge
	stops   map[int64]*edge // by clocks to wait
	timed   map[timedKey]*edge
	starts  map[string]*edge // by the walk that begins
	settled map[timedKey][]mark
	calm    *calm // settled, if no refresh falls due meanwhile
	sleep   sleep
}

// sleep says whether anything changes at a node at rest, apart from refreshes that fall due.
type sleep uint8

const (
	notTried sleep = iota
	asleep
	awake
)

// calm is what happens if nothing comes, and how long that takes.
type calm struct {
	clocks int64
	done   []mark
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
type edge struct {
	to     *node
	clocks int64
	falls  int64 // times that a refresh fell due
	ended  int   // queue whose walk was accepted, or none
	counts stats.DRAM
	parts  []part
	done   []mark  // ranks at the source; clocks from there
	rows   []int64 // the target's foreign rows, as codes of the source
	moves  []move
}

// part is what the bursts of one walk met.
type part struct {
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
	kind       string
	shelf      *Learnt
	nodes      map[string]*node
	shapes     map[shape]int64 // numbers
	lastShape  shape
	lastNumber int64
	bounds     map[string]int32 // numbers
	generation int
	bytes      int
	scratch    *port
	timer      controller.RefreshTimer
	power      string // the frame at power-on
	cell       int64  // bursts
	credit     int    // of a new lane
	perBurst   int64  // least clocks of a burst
	steps      int64  // clocks simulated while learning
	learnt     int64  // edges
}

// Rough sizes for the memory limit.
const (
	memoLimit = 128 << 20
	nodeBytes = 256
	edgeBytes = 512
)

// cellBursts is the length of a cell: what has to be stepped where a walk starts anew or is refreshed, against the
// number of edges that a long walk follows.
const cellBursts = 64

func newMemo(scratch *port) *memo {
	m := &memo{nodes: map[string]*node{}, shapes: map[shape]int64{}, bounds: map[string]int32{}, scratch: scratch, timer: scratch.RefreshTimer(), cell: cellBursts, credit: firstCredit}
	k := controller.Codec{}
	scratch.freeze(&k, &controller.RowCoder{}, nil)
	m.power = string(k.Text)
	return m
}

// intern returns the node of a frame.
func (m *memo) intern(text []byte) (n *node, fresh bool) {
	m.shelf.makeRoom(m)
	if n = m.nodes[string(text)]; n != nil {
		return n, false
	}
	n = &node{text: string(text), generation: m.generation}
	m.nodes[n.text] = n
	m.grow(nodeBytes + len(text))
	return n, true
}

// current is n, or its successor if it was forgotten.
func (m *memo) current(n *node) *node {
	if n.generation == m.generation {
		return n
	}
	n, _ = m.intern([]byte(n.text))
	return n
}

// shape numbers the shapes of walks.
func (m *memo) shape(s *shape) int64 {
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
func put[K comparable](m *memo, in *map[K]*edge, key K, e *edge) {
	if *in == nil {
		*in = map[K]*edge{}
	}
	(*in)[key] = e
	m.book(e)
}

// book accounts for a new edge.
func (m *memo) book(e *edge) {
	m.grow(edgeBytes + 8*len(e.rows))
	m.learnt++
}

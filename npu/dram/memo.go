package dram

import (
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// The memo is a graph of what has been stepped once. Its vertices are states: snapshots of a channel
// (controller/snapshot.go). Its edges are transitions: what happened from one state to another. Most transitions hold
// whenever the next refresh falls due after their end. The others, on which a refresh fell due, hold for one time to
// that refresh.
//
//	cell        cell        refresh falls due            cell
//	 ●───────────●───────────●────────────────────●───────●───────────●──────●  the walk is accepted
//	  next        next        others: due in 59     next    next        others: 7 bursts left
//
// A cell ends where the position of a walk is a multiple of cellBursts. So channels soon meet in known states again,
// wherever their walks started and whenever they were refreshed.

// state is a snapshot that a channel has been in, with everything that is known to happen from there.
type state struct {
	snapshot   string
	generation int // of the memo when the state was added

	next        *transition // to the end of the cell, with no refresh; without walks under way, to a quiescent state
	others      map[transitionKey]*transition
	starts      map[string]*transition // a walk begins: by startKey
	predictions map[refreshTime]*prediction
	quiescence  quiescence
}

// quiescence is whether nothing changes in a state any more, apart from refreshes that fall due.
type quiescence uint8

const (
	untested quiescence = iota
	quiescent
	notQuiescent
)

// refreshTime is the time to the next refresh, in clocks, and the unit (rank or bank) that it refreshes. The zero value
// stands for any time that is long enough.
type refreshTime struct{ due, unit int64 }

// prediction is what completes if no other walk comes, and the clocks until the channel is empty.
type prediction struct {
	clocks int64
	done   []completion // tags are ranks
}

// walkEnd is the end of a walk under way.
type walkEnd struct {
	left   int64 // bursts
	queue  int32
	bounds int32 // number of the bounds of walks that share rows (memoChannel.bounds); 0: none do
}

// transitionKey says what a transition depends on beside the state that it leaves. A zero field is of no importance to
// it.
type transitionKey struct {
	refresh refreshTime // a refresh falls due on the way
	phase   int64       // with a background: the time of its period, plus 1; then that of refreshes follows from it
	stop    int64       // it ends after so many clocks, because it was run up to a limit
	end     walkEnd     // it ends where a walk has been accepted
}

// transition is what happens between two states. Clocks count from the first; ranks and codes of rows are those of the
// first.
type transition struct {
	to        *state
	clocks    int64
	intervals int64 // refresh intervals that ended, each of which made a refresh due
	ended     int   // queue whose walk was accepted, or noQueue
	counts    stats.DRAM
	byWalk    []walkCounts
	done      []completion // tags are ranks
	unvisited []int64      // codes of the unvisited rows (controller.RowCoder) of state to
	moves     []move
}

// walkCounts is what the bursts of one walk met.
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

// memo is what is known of channels of one kind. It never changes a result: every transition did happen from exactly
// the snapshot that it leaves. Forgetting, keeping or sharing it is a matter of speed alone.
type memo struct {
	key         string // of the kind of channel: memoKey
	set         *MemoSet
	states      map[string]*state // by snapshot
	shapes      map[shape]int64   // numbers of shapes
	lastShape   shape
	lastNumber  int64
	bounds      map[string]int32 // numbers of bounds
	generation  int
	bytes       int   // roughly, of states and transitions
	scratch     *port // steps whatever is learnt
	timer       controller.RefreshTimer
	powerOn     string // the snapshot at power-on
	cell        int64  // bursts of a cell
	budget      int    // of a new channel
	burstClocks int64  // least clocks of a burst
	background  *pattern
	steps       int64 // clocks stepped to learn
	transitions int64 // learnt so far
}

// Rough sizes for the memory limit.
const (
	memoLimit       = 128 << 20
	stateBytes      = 256
	transitionBytes = 512
)

// cellBursts is the length of a cell. Long cells make few transitions of a long walk. Short cells leave little to step
// where a walk starts at a new place or is interrupted by a refresh.
const cellBursts = 64

func newMemo(scratch *port) *memo {
	m := &memo{states: map[string]*state{}, shapes: map[shape]int64{}, bounds: map[string]int32{}, scratch: scratch,
		timer: scratch.RefreshTimer(), background: scratch.agent.pattern, cell: cellBursts, budget: firstBudget}
	k := controller.Codec{}
	scratch.store(&k, &controller.RowCoder{}, nil)
	m.powerOn = string(k.Bytes)
	return m
}

// intern returns the state of a snapshot, and reports whether it is new.
func (m *memo) intern(snapshot []byte) (s *state, fresh bool) {
	m.set.evict(m)
	if s = m.states[string(snapshot)]; s != nil {
		return s, false
	}
	s = &state{snapshot: string(snapshot), generation: m.generation}
	m.states[s.snapshot] = s
	m.account(stateBytes + len(snapshot))
	return s, true
}

// revive returns s, or the state of the same snapshot if the memo has forgotten s.
func (m *memo) revive(s *state) *state {
	if s.generation == m.generation {
		return s
	}
	s, _ = m.intern([]byte(s.snapshot))
	return s
}

// shapeNumber numbers the shapes of walks.
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

// add records a transition from s that depends on key; the zero key makes it next.
func (m *memo) add(s *state, key transitionKey, t *transition) {
	if key == (transitionKey{}) {
		s.next = t
	} else {
		if s.others == nil {
			s.others = map[transitionKey]*transition{}
		}
		s.others[key] = t
	}
	m.record(t)
}

// addStart records what happens when a walk begins in s.
func (m *memo) addStart(s *state, key string, t *transition) {
	if s.starts == nil {
		s.starts = map[string]*transition{}
	}
	s.starts[key] = t
	m.record(t)
}

// addPrediction records what completes after s.
func (m *memo) addPrediction(s *state, key refreshTime, p *prediction) {
	if s.predictions == nil {
		s.predictions = map[refreshTime]*prediction{}
	}
	s.predictions[key] = p
	if key != (refreshTime{}) { // of the other kind there is one a state
		m.account(transitionBytes / 2)
	}
}

// record accounts for a new transition.
func (m *memo) record(t *transition) {
	m.account(transitionBytes + 8*len(t.unvisited))
	m.transitions++
}

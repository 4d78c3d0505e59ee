package controller

import (
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// Sizes of the controller's queues and its write drain: it serves writes from more than 0.8 of a full queue down to
// less than 0.2 of it (Ramulator 2.1's defaults).
const (
	queueSize  = 32
	drainAbove = queueSize * 8 / 10
	drainBelow = (queueSize*2 + 9) / 10 // fewer than this
)

// queue holds requests in arrival order (the active list: in order of activation). Entries from n on are zero.
type queue struct {
	n int64
	r [queueSize]request
}

func (q *queue) push(r request) {
	q.r[q.n] = r
	q.n++
}

func (q *queue) remove(i int64) request {
	r := q.r[i]
	copy(q.r[i:q.n], q.r[i+1:q.n])
	q.n--
	q.r[q.n] = request{}
	return r
}

// Row buffer states of a bank.
const (
	closed     int64 = iota
	activating       // ACT-1 issued, ACT-2 outstanding
	open
)

// bank is a bank: its row buffer and the earliest clocks of its next commands.
type bank struct {
	row      int64
	status   int64
	act      int64
	column   int64
	pre      int64
	refresh  int64 // per-bank refresh
	waiting  int64 // opened requests that have not had their column command
	conflict int64 // 1: closed to make room for another row
}

// groupTimes are the earliest clocks of commands to one bank group.
type groupTimes struct{ read, write, act int64 }

// rankState is a rank: the earliest clocks of commands to it, its ACT window, and what is open.
type rankState struct {
	read, write, act, pre, preAll, refreshAll, refreshBank int64

	wckOff  int64    // clock at which WCK stops unless another column command comes
	acts    [4]int64 // clocks of the last four ACTs
	oldest  int64    // index of the oldest of them
	opened  int64    // banks not closed
	columns int64    // opened requests that have not had their column command
}

// state is everything that changes in one channel, apart from vitals.
type state struct {
	read, write, active queue
	acting              request // ACT-1 issued; owns the pending ACT-2
	pending             int64   // 1: an ACT-2 is pending
	deadline            int64   // its last clock

	bank  [spec.MaxBanks]bank
	group [spec.MaxGroups]groupTimes
	rank  [spec.MaxRanks]rankState

	dues     int64 // refreshes due: of ranks, or of banks
	catching int64 // 1: they go before requests, until none is due

	draining  int64 // 1: the write queue is served
	lastWrite int64 // 1: the last data went to the DRAM
	synced    int64 // 1: CAS issued, its column command comes next
	syncList  int64 // the list of that command's request
	syncItem  int64 // its index there
}

// The lists of requests.
const (
	readList int64 = iota
	writeList
	activeList
)

func (s *state) list(l int64) *queue {
	switch l {
	case readList:
		return &s.read
	case writeList:
		return &s.write
	}
	return &s.active
}

// empty says that no burst is inside.
func (s *state) Empty() bool { return s.read.n+s.write.n+s.active.n+s.pending == 0 }

// eachRequest calls f on every request inside, always in the same order.
func (s *state) eachRequest(f func(r *request)) {
	for _, q := range []*queue{&s.read, &s.write, &s.active} {
		for i := range q.r[:q.n] {
			f(&q.r[i])
		}
	}
	if s.pending == 1 {
		f(&s.acting)
	}
}

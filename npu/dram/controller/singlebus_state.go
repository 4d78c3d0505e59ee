package controller

import "github.com/pmpdsim/pmpdsim/npu/dram/spec"

// Row buffer states of a bank.
const (
	closed     int64 = iota
	activating       // ACT-1 issued, ACT-2 outstanding
	open
)

// bank is a bank: its row buffer, and the earliest clock of each command to it. It has 64 bytes: another size makes the
// scans of queues slower.
type bank struct {
	row      int64
	status   int64
	act      int64
	column   int64
	pre      int64
	refresh  int64 // per-bank refresh
	waiting  int64 // requests of the active list
	conflict int64 // 1: closed to make room for another row
}

// groupTimes are the earliest clocks of commands to one bank group.
type groupTimes struct{ read, write, act int64 }

// rankState is a rank: the earliest clocks of commands to it, its tFAW window, and what is open.
type rankState struct {
	read, write, act, pre, preAll, refreshAll, refreshBank int64

	wckOff  int64    // clock at which WCK stops unless another column command comes
	acts    [4]int64 // clocks of the last four ACTs
	oldest  int64    // index of the oldest of them
	opened  int64    // banks not closed
	columns int64    // requests of the active list
}

// state is everything that changes in one channel, apart from Status.
type state struct {
	read, write, active queue
	acting              request // its ACT-1 has been issued, its ACT-2 is pending
	pending             int64   // 1: an ACT-2 is pending
	deadline            int64   // its last clock

	bank  [spec.MaxBanks]bank
	group [spec.MaxGroups]groupTimes
	rank  [spec.MaxRanks]rankState

	// The earliest clocks of masked writes, if they have gaps of their own.
	maskedBank  [spec.MaxBanks]int64
	maskedGroup [spec.MaxGroups]int64

	written [spec.MaxBanks]int64 // PRE after a bank's last WR; kept only if rows close by themselves

	schedule
	bus       int64 // first clock at which no command is on the bus
	lastWrite int64 // 1: the last data went to the DRAM
	synced    int64 // 1: CAS has been issued, its column command comes next
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

// Empty reports whether no burst is inside.
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

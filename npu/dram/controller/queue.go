package controller

import "github.com/pmpdsim/pmpdsim/npu/dram/spec"

// queue holds requests in arrival order (the active list: in order of activation, at most one of a bank). Entries from n
// on are zero.
type queue struct {
	n int64
	r [spec.MostQueue]request
}

func (q *queue) push(r request) {
	q.r[q.n] = r
	q.n++
}

func (q *queue) remove(i int64) request {
	q.n--
	return takeOut(q.r[:q.n+1], i)
}

// takeOut closes the gap that entry i leaves, and zeroes the last entry.
func takeOut(list []request, i int64) request {
	r := list[i]
	copy(list[i:], list[i+1:])
	list[len(list)-1] = request{}
	return r
}

// schedule is what both families of controllers decide alike: which queue is served, and whether refreshes go first.
type schedule struct {
	draining   int64 // 1: the write queue is served
	dues       int64 // refreshes due: of ranks, of banks, or of pseudo channels
	catchingUp int64 // 1: they go before requests, until none is due
}

// chooseQueue turns the write drain on when more writes wait than the upper mark, or when no read waits, and off when fewer
// do than the lower mark.
func (s *schedule) chooseQueue(reads, writes int64, m *marks) {
	if s.draining == 0 {
		if writes > m.above || reads == 0 {
			s.draining = 1
		}
	} else if writes < m.below && reads != 0 {
		s.draining = 0
	}
}

// refreshesFallDue makes n more refreshes due, of which so many may be postponed while requests wait.
func (s *schedule) refreshesFallDue(n, postponed int64) {
	if s.dues += n; s.dues > postponed {
		s.catchingUp = 1
	}
}

// refreshed takes a refresh off those due.
func (s *schedule) refreshed() {
	if s.dues--; s.dues <= 0 {
		s.catchingUp = 0
	}
}

// refreshFirst reports whether refreshes due, if there are any, go before requests: from when more are due than may be
// postponed until none is, or when the controller is empty.
func (s *schedule) refreshFirst(empty bool) bool { return s.catchingUp == 1 || empty }

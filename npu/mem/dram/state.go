package dram

// Sizes of the controller's queues and its write drain: it serves writes from more than 0.8 of a full queue down to
// less than 0.2 of it (Ramulator 2.1's defaults).
const (
	queueSize  = 32
	drainAbove = queueSize * 8 / 10
	drainBelow = (queueSize*2 + 9) / 10 // fewer than this
	maxDue     = 16                     // refreshes due at once; the controller serves them first, so few wait
)

// request is one burst in the controller.
type request struct {
	row    int64
	arrive int64 // clock at which it was accepted
	tag    uint32
	bank   uint8
	group  uint8
	write  uint8
	found  uint8 // what its column command will count as: rowHit, rowMiss, rowConflict
}

// What a request found its bank like.
const (
	rowHit uint8 = iota
	rowMiss
	rowConflict
)

// queue holds requests in arrival order (the active list: in order of activation). Entries from n on are zero, so that
// equal states are equal Go values.
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

// state is everything that changes in one channel, as a plain comparable value without padding or pointers: a copy is a
// copy of the channel, and == compares channels.
type state struct {
	clock int64

	read, write, active queue
	acting              request // ACT-1 issued; owns the pending ACT-2
	pending             int64   // 1: an ACT-2 is pending
	deadline            int64   // its last clock

	bank  [maxBanks]bank
	group [maxGroups]groupTimes

	// Earliest clocks of commands to the rank.
	nextRead, nextWrite, nextAct, nextPre, nextPreAll, nextRefreshAll, nextRefreshBank int64

	acts   [4]int64 // clocks of the last four ACTs
	oldest int64    // index of the oldest of them

	refreshDue  int64 // clock of the next refresh to fall due
	refreshBank int64 // its bank, if per bank
	due         [maxDue]int64
	dues        int64

	draining int64 // 1: the write queue is served
	wckOff   int64 // clock at which WCK stops unless another column command comes
	synced   int64 // 1: CAS issued, its column command comes next
	syncList int64 // the list of that command's request
	syncItem int64 // its index there

	offered int64 // bursts accepted at this clock
	opened  int64 // banks not closed
	columns int64 // opened requests that have not had their column command
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
func (s *state) empty() bool { return s.read.n+s.write.n+s.active.n+s.pending == 0 }

const (
	never   = int64(1) << 60
	longAgo = -int64(1) << 40
	allDue  = -1 // due: all banks
)

// newState is a channel at power-on.
func newState(t *Timing, refresh Refresh) state {
	s := state{refreshDue: never}
	switch refresh {
	case AllBank:
		s.refreshDue = t.TREFI
	case PerBank:
		s.refreshDue = t.TREFIPB
	}
	for i := range s.acts {
		s.acts[i] = longAgo
	}
	return s
}

package dram

import (
	"fmt"
	"math"
	"sort"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Background is the traffic of other agents of the chip (CPU, display, camera): a requester of its own in front of each
// controller. The zero Background is none.
//
// Its requests, of 64 B or a burst if that is larger, arrive at equal distances in DRAM clocks, the same on every channel,
// in the first nine tenths of a period; a display, too, pauses between lines. In the pause the background's reads that
// wait are served, so that writes, which wait for reads, have their turn. Requests repeat after a period: from one refresh
// of a rank, or of a set of banks, to the next of the same (tREFI without refresh). So what is asked for is rounded to
// whole requests of a channel in a period, and the position in the pattern follows from the clock: the memo's states hold
// no more of it than the requests that wait (docs/adr/0027).
//
//	sequential  request i of a period reads 64 B · i; writes go to a region of their own
//	random      64 B · (xorshift64 mod 2^24), reads and writes
//	writes      request i is one if floor((i+1)·Write/100) > floor(i·Write/100)
//
// No row of it is one that a Transfer visits. Where one of its bursts and one of a Transfer wait for a place in the
// controller's queues, they take turns. An agent that has maxWaiting bursts of a channel waiting when one more arrives
// gives up all of them, and what arrives until a period begins with none in the controller; so does one beside which
// Transfers have waited for maxLate periods without a burst served. So it moves less than it asks for, as counts show, and
// the queues empty: a write of a Transfer, which waits for reads, is served at some time, with any queues and watermarks.
type Background struct {
	Bandwidth unit.BytesPerSecond // of all channels together
	Random    bool
	Write     int   // percent of the requests
	Class     uint8 // the requester under which Classes counts it: of no Transfer
	Channels  int   // that Bandwidth is of; 0: as many as there are. A channel gets its share of it
}

const (
	requestBytes = 64  // of a CPU's cache line
	maxWaiting   = 256 // bursts: more than arrive while nine refreshes are made up for
	maxLate      = 4   // periods: longer than nine refreshes take
	regionMask   = 1<<24 - 1
	writeRegion  = 512 << 20
	randomSeed   = 88172645463325252
)

// agentTag is the tag of the background's bursts. No transfer has it.
const agentTag = math.MaxUint32

// pattern is what arrives of a Background on a channel in one period.
type pattern struct {
	period   int64 // clocks
	requests int64
	class    uint8
	arrivals []arrival // in [0, period), by clock
}

// arrival is a burst that arrives at a clock of the period.
type arrival struct {
	clock int64
	place spec.Place
	write bool
}

// newPattern returns the pattern of a channel; nil without a background.
func (o *Options) newPattern(m *spec.Mapping) (*pattern, error) {
	b := &o.Background
	if b.Bandwidth == 0 {
		return nil, nil
	}
	if b.Write < 0 || b.Write > 100 {
		return nil, fmt.Errorf("dram: %d %% of the background are writes; accepted: 0 to 100", b.Write)
	}
	p := &pattern{period: o.Standard.RefreshRound(o.Refresh), class: b.Class}
	channels := o.Channels
	if b.Channels > 0 {
		channels = b.Channels
	}
	if least, most := o.Standard.BackgroundLimits(channels, o.Refresh); b.Bandwidth < least || b.Bandwidth > most {
		return nil, fmt.Errorf("dram: a background of %v on %d channels of %s; accepted: %v to %v, a quarter of the peak",
			b.Bandwidth, channels, o.Standard.Name, least, most)
	}
	size, burst := int64(o.Standard.AgentRequest()), int64(o.Standard.Burst)
	seconds := float64(p.period) * o.Standard.TCK.Seconds()
	p.requests = max(int64(math.Round(float64(b.Bandwidth)*seconds/float64(int64(channels)*size))), 1)
	active := p.period * 9 / 10
	random, reads, writes := uint64(randomSeed), int64(0), int64(0)
	for i := range p.requests {
		write := (i+1)*int64(b.Write)/100 > i*int64(b.Write)/100
		var address int64
		switch {
		case b.Random:
			random ^= random << 13
			random ^= random >> 7
			random ^= random << 17
			address = size * int64(random&regionMask)
		case write:
			address = writeRegion + size*writes
			writes++
		default:
			address = size * reads
			reads++
		}
		for at := address; at < address+size; at += burst {
			place := m.Locate(at)
			place.Row += controller.ApartRow
			p.arrivals = append(p.arrivals, arrival{(2*i + 1) * active / (2 * p.requests), place, write})
		}
	}
	return p, nil
}

// key returns a text that is equal for equal patterns of one kind of channel.
func (p *pattern) key(b *Background) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf(" background %d in %d, %v, %d%%, %d", p.requests, p.period, b.Random, b.Write, b.Class)
}

// agent offers the bursts of a pattern to a channel's controller.
type agent struct {
	*pattern       // nil: there is no background
	next     int   // of the arrivals
	at       int64 // clock of the port at which it arrives; Never without a background
	waiting  int   // bursts that have arrived, and are not in the controller: those before next
	late     int   // periods that have begun since the others had a burst served and wait, less than maxLate
	gaveUp   bool  // nothing waits, or will, until a period begins with none in the controller
	turn     bool  // it goes first where a burst of a walk waits, too; true if nothing waits
}

// start sets an agent to a time of its period, the port's clock now, with everything arrived that is due by then.
func (a *agent) start(phase, now int64) {
	a.at = controller.Never
	if a.pattern == nil {
		return
	}
	next, quiet := a.after(phase)
	a.next, a.at = next, now+quiet
}

// after returns the arrival that follows a time of the period, and the clocks until then: more than 0.
func (p *pattern) after(phase int64) (next int, quiet int64) {
	next = sort.Search(len(p.arrivals), func(i int) bool { return p.arrivals[i].clock > phase })
	if next == len(p.arrivals) {
		return 0, p.arrivals[0].clock + p.period - phase
	}
	return next, p.arrivals[next].clock - phase
}

// quiet returns the clocks from a time of the period to the next arrival.
func (p *pattern) quiet(phase int64) int64 {
	_, clocks := p.after(phase)
	return clocks
}

// arrive takes the bursts that have arrived by a clock of the port, while so many are in the controller, and others wait
// or are in it, too.
func (a *agent) arrive(now, inside int64, others bool) {
	for a.at <= now {
		if a.next == 0 {
			a.beginPeriod(inside, others)
		}
		if a.waiting == maxWaiting {
			a.giveUp()
		} else if !a.gaveUp {
			a.waiting++
		}
		before := a.arrivals[a.next].clock
		if a.next++; a.next == len(a.arrivals) {
			a.next = 0
			before -= a.period
		}
		a.at += a.arrivals[a.next].clock - before
	}
}

// beginPeriod begins to be served again, or gives up, at the first arrival of a period.
func (a *agent) beginPeriod(inside int64, others bool) {
	if inside == 0 {
		a.gaveUp = false
	}
	if !others {
		a.late = 0
	} else if a.late++; a.late == maxLate {
		a.giveUp()
	}
}

func (a *agent) giveUp() { a.waiting, a.late, a.gaveUp, a.turn = 0, 0, true, true }

// hand offers a controller the burst that waits longest, and counts it to those inside if it was accepted. It reports
// whether one was.
func (a *agent) hand(c controller.Controller, tag uint32, inside *int64) bool {
	if a.waiting == 0 {
		return false
	}
	n := len(a.arrivals)
	b := &a.arrivals[((a.next-a.waiting)%n+n)%n]
	if !c.Offer(b.place, b.write, tag) {
		return false
	}
	a.waiting--
	*inside++
	return true
}

// inTurn has a burst of the background offered, or one of the others, whichever's turn it is; if that cannot be accepted,
// the other. It reports whether one of the others, or any at all, was accepted.
func (a *agent) inTurn(background, others func() bool) (other, any bool) {
	if a.turn && background() {
		a.turn = a.waiting == 0
		return false, true
	}
	if others() {
		a.turn = true
		return true, true
	}
	any = background()
	a.turn = a.turn || a.waiting == 0
	return false, any
}

// handBackground offers the burst of the background that waits longest. It reports whether one was accepted.
func (p *port) handBackground() bool {
	first := &p.inside[0]
	return p.agent.hand(p.Controller, first.tag, &first.left)
}

// handInTurn offers a burst of the background or of the walks, whichever's turn it is (agent.inTurn).
func (p *port) handInTurn() (walk, any bool) {
	return p.agent.inTurn(p.handBackground, func() bool { return p.active > 0 && p.hand() })
}

// snapshotAgent writes or reads what waits of the background, for how long others have waited, and whose turn it is. The
// place in the pattern follows from the clock.
func (p *port) snapshotAgent(k *controller.Codec) {
	word := (int64(p.agent.waiting)*maxLate + int64(p.agent.late)) << 2
	if p.agent.turn {
		word |= 1
	}
	if p.agent.gaveUp {
		word |= 2
	}
	k.Int64(&word)
	if k.Reading {
		p.agent.waiting, p.agent.late = int(word>>2)/maxLate, int(word>>2)%maxLate
		p.agent.turn, p.agent.gaveUp = word&1 == 1, word&2 == 2
	}
}

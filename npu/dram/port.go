package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// PaceParts is the number of parts of a clock in which Options.Pace counts.
const PaceParts = 16

// noQueue stands for a queue where there is none.
const noQueue = -1

// outstanding is a walk being fed, or one with bursts in the controller.
type outstanding struct {
	tag   uint32
	class uint8 // Transfer.Class
	queue uint8
	fed   bool  // all its bursts have been accepted
	left  int64 // bursts in the controller
}

// completion is the completion of a walk on one channel.
type completion struct {
	tag   uint32
	clock int64
}

// channelTransfer is a transfer as one channel sees it.
type channelTransfer struct {
	walk  walk
	write bool
	class uint8
	tag   uint32
}

// feed is a walk being fed.
type feed struct {
	cursor
	place  spec.Place // of the next burst
	on     bool
	write  bool
	masked bool // the next burst is written in part
	tag    uint32
	stop   int64 // a watched run ends when no more than so many bursts are left
}

// slot is the place of a read burst in its queue's window, which becomes free at a clock.
type slot struct {
	clock int64
	queue uint8
}

// rules say how a channel is fed.
type rules struct {
	grant  int64 // bursts that a queue may feed while others wait
	window int64 // read bursts of a queue that may be outstanding; 0: any number
	pace   int64 // time that the consumer takes for a burst, in parts of a clock (PaceParts); 0: none
	exact  bool  // step every clock
}

// port feeds one controller. Each queue has at most one walk under way. The queues are served in turn, at most grant
// bursts at a time, and a turn ends early when the controller has no room for the next burst. A single queue is never
// interrupted.
type port struct {
	controller.Controller
	*controller.Status // the controller's own
	rules
	mapping *spec.Mapping

	feeds     [controller.MaxQueues]feed
	active    int   // feeds that are on
	serving   int   // queue whose turn it is; 0 if none is on
	grantLeft int64 // bursts left of its turn

	used    [controller.MaxQueues]int64 // read bursts outstanding, with a window
	freeing []slot                      // of data on their way, or waiting for the consumer; by clock
	taken   int64                       // when the consumer has taken the last burst, in parts of a clock (PaceParts)

	agent     agent // of the background
	inside    []outstanding
	done      []completion // since they were last taken
	classes   []stats.Requester
	idleTicks int // ticks in a row that did nothing
}

func newPort(c controller.Controller, r rules, m *spec.Mapping) *port {
	return &port{Controller: c, Status: c.View(), rules: r, mapping: m, grantLeft: r.grant, taken: controller.LongAgo,
		agent: agent{at: controller.Never}}
}

// serveBackground adds a background to a port at power-on. It is inside for good, with rank 0.
func (p *port) serveBackground(b *pattern) {
	if b != nil {
		p.agent.pattern, p.agent.turn = b, true
		p.agent.start(0, 0)
		p.inside = append(p.inside, outstanding{tag: agentTag, class: b.class})
	}
}

func (p *port) clone() *port {
	n := *p
	n.Controller = p.Controller.Clone()
	n.Status = n.Controller.View()
	n.inside, n.done = slices.Clone(p.inside), slices.Clone(p.done)
	n.classes, n.freeing = slices.Clone(p.classes), slices.Clone(p.freeing)
	return &n
}

// begin starts feeding a walk from a free queue.
func (p *port) begin(queue int, x *channelTransfer) {
	f := &p.feeds[queue]
	if f.on {
		panic("dram: a queue was given a second walk")
	}
	f.begin(&x.walk)
	f.on, f.write, f.tag, f.stop = true, x.write, x.tag, 0
	p.locate(f)
	p.inside = append(p.inside, outstanding{tag: x.tag, class: x.class, queue: uint8(queue)})
	if p.active++; p.active == 1 {
		p.serving, p.grantLeft = queue, p.grant
	}
}

// locate finds the place of the next burst of a feed.
func (p *port) locate(f *feed) {
	f.place = p.mapping.Locate(f.next())
	f.masked = f.partial && f.write && f.partialNext()
}

// end takes a queue whose walk has been accepted out of the rotation.
func (p *port) end(queue int) {
	p.feeds[queue].on = false
	p.active--
	switch {
	case p.active == 0:
		p.serving, p.grantLeft = 0, p.grant
	case p.serving == queue || p.active == 1:
		p.nextQueue()
	}
}

// nextQueue gives the next queue its turn.
func (p *port) nextQueue() {
	p.grantLeft = p.grant
	for {
		if p.serving = (p.serving + 1) % controller.MaxQueues; p.feeds[p.serving].on {
			return
		}
	}
}

// feed offers the controller the bursts of this clock. It stops when a walk has been accepted, and returns that walk's
// queue. Otherwise it reports blocked if a further burst could be offered at this clock, but there is none or it cannot
// be accepted.
func (p *port) feed() (blocked bool, ended int) {
	if len(p.freeing) > 0 {
		p.freeSlots()
	}
	if p.agent.pattern != nil {
		p.agent.arrive(p.Clock, p.inside[0].left, len(p.inside) > 1)
	}
	for p.Offered < controller.OffersPerClock {
		if p.agent.waiting > 0 {
			if walk, any := p.handInTurn(); !any {
				return true, noQueue
			} else if !walk {
				continue
			}
		} else if p.active == 0 || !p.hand() {
			return true, noQueue
		}
		if f := &p.feeds[p.serving]; f.left == 0 {
			queue := p.serving
			p.accepted(f.tag)
			p.end(queue)
			return false, queue
		} else {
			p.locate(f)
		}
		if p.active > 1 {
			if p.grantLeft--; p.grantLeft == 0 {
				p.nextQueue()
			}
		}
	}
	return false, noQueue
}

// hand offers one burst of the queue whose turn it is or, if that cannot be accepted, of the first queue after it whose
// burst can. It reports whether one was accepted.
func (p *port) hand() bool {
	if p.handFrom(p.serving) {
		return true
	}
	if p.active == 1 {
		return false
	}
	turn, granted := p.serving, p.grantLeft
	for range p.active - 1 {
		if p.nextQueue(); p.handFrom(p.serving) {
			return true
		}
	}
	p.serving, p.grantLeft = turn, granted
	return false
}

func (p *port) handFrom(queue int) bool {
	f := &p.feeds[queue]
	limited := p.window > 0 && !f.write
	if limited && p.used[queue] >= p.window || !p.offer(f) {
		return false
	}
	if limited {
		p.used[queue]++
	}
	p.find(f.tag).left++
	f.step()
	return true
}

// offer offers the next burst of a feed to the controller.
func (p *port) offer(f *feed) bool {
	if f.masked {
		return p.OfferMasked(f.place, f.tag)
	}
	return p.Offer(f.place, f.write, f.tag)
}

// find returns the walk of a tag. It looks at the latest first, which are the likeliest.
func (p *port) find(tag uint32) *outstanding {
	for i := len(p.inside) - 1; i >= 0; i-- {
		if p.inside[i].tag == tag {
			return &p.inside[i]
		}
	}
	panic("dram: a burst belongs to no walk")
}

// accepted notes that the last burst of a walk has been accepted.
func (p *port) accepted(tag uint32) { p.find(tag).fed = true }

// freeSlots frees the slots whose clock has come.
func (p *port) freeSlots() {
	n := 0
	for n < len(p.freeing) && p.freeing[n].clock <= p.Clock {
		p.used[p.freeing[n].queue]--
		n++
	}
	p.freeing = slices.Delete(p.freeing, 0, n)
}

// advance ticks once. If blocked, that is if no burst can enter, it may skip clocks up to limit in which nothing
// happens.
func (p *port) advance(blocked bool, limit int64) {
	switch p.Tick() {
	case controller.ColumnIssued:
		p.idleTicks = 0
		p.serve()
	case controller.Changed:
		p.idleTicks = 0
	case controller.Idle:
		if !blocked {
			p.idleTicks = 0
		} else if p.idleTicks++; p.idleTicks >= controller.SkipAfter && !p.exact {
			if len(p.freeing) > 0 {
				limit = min(limit, max(p.freeing[0].clock, p.Clock))
			}
			limit = min(limit, p.agent.at)
			p.Skip(limit)
		}
	}
}

// serve counts the burst whose column command has just been issued, and completes its walk if it was the last.
func (p *port) serve() {
	served := p.Issued
	o := p.find(served.Tag)
	at := served.Clock
	if served.Write == 0 && (p.agent.pattern == nil || o != &p.inside[0]) {
		if p.pace > 0 {
			p.taken = max(at*PaceParts, p.taken+p.pace)
			at = (p.taken + PaceParts - 1) / PaceParts
		}
		if p.window > 0 {
			p.freeing = append(p.freeing, slot{at, o.queue})
		}
	}
	if p.agent.late > 0 && o != &p.inside[0] {
		p.agent.late = 0
	}
	served.CountIn(classOf(&p.classes, o.class), at)
	if o.left--; o.left == 0 && o.fed {
		p.done = append(p.done, completion{o.tag, at})
		p.inside = slices.DeleteFunc(p.inside, func(x outstanding) bool { return x.tag == served.Tag })
	}
}

// run feeds and ticks up to clock limit. It returns early with the queue of a walk that has just been accepted and, if
// watched, when a feed has come to its stop or a refresh has been issued.
func (p *port) run(limit int64, watched bool) (ended int) {
	for p.Clock < limit {
		blocked, queue := p.feed()
		if queue != noQueue {
			return queue
		}
		p.advance(blocked, limit)
		if watched && (p.Refreshed || p.stopped()) {
			break
		}
	}
	return noQueue
}

// stopped reports whether a feed has come to its stop.
func (p *port) stopped() bool {
	for i := range p.feeds {
		if f := &p.feeds[i]; f.on && f.left <= f.stop {
			return true
		}
	}
	return false
}

// drain runs until no burst of a walk is in the controller. No walk may be under way.
func (p *port) drain() {
	if p.agent.pattern == nil {
		for !p.Empty() {
			p.advance(true, controller.Never)
		}
		return
	}
	for len(p.inside) > 1 {
		blocked, _ := p.feed()
		p.advance(blocked, controller.Never)
	}
}

// runUntilQuiescent runs to clock limit, or until nothing happens any more. No walk may be under way.
func (p *port) runUntilQuiescent(limit int64) {
	for !p.Empty() && p.Clock < limit {
		p.advance(true, limit)
	}
	p.run(min(limit, p.Clock+p.LongestTimer()+p.window*(p.pace/PaceParts+1)), false)
}

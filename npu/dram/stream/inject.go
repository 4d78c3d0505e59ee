package stream

import (
	"context"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/commands"
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// fifoDepth is the bursts that a FIFO between generator and channel holds, as in the reference runs.
const fifoDepth = 64

// queued is a burst on its way to a channel.
type queued struct {
	place  spec.Place
	write  bool
	masked bool // of part of the burst
}

// fedChannel is a channel with its FIFO.
type fedChannel struct {
	controller.Controller
	*controller.Status // the controller's own
	fifo               [fifoDepth]queued
	head, n            int
	idleTicks          int  // in a row, in which nothing could be accepted either
	refused            bool // the first burst of the FIFO was, and no command has been issued since

	inside int64       // bursts of the generator in the controller
	agent  *dram.Agent // nil: there is no background
}

// injector couples the channels through what feeds them: one in-order generator, and one FIFO per channel. A full FIFO
// stops the generator, and so the supply of the other channels. Other agents, if there are any, take turns with the FIFOs.
//
//	generator ─ next burst ─► FIFO of its channel, 64 deep ─ at most 2 per clock, up to the first refusal ─► controller
//	                                                 agent ─┘
type injector struct {
	source   source
	total    int64 // bursts
	mapping  *spec.Mapping
	channels []fedChannel
	exact    bool
	recorder *commands.Recorder // nil: nobody records

	next    queued // the burst that the generator holds, if held
	to      int    // its channel
	held    bool
	due     int64 // clock before which it does not enter a FIFO
	ended   bool  // the generator has nothing left
	stopped bool  // a full FIFO stops it; no channel has accepted a burst since
	taken   int64 // bursts accepted by the channels
	served  int64 // clock at which the last burst was complete
	access  stats.Requester
}

// source yields bursts in order. A burst does not enter a FIFO before its clock.
type source interface {
	next() (address int64, write bool, clock int64, ok bool)
	partial() bool // the last of them is written in part
}

func newInjector(o dram.Options, from source, total int64, m *spec.Mapping) (*injector, error) {
	in := &injector{source: from, total: total, mapping: m, exact: o.Exact, recorder: o.Recorder,
		channels: make([]fedChannel, o.Channels)}
	agents, err := o.NewAgents(m)
	if err != nil {
		return nil, err
	}
	for i := range in.channels {
		c, err := controller.New(o.Standard, o.Control)
		if err != nil {
			return nil, err
		}
		if in.recorder != nil {
			c = in.recorder.Tap(i, c)
		}
		in.channels[i].Controller, in.channels[i].Status = c, c.View()
		if agents != nil {
			in.channels[i].agent = &agents[i]
		}
	}
	return in, nil
}

// reportEvery is how many clocks pass between two calls of Progress and checks of the context: some milliseconds.
const reportEvery = 1 << 14

// flushEvery is how many clocks pass between two calls of Recorder.Flush.
const flushEvery = 1 << 10

// run feeds everything, waits for the last burst, and takes all channels to the clock at which it is complete.
func (in *injector) run(ctx context.Context, r *Result, progress Progress) error {
	for turn := 0; ; turn++ {
		if turn%reportEvery == 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			progress(in.taken, in.total)
		}
		now := in.clock()
		if now == controller.Never {
			break
		}
		if !in.stopped {
			in.fill(now)
		}
		for i := range in.channels {
			if o := &in.channels[i]; o.Clock == now && in.busy(o) {
				in.step(o)
			}
		}
		if !in.exact {
			in.skipIdle(now + 1)
		}
		if in.recorder != nil && turn%flushEvery == 0 {
			if err := in.recorder.Flush(in.slowest()); err != nil {
				return err
			}
		}
	}
	r.Cycles, r.Access = in.served, in.access
	for i := range in.channels {
		o := &in.channels[i]
		in.finish(o)
		r.Counts.Add(&o.Counts)
		if o.agent != nil {
			met := o.agent.Access()
			r.Agents.Add(&met)
		}
	}
	if in.recorder != nil {
		return in.recorder.Flush(controller.Never)
	}
	return nil
}

// slowest returns the clock of the channel that is furthest behind.
func (in *injector) slowest() int64 {
	clock := controller.Never
	for i := range in.channels {
		clock = min(clock, in.channels[i].Clock)
	}
	return clock
}

// fill runs the generator until it meets a full FIFO, or a burst whose time has not come.
func (in *injector) fill(now int64) {
	for !in.ended {
		if !in.held {
			address, write, clock, ok := in.source.next()
			if !ok {
				in.ended = true
				return
			}
			channel, local := in.mapping.Split(address)
			in.next, in.to, in.held = queued{in.mapping.Locate(local), write, write && in.source.partial()}, channel, true
			in.due = clock
		}
		if in.due > now {
			return
		}
		o := &in.channels[in.to]
		if o.n == fifoDepth {
			in.stopped = true
			return
		}
		o.fifo[(o.head+o.n)&(fifoDepth-1)] = in.next
		o.n++
		in.held = false
	}
}

// busy reports whether a channel has, or may still get, bursts of the generator.
func (in *injector) busy(o *fedChannel) bool { return !in.ended || o.n > 0 || o.inside > 0 }

// clock returns the earliest clock of the busy channels; Never, if none is.
func (in *injector) clock() int64 {
	first := controller.Never
	for i := range in.channels {
		if o := &in.channels[i]; in.busy(o) {
			first = min(first, o.Clock)
		}
	}
	return first
}

// step advances a channel by one clock.
func (in *injector) step(o *fedChannel) {
	var own int64
	accepted := 0
	if o.agent != nil {
		own, accepted = o.accept()
	} else {
		for accepted < controller.OffersPerClock && o.hand() {
			accepted++
		}
		own = int64(accepted)
	}
	if own > 0 {
		in.taken += own
		o.inside += own
		in.stopped = false
	}
	outcome := o.Tick()
	if outcome == controller.ColumnIssued && (o.agent == nil || !o.agent.Serve(&o.Issued)) {
		o.inside--
		in.served = max(in.served, o.Issued.Clock)
		o.Issued.CountIn(&in.access, o.Issued.Clock)
	}
	if outcome != controller.Idle {
		o.idleTicks, o.refused = 0, false
	} else if accepted < controller.OffersPerClock {
		o.idleTicks++
	} else {
		o.idleTicks = 0
	}
}

// accept offers the controller the bursts of this clock, with an agent. It returns how many of the FIFO's, and of all, were accepted.
func (o *fedChannel) accept() (own int64, all int) {
	o.agent.Arrive(o.Clock, o.n > 0 || o.inside > 0)
	for all < controller.OffersPerClock {
		of, any := false, false
		if o.agent.Waits() {
			of, any = o.agent.InTurn(o.Controller, o.hand)
		} else {
			of = o.hand()
			any = of
		}
		if !any {
			break
		}
		if of {
			own++
		}
		all++
	}
	return own, all
}

// hand offers the next burst of the FIFO, unless it would be refused again. It reports whether there was one and it was
// accepted.
func (o *fedChannel) hand() bool {
	if o.n == 0 || o.refused {
		return false
	}
	if q := &o.fifo[o.head]; q.masked {
		o.refused = !o.OfferMasked(q.place, 0)
	} else {
		o.refused = !o.Offer(q.place, q.write, 0)
	}
	if o.refused {
		return false
	}
	o.head = (o.head + 1) & (fifoDepth - 1)
	o.n--
	return true
}

// skip skips clocks up to limit, or to the next arrival of a background, in which nothing happens.
func (o *fedChannel) skip(limit int64) {
	if o.agent != nil {
		limit = min(limit, o.agent.Next())
	}
	o.Skip(limit)
}

// skipIdle lets idle channels skip clocks. One that refuses its next burst, or gets no more, is idle until one of its
// own timers runs out. One whose FIFO is empty is idle while the generator waits for a full FIFO whose channel refuses
// its burst, or for the time of its burst.
func (in *injector) skipIdle(now int64) {
	for i := range in.channels {
		o := &in.channels[i]
		if o.idleTicks >= controller.SkipAfter && o.Clock == now && (o.n > 0 || in.ended && o.inside > 0) {
			o.skip(controller.Never)
		}
	}
	if in.ended {
		return
	}
	until := in.due
	if full := &in.channels[in.to]; until <= now {
		if until = full.Clock; full.n < fifoDepth || until == now {
			return
		}
	}
	for i := range in.channels {
		if o := &in.channels[i]; o.idleTicks >= controller.SkipAfter && o.Clock == now && o.n == 0 {
			o.skip(until)
		}
	}
}

// finish takes a channel that has nothing left to do for the generator to the last clock.
func (in *injector) finish(o *fedChannel) {
	for o.Clock < in.served {
		in.step(o)
		if o.idleTicks > 0 && !in.exact {
			o.skip(in.served)
		}
	}
}

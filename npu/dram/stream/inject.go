package stream

import (
	"context"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// fifoDepth is the bursts between the generator and a channel: that of the reference runs.
const fifoDepth = 64

// queued is a burst on its way to a channel.
type queued struct {
	place spec.Place
	write bool
}

// outlet is a channel with its FIFO.
type fedChannel struct {
	controller.Controller
	*controller.Status // of core
	fifo               [fifoDepth]queued
	head, n            int
	quiet              int // clocks in a row in which nothing happened and nothing could be accepted
}

// injector couples the channels through what feeds them: one generator, in order, one FIFO per channel. A full FIFO stops
// the generator, and with it what the other channels get.
//
//	generator ─ next burst ─► FIFO of its channel, 64 deep ─ at most 2 per clock, up to the first refusal ─► controller
type injector struct {
	*generator
	mapping  *spec.Mapping
	channels []fedChannel
	exact    bool

	next   queued // the burst that the generator holds
	to     int    // its channel
	held   bool
	ended  bool // the generator has nothing left
	taken  int64
	served int64 // when the last burst was complete
	access stats.Requester
}

func newInjector(o dram.Options, s Stream, m *spec.Mapping) (*injector, error) {
	in := &injector{generator: newGenerator(s, int64(o.Standard.Burst)), mapping: m, exact: o.Exact, channels: make([]fedChannel, o.Channels)}
	for i := range in.channels {
		c, err := controller.New(o.Standard, o.Refresh, o.Postpone)
		if err != nil {
			return nil, err
		}
		in.channels[i].Controller, in.channels[i].Status = c, c.View()
	}
	return in, nil
}

// reportEvery is the number of turns of the loop between looks at the world outside: some milliseconds.
const reportEvery = 1 << 14

// run feeds everything, waits for the last burst, and brings all channels to the clock at which it was complete.
func (in *injector) run(ctx context.Context, r *Result, progress Progress) error {
	total := int64(in.Bytes) / in.burst
	for turn := 0; ; turn++ {
		if turn%reportEvery == 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			progress(in.taken, total)
		}
		in.fill()
		now := in.clock()
		if now == controller.Never {
			break
		}
		for i := range in.channels {
			if o := &in.channels[i]; o.Clock == now && in.busy(o) {
				in.step(o)
			}
		}
		if !in.exact {
			in.skipIdle(now + 1)
		}
	}
	r.Cycles, r.Access = in.served, in.access
	for i := range in.channels {
		in.finish(&in.channels[i])
		r.Counts.Add(&in.channels[i].Counts)
	}
	return nil
}

// fill runs the generator until a FIFO is full.
func (in *injector) fill() {
	for !in.ended {
		if !in.held {
			address, write, ok := in.generator.next()
			if !ok {
				in.ended = true
				return
			}
			channel, local := in.mapping.Split(address)
			in.next, in.to, in.held = queued{in.mapping.Locate(local), write}, channel, true
		}
		o := &in.channels[in.to]
		if o.n == fifoDepth {
			return
		}
		o.fifo[(o.head+o.n)%fifoDepth] = in.next
		o.n++
		in.held = false
	}
}

// lives says that something is to come from or to a channel.
func (in *injector) busy(o *fedChannel) bool { return !in.ended || o.n > 0 || !o.Empty() }

// clock is the earliest of the channels that live; never, if none does.
func (in *injector) clock() int64 {
	first := controller.Never
	for i := range in.channels {
		if o := &in.channels[i]; in.busy(o) {
			first = min(first, o.Clock)
		}
	}
	return first
}

// step is one clock of a channel.
func (in *injector) step(o *fedChannel) {
	accepted := 0
	for accepted < controller.OffersPerClock && o.n > 0 {
		q := &o.fifo[o.head]
		if !o.Offer(q.place, q.write, 0) {
			break
		}
		accepted++
		o.head = (o.head + 1) % fifoDepth
		o.n--
	}
	in.taken += int64(accepted)
	outcome := o.Tick()
	if outcome == controller.ColumnIssued {
		in.served = max(in.served, o.Issued.Clock)
		o.Issued.CountIn(&in.access, o.Issued.Clock)
	}
	if outcome == controller.Idle && accepted < controller.OffersPerClock {
		o.quiet++
	} else {
		o.quiet = 0
	}
}

// rest lets channels skip clocks: a channel that refuses its next burst, and one that gets no more, until a timer of its
// own runs out; one whose FIFO is empty, while the generator waits for a full FIFO whose channel refuses its first burst.
func (in *injector) skipIdle(now int64) {
	for i := range in.channels {
		o := &in.channels[i]
		if o.quiet >= controller.SkipAfter && o.Clock == now && (o.n > 0 || in.ended && !o.Empty()) {
			o.Skip(controller.Never)
		}
	}
	if in.ended {
		return
	}
	stopper := &in.channels[in.to]
	if stopper.n < fifoDepth || stopper.Clock == now {
		return
	}
	for i := range in.channels {
		if o := &in.channels[i]; o.quiet >= controller.SkipAfter && o.Clock == now && o.n == 0 {
			o.Skip(stopper.Clock)
		}
	}
}

// finish brings a channel that has nothing left to do to the end.
func (in *injector) finish(o *fedChannel) {
	for o.Clock < in.served {
		if o.Tick() == controller.Idle && !in.exact {
			o.Skip(in.served)
		}
	}
}

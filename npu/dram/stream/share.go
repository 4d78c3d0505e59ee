package stream

import (
	"context"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// share is what every channel sees of a stream, if all see the same: the first bursts, as many as are its own, of turns
// through regions of channel-local addresses.
type share struct {
	planes, chunk, distance int64
	burst                   int64
	bursts                  []int64 // by channel
}

// maxLead is how many bursts more than another channel one may ever have been given for no FIFO to run dry.
//
// Proof. Let all channels be given the same channel-local addresses in the same order. As long as each finds two bursts
// in its FIFO before every clock, or has been given all of its own, the channels are in lock-step: their controllers
// accept equally many bursts at every clock, n in all after some clock. The generator stands still, with bursts left, only
// before a channel whose FIFO is full: that channel has been given n + 64, so that every other one that has not been given
// all of its own has been given n + 64 - maxLead = n + 2 or more, and finds two in its FIFO. By induction nobody ever
// waits for the generator, and each channel behaves as if it were alone with its share.
const maxLead = fifoDepth - controller.OffersPerClock

// longestProof is the number of bursts after which share gives up looking.
const longestProof = 1 << 20

// share finds out whether a stream that only reads falls on all channels alike, and no channel gets too far ahead. Where
// turns and regions are whole stripes of the mapping, one stripe shows it; else one period of turns and stripes.
func (s *Stream) share(m *spec.Mapping, burst int64) (*share, bool) {
	stripe, run, channels := m.Stripe(), m.Run(), m.Channels()
	if s.Write > 0 || s.Random || s.Planes > 1 && s.distance()%stripe != 0 {
		return nil, false
	}
	h := &share{planes: int64(s.Planes), distance: s.distance() / channels, burst: burst}
	of := *s // the part to look at, and the same on a channel
	on := share{planes: h.planes, distance: h.distance, burst: burst}
	switch chunk := int64(s.Chunk); {
	case s.Planes == 1:
		h.chunk = stripe / channels
		of.Chunk = unit.Bytes(stripe)
		on = *h
	case chunk%stripe == 0:
		h.chunk = chunk / channels
		of.Planes, of.Chunk = 1, unit.Bytes(stripe)
		on.planes, on.chunk = 1, stripe/channels
	case run%chunk == 0:
		h.chunk, on.chunk = chunk, chunk
	case chunk%run == 0:
		h.chunk, on.chunk = run, run
	default:
		return nil, false
	}
	h.bursts = alike(&of, &on, m)
	return h, h.bursts != nil
}

// alike gives channels the bursts of s until turns and stripes have come to the same place again, and returns how many of
// all bursts fall on each; nil if a channel gets too far ahead, or another burst than on says.
func alike(s *Stream, on *share, m *spec.Mapping) []int64 {
	channels := m.Channels()
	total := int64(s.Bytes) / on.burst
	chunk, stripe := int64(s.Chunk), m.Stripe()
	turns := stripe / min(chunk&-chunk, stripe) // of each region in a period
	period := total + 1
	if most := total / int64(s.Planes) / turns; chunk/on.burst <= most {
		period = int64(s.Planes) * turns * (chunk / on.burst)
	}
	g := newGenerator(*s, on.burst)
	want := make([]*generator, channels)
	for c := range want {
		want[c] = on.generator()
	}
	given, rest := make([]int64, channels), make([]int64, channels)
	var least int64
	for i := range min(period, total) {
		if i == total%period {
			copy(rest, given)
		}
		address, _, _ := g.next()
		c, local := m.Split(address)
		if is, _, _ := want[c].next(); is != local || i == longestProof {
			return nil
		}
		if given[c]++; given[c] > least+maxLead {
			if least = slices.Min(given); given[c] > least+maxLead {
				return nil
			}
		}
	}
	if period > total {
		return given
	}
	for c := range rest {
		rest[c] += total / period * (period / channels)
	}
	return rest
}

// generator yields the bursts of a channel, and does not end.
func (h *share) generator() *generator {
	g := newGenerator(Stream{Bytes: maxTraffic, Unit: unit.Bytes(h.burst), Planes: int(h.planes), Chunk: unit.Bytes(h.chunk)}, h.burst)
	g.distance = h.distance
	return g
}

// replay runs one channel for all that get equally many bursts.
func (h *share) replay(ctx context.Context, o dram.Options, m *spec.Mapping, r *Result, progress Progress) error {
	o.Mapping, o.Channels = m.WithoutChannels(), 1
	system, err := dram.New(o)
	if err != nil {
		return err
	}
	var total int64
	for _, n := range h.bursts {
		total += n
	}
	shares := slices.Compact(slices.Sorted(slices.Values(h.bursts)))
	for _, n := range shares {
		clock, err := h.submit(ctx, system, n, func(done int64) { progress(int64(float64(done)/float64(n)*float64(total)), total) })
		if err != nil {
			return err
		}
		r.Cycles = max(r.Cycles, clock)
	}
	for i, n := range shares {
		if len(shares) > 1 { // again, now that the end is known; the memo remembers the way
			if _, err := h.submit(ctx, system, n, func(int64) {}); err != nil {
				return err
			}
		}
		system.Finish(r.Cycles)
		channels := 0
		for _, own := range h.bursts {
			if own == shares[i] {
				channels++
			}
		}
		counts := system.Counts()
		counts.Scale(int64(channels))
		r.Counts.Add(&counts)
		for _, a := range system.Classes() {
			a.Scale(int64(channels))
			r.Access.Add(&a)
		}
	}
	return nil
}

// perTransfer is the bursts of a transfer, so that there is a moment to look at the world outside in between.
const perTransfer = 1 << 20

// submit runs a share from power-on and returns the clock at which its last burst was complete.
func (h *share) submit(ctx context.Context, system *dram.System, bursts int64, progress func(done int64)) (clock int64, err error) {
	system.Reset()
	for at := int64(0); at < bursts; {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		progress(at)
		walk, n := h.walk(at, bursts)
		system.Submit(dram.Transfer{ID: at, Walk: walk})
		for _, d := range system.TakeDone() {
			clock = max(clock, d.Clock)
		}
		at += n
	}
	for _, d := range system.Settle() {
		clock = max(clock, d.Clock)
	}
	return clock, nil
}

// walk is the next of a share's transfers, from a burst at which a round, a turn or a transfer has ended, and its bursts.
func (h *share) walk(at, bursts int64) (isa.Pattern, int64) {
	inTurn := h.chunk / h.burst
	inRound := inTurn * h.planes
	round, within := at/inRound, at%inRound
	base := round*h.chunk + within/inTurn*h.distance + within%inTurn*h.burst
	p := isa.Pattern{Base: unit.Bytes(base), Turn: unit.Bytes(h.chunk), Planes: 1, PlaneStride: unit.Bytes(h.distance), Outer: 1,
		OuterStride: unit.Bytes(h.chunk)}
	left := bursts - at
	switch {
	case h.planes == 1:
		n := min(left, perTransfer)
		p.Turn = unit.Bytes(n * h.burst)
		return p, n
	case within == 0 && left >= inRound && inRound <= perTransfer:
		rounds := min(left, perTransfer) / inRound
		p.Planes, p.Outer = int(h.planes), int(rounds)
		return p, rounds * inRound
	case within%inTurn == 0 && left >= inTurn && inTurn <= perTransfer:
		turns := min(left/inTurn, h.planes-within/inTurn, perTransfer/inTurn)
		p.Planes = int(turns)
		return p, turns * inTurn
	}
	n := min(left, inTurn-within%inTurn, perTransfer)
	p.Turn = unit.Bytes(n * h.burst)
	return p, n
}

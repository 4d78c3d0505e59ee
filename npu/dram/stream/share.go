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

// share is what a channel sees of a stream, if all channels see the same: turns through regions of channel-local
// addresses. Channels differ only in how many of these bursts they get.
type share struct {
	planes, chunk, distance int64
	burst                   int64
	bursts                  []int64 // by channel
}

// maxLead is the largest lead, in bursts given, that one channel may ever have over another for no FIFO to run dry.
//
// Proof. Let all channels be given the same channel-local addresses in the same order. As long as each of them finds
// two bursts in its FIFO before every clock, or has been given all of its own, the channels are in equal states: after
// any clock all of them have accepted the same number of bursts, n. The generator stops, with bursts left, only at a
// full FIFO. Its channel has been given n + 64. So every other channel that has not been given all of its own has been
// given at least n + 64 - maxLead = n + 2, and finds two in its FIFO. By induction no channel ever waits for the
// generator, and each behaves as if it were alone with its share.
const maxLead = fifoDepth - controller.OffersPerClock

// longestProof is the number of bursts after which alike gives up.
const longestProof = 1 << 20

// share reports whether a stream only reads, falls alike on all channels, and gives none of them too large a lead; and
// if so, returns what a channel sees of it. Where turns and regions are whole stripes of the mapping, one stripe
// decides that; else one period of turns and stripes does.
func (s *Stream) share(m *spec.Mapping, burst int64) (*share, bool) {
	stripe, run, channels := m.Stripe(), m.Run(), m.Channels()
	if s.Write > 0 || s.Random || s.Planes > 1 && s.distance()%stripe != 0 {
		return nil, false
	}
	h := &share{planes: int64(s.Planes), distance: s.distance() / channels, burst: burst}
	of := *s // the part that decides, and what a channel sees of it
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

// alike gives channels the bursts of s until turns and stripes repeat, and returns how many of all bursts fall on each;
// nil if a channel gets too large a lead, or a burst that differs from that of on.
func alike(s *Stream, on *share, m *spec.Mapping) []int64 {
	channels := m.Channels()
	total := int64(s.Bytes) / on.burst
	chunk, stripe := int64(s.Chunk), m.Stripe()
	turns := stripe / commonDivisor(chunk, stripe) // of each region in a period
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
		address, _, _, _ := g.next()
		c, local := m.Split(address)
		if is, _, _, _ := want[c].next(); is != local || i == longestProof {
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

// generator yields the bursts of a channel, without end.
func (h *share) generator() *generator {
	all := Stream{Bytes: maxTraffic, Unit: unit.Bytes(h.burst), Planes: int(h.planes), Chunk: unit.Bytes(h.chunk)}
	g := newGenerator(all, h.burst)
	g.distance = h.distance
	return g
}

// agentClass is the requester under which a replay counts other agents.
const agentClass = 1

// replay runs one channel for all channels that get the same number of bursts.
func (h *share) replay(ctx context.Context, o dram.Options, m *spec.Mapping, r *Result, progress Progress) error {
	o.Background.Class, o.Background.Channels = agentClass, o.Channels
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
		clock, err := h.submit(ctx, system, n, func(done int64) {
			progress(int64(float64(done)/float64(n)*float64(total)), total)
		})
		if err != nil {
			return err
		}
		r.Cycles = max(r.Cycles, clock)
	}
	for i, n := range shares {
		if len(shares) > 1 { // once more, now that the last clock is known: fast, from the memo
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
		for class, a := range system.Classes() {
			a.Scale(int64(channels))
			if class == agentClass {
				r.Agents.Add(&a)
			} else {
				r.Access.Add(&a)
			}
		}
	}
	return nil
}

// perTransfer is the most bursts of a transfer: between transfers, progress is reported and the context is checked.
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

// walk returns the transfer of a share that starts at burst at, where a round, a turn or a transfer has ended, and its
// bursts.
func (h *share) walk(at, bursts int64) (isa.Pattern, int64) {
	inTurn := h.chunk / h.burst
	inRound := inTurn * h.planes
	round, within := at/inRound, at%inRound
	base := round*h.chunk + within/inTurn*h.distance + within%inTurn*h.burst
	p := isa.Pattern{Base: unit.Bytes(base), Turn: unit.Bytes(h.chunk), Planes: 1, PlaneStride: unit.Bytes(h.distance),
		Outer: 1, OuterStride: unit.Bytes(h.chunk)}
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

// commonDivisor returns the greatest common divisor of two positive numbers.
func commonDivisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

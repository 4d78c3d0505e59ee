package dram

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/commands"
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Control says how a channel's controller decides.
type Control = controller.Options

// Options is what a System is built from. The zero values of the optional ones are those of a plain channel.
type Options struct {
	Standard *spec.Standard
	Channels int    // 1 to 1024
	Mapping  string // of address bits, as in spec.ParseMapping; empty: spec.DefaultMapping
	BankHash bool   // bank bits XOR low row bits
	Exact    bool   // step every clock and remember nothing: the reference that the fast path must equal

	Queues int        // requesters that are served in turn, 1 to 4; 0: 1
	Grant  unit.Bytes // a queue's traffic on a channel in one turn; 0: 1 KiB
	Window unit.Bytes // read data of a queue that may be outstanding on a channel; 0: any amount
	Pace   int64      // time that the consumer takes for a channel's burst, in parts of a clock (PaceParts); 0: none

	Background Background // of other agents

	Control // of each channel's controller

	// Recorder gets the commands of all channels, which are then stepped, each by itself; nil: nobody wants them.
	Recorder *commands.Recorder
}

// rules returns the options that say how a channel is fed, in bursts.
func (o *Options) rules() rules {
	grant := o.Grant
	if grant == 0 {
		grant = unit.KiB
	}
	burst := o.Standard.Burst
	r := rules{grant: max(int64(grant/burst), 1), window: int64(o.Window / burst), pace: o.Pace, exact: o.Exact}
	if o.Window > 0 {
		r.window = max(r.window, 1)
	}
	return r
}

func (o *Options) validate() error {
	if o.Standard == nil {
		return fmt.Errorf("dram: no standard")
	}
	if err := o.Standard.Validate(); err != nil {
		return err
	}
	if err := o.Control.Validate(o.Standard); err != nil {
		return err
	}
	switch {
	case o.Queues < 0 || o.Queues > controller.MaxQueues:
		return fmt.Errorf("dram: %d queues; accepted: 1 to %d", o.Queues, controller.MaxQueues)
	case o.Grant < 0 || o.Window < 0 || o.Pace < 0:
		return fmt.Errorf("dram: a negative grant, window or pace")
	case o.Pace > 0 && o.Window == 0:
		return fmt.Errorf("dram: a consumer's pace without a window: its buffer would have no end")
	}
	return nil
}

var _ Memory = (*System)(nil)

// System is the channels behind one address mapping. It implements Memory.
//
// Channels that have had equal walks are in equal states. They form a group: one of them is simulated, and its counts
// are multiplied. A transfer that falls unequally on a group splits it; groups that have come to equal states are
// merged.
//
// With one queue a transfer is simulated as soon as it is submitted, up to the clock at which its last burst has been
// accepted. With several it is simulated up to its release, because what is submitted later may come between.
type System struct {
	options      Options
	masks        bool // of partial writes
	mapping      *spec.Mapping
	powerOn      func(number int) channel // a channel at power-on
	groups       []group
	flights      []flight // transfers that are not complete, in order of submission
	nextTag      uint32
	done         []Done
	taken        []Done
	settled      []Done
	counts       stats.DRAM
	classes      []stats.Requester
	classScratch []stats.Requester
	interleaves  []spec.Interleave // of the channels
	lastShares   []lastShare       // by channel
	current      Transfer
	released     int64
	accepted     int64
	clock        int64
}

// lastShare is the share of a pattern that a channel had last. Most patterns differ from the one before in their base
// alone.
type lastShare struct {
	pattern isa.Pattern
	share   walk
}

// flight is a transfer, or a part of one, that is not complete on every channel.
type flight struct {
	tag  uint32
	done Done // on those channels on which it is
	left int  // channels on which it is not complete
}

// New builds a System that shares its memo with no other. Its errors are those of MemoSet.New.
func New(o Options) (*System, error) {
	return new(MemoSet).New(o)
}

// leastClocks is the least time in clocks between two bursts that a channel accepts once its queues are full.
func leastClocks(s *spec.Standard) int64 {
	if s.Family == spec.HBM {
		return s.Timing.TBL / int64(s.Ranks) // a data bus for each pseudo channel
	}
	return s.Timing.TBL
}

// Mapping returns the address mapping.
func (s *System) Mapping() *spec.Mapping { return s.mapping }

// Reset returns to power-on state. The memo is kept.
func (s *System) Reset() {
	all := make([]int, s.options.Channels)
	for i := range all {
		all[i] = i
	}
	s.groups = []group{{channel: s.powerOn(0), members: all}}
	if s.options.Recorder != nil {
		s.options.Recorder.Reset()
		s.groups = s.groups[:0]
		for i := range all {
			s.groups = append(s.groups, group{channel: s.powerOn(i), members: all[i : i+1]})
		}
	}
	s.flights, s.done, s.counts = s.flights[:0], s.done[:0], stats.DRAM{}
	clear(s.classes)
	s.nextTag, s.released, s.accepted, s.clock = 0, 0, 0, 0
}

// BurstBytes is the size of a burst in bytes: the unit of traffic.
func (s *System) BurstBytes() int64 { return int64(s.options.Standard.Burst) }

// Submit takes a transfer. It panics if the transfer is released before the last one, or is for a queue that does not
// exist.
func (s *System) Submit(t Transfer) {
	if t.Release < s.released {
		panic(fmt.Sprintf("dram: transfer %d is released at clock %d, after one at %d", t.ID, t.Release, s.released))
	}
	if t.Queue < 0 || t.Queue >= max(s.options.Queues, 1) {
		panic(fmt.Sprintf("dram: transfer %d is for queue %d of %d", t.ID, t.Queue, max(s.options.Queues, 1)))
	}
	s.released, s.accepted = t.Release, t.Release
	if t.Chunk == 0 {
		s.current = t
		s.submit(&s.current, 0)
	} else {
		t.parts(func(part int, p *Transfer) { s.submit(p, part) })
	}
	s.clock = max(s.clock, s.accepted)
	s.collectDone()
	s.mergeGroups()
	s.record()
}

// record hands on the commands that all channels have come past.
func (s *System) record() {
	if s.options.Recorder == nil {
		return
	}
	clock := controller.Never
	for i := range s.groups {
		clock = min(clock, s.groups[i].channel.now())
	}
	_ = s.options.Recorder.Flush(clock) // it keeps its error
}

// submit takes a part of a transfer.
func (s *System) submit(t *Transfer, part int) {
	tag, channels := s.nextTag, 0
	s.nextTag++
	uneven := !even(&t.Walk, unit.Bytes(s.interleaves[0].Period))
	for i := 0; i < len(s.groups); i++ {
		w := s.shareOf(t, s.groups[i].members[0])
		if uneven {
			s.splitGroup(i, t, &w)
		}
		g := &s.groups[i]
		g.run(t.Release)
		if w.bursts == 0 {
			continue
		}
		channels += len(g.members)
		g.next = channelTransfer{w, t.Write, t.Class, tag}
		g.enqueue(t.Queue)
		if s.options.Queues <= 1 {
			g.run(controller.Never)
			s.accepted = max(s.accepted, g.channel.now())
		}
	}
	done := Done{ID: t.ID, Part: part}
	if channels > 0 {
		s.flights = append(s.flights, flight{tag, done, channels})
	} else {
		done.Clock = t.Release
		s.done = append(s.done, done)
	}
}

// even reports whether a walk falls equally on all channels, because it consists of whole periods of their interleaving.
func even(p *isa.Pattern, period unit.Bytes) bool {
	if all := p.Base | p.Turn | p.PlaneStride | p.OuterStride; period&(period-1) == 0 {
		return all&(period-1) == 0
	}
	return p.Base%period == 0 && p.Turn%period == 0 && p.PlaneStride%period == 0 && p.OuterStride%period == 0
}

// shareOf returns the part of t that falls on a channel.
func (s *System) shareOf(t *Transfer, channel int) walk {
	k := &s.lastShares[channel]
	distance := int64(t.Walk.Base - k.pattern.Base)
	if same := k.pattern; k.share.bursts > 0 {
		if same.Base = t.Walk.Base; same == t.Walk && distance%s.interleaves[channel].Period == 0 {
			if w := k.share.moved(distance, &s.interleaves[channel]); w.low >= 0 {
				return w
			}
		}
	}
	k.pattern = t.Walk
	k.share = newWalk(&t.Walk, s.interleaves[channel], s.BurstBytes(), s.masks)
	return k.share
}

// splitGroup moves the channels of group i on which t's share is not w to a new last group, to which Submit comes
// later.
func (s *System) splitGroup(i int, t *Transfer, w *walk) {
	g := &s.groups[i]
	var same, other []int
	for n, c := range g.members[1:] {
		if s.shareOf(t, c) != *w {
			if other == nil {
				same = slices.Clone(g.members[:n+1])
			}
			other = append(other, c)
		} else if other != nil {
			same = append(same, c)
		}
	}
	if other != nil {
		s.collectCounts(g)
		g.members = same
		n := g.clone()
		n.members = other
		s.groups = append(s.groups, n)
	}
}

// mergeGroups merges groups whose channels have come to equal states.
func (s *System) mergeGroups() {
	for i := 0; i < len(s.groups); i++ {
		for j := len(s.groups) - 1; j > i; j-- {
			if s.groups[i].channel.equal(s.groups[j].channel) {
				s.collectCounts(&s.groups[i])
				s.collectCounts(&s.groups[j])
				s.groups[i].members = append(s.groups[i].members, s.groups[j].members...)
				s.groups = slices.Delete(s.groups, j, j+1)
			}
		}
	}
}

// flight returns the index of a transfer that is not complete. It looks at the latest first, which are the likeliest.
func (s *System) flight(tag uint32) int {
	for i := len(s.flights) - 1; i >= 0; i-- {
		if s.flights[i].tag == tag {
			return i
		}
	}
	panic("dram: a channel completed a transfer that is not in flight")
}

// collectDone takes completions from the channels.
func (s *System) collectDone() {
	for i := range s.groups {
		g := &s.groups[i]
		for _, m := range g.channel.takeDone() {
			k := s.flight(m.tag)
			f := &s.flights[k]
			f.done.Clock = max(f.done.Clock, m.clock)
			if f.left -= len(g.members); f.left == 0 {
				s.done = append(s.done, f.done)
				s.flights = slices.Delete(s.flights, k, k+1)
			}
		}
	}
}

// collectCounts takes the counts of a group: before its members change, and when counts are asked for.
func (s *System) collectCounts(g *group) {
	var d stats.DRAM
	clear(s.classScratch)
	g.channel.takeCounts(&d, &s.classScratch)
	n := int64(len(g.members))
	d.Scale(n)
	s.counts.Add(&d)
	for c := range s.classScratch {
		s.classScratch[c].Scale(n)
	}
	addClasses(&s.classes, s.classScratch)
}

func (s *System) collectAllCounts() {
	for i := range s.groups {
		s.collectCounts(&s.groups[i])
	}
}

func sortDone(d []Done) {
	slices.SortFunc(d, func(a, b Done) int {
		return cmp.Or(cmp.Compare(a.Clock, b.Clock), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Part, b.Part))
	})
}

// TakeDone returns the completions that have become certain since the last call, by clock. They are valid until the
// next call.
func (s *System) TakeDone() []Done {
	s.taken, s.done = s.done, s.taken[:0]
	sortDone(s.taken)
	return s.taken
}

// Accepted is the clock up to which the channels have been simulated: nothing that is submitted later can change what
// happens until then. With one queue, the last transfer has then been accepted.
func (s *System) Accepted() int64 { return s.accepted }

// Settle predicts the completion of every transfer that is not complete, by clock, should no other come.
func (s *System) Settle() []Done {
	s.settled = s.settled[:0]
	if len(s.flights) == 0 {
		return s.settled
	}
	for _, f := range s.flights {
		s.settled = append(s.settled, f.done)
	}
	for i := range s.groups {
		s.groups[i].settle(func(m completion) {
			d := &s.settled[s.flight(m.tag)]
			d.Clock = max(d.Clock, m.clock)
		})
	}
	sortDone(s.settled)
	return s.settled
}

// Finish runs every channel to a clock.
func (s *System) Finish(clock int64) {
	s.released = max(s.released, clock)
	s.accepted = max(s.accepted, clock)
	s.clock = max(s.clock, clock)
	for i := range s.groups {
		s.groups[i].run(clock)
	}
	s.collectDone()
	s.mergeGroups()
	s.record()
}

// Counts returns the counts of all channels since power-on.
func (s *System) Counts() stats.DRAM {
	s.collectAllCounts()
	c := s.counts
	c.Clocks = s.clock
	return c
}

// Classes returns what the bursts of each Transfer.Class met, on all channels.
func (s *System) Classes() []stats.Requester {
	s.collectAllCounts()
	return s.classes
}

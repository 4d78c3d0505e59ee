package dram

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// Options is what a System is built from.
type Options struct {
	Standard *Standard
	Channels int    // a power of two
	Mapping  string // empty: DefaultMapping
	BankHash bool   // bank bits XOR low row bits
	Refresh  Refresh
	Exact    bool // step every clock and remember nothing: the slow twin that the fast path is tested against
}

var _ Memory = (*System)(nil)

// System is the channels behind one address mapping. It implements Memory.
//
// Channels that have had equal walks are in equal states: one lane simulates them all, and its counts are multiplied. A
// transfer that falls unequally on such a group splits it; groups whose lanes have become equal again are joined.
type System struct {
	options  Options
	mapping  *Mapping
	power    func() lane // a channel at power-on
	groups   []group
	flights  []flight // transfers that are not complete, in order of submission
	nextTag  uint32
	done     []Done
	taken    []Done
	settled  []Done
	counts   stats.DRAM
	released int64
	accepted int64
	clock    int64
}

// group is channels in lock-step.
type group struct {
	lane     lane
	channels []int
}

// flight is a transfer that is not complete on every channel.
type flight struct {
	tag   uint32
	id    int64
	left  int // channels on which it is not complete
	clock int64
}

// job is a transfer as one channel sees it.
type job struct {
	walk  walk
	write bool
	tag   uint32
}

// lane simulates one channel, up to the clock at which the last burst of the last job was accepted.
type lane interface {
	run(release int64, j *job) (accepted int64) // first to release; j may be nil
	settle(seen func(mark))                     // predicts the completion of every job inside
	take(add *stats.DRAM) []mark                // counts of one channel and completions since the last call
	twin() lane                                 // a copy
	equal(o lane) bool                          // certainly in equal states; may miss some
}

// New builds the channels.
func New(o Options) (*System, error) {
	if o.Standard == nil {
		return nil, fmt.Errorf("dram: no standard")
	}
	if err := o.Standard.Validate(); err != nil {
		return nil, err
	}
	if o.Refresh > NoRefresh {
		return nil, fmt.Errorf("dram: refresh policy %d is not known", o.Refresh)
	}
	if o.Refresh == PerBank && o.Standard.Timing.TRFCPB == 0 {
		return nil, fmt.Errorf("DRAM standard %q has no per-bank refresh; accepted: all-bank, none", o.Standard.Name)
	}
	if o.Mapping == "" {
		o.Mapping = DefaultMapping(o.Standard, max(o.Channels, 1))
	}
	m, err := ParseMapping(o.Mapping, o.Standard, o.Channels, o.BankHash)
	if err != nil {
		return nil, err
	}
	s := &System{options: o, mapping: m}
	if s.power, err = powerOn(&o, m); err != nil {
		return nil, err
	}
	s.Reset()
	return s, nil
}

// powerOn returns the maker of a lane at power-on.
func powerOn(o *Options, m *Mapping) (func() lane, error) {
	if o.Standard.Family == HBM {
		first, err := newHBMLane(o, m)
		if err != nil {
			return nil, err
		}
		if o.Exact {
			return first.twin, nil
		}
		power := &hbmStepper{first}
		learnt := newMemo(&hbmStepper{first.copy()})
		return func() lane { return newMemoLane(learnt, m, power) }, nil
	}
	if o.Exact {
		return func() lane { return &steppedLane{newChannel(o, m)} }, nil
	}
	learnt, power := newMemo(&busStepper{newChannel(o, m)}), &busStepper{newChannel(o, m)}
	return func() lane { return newMemoLane(learnt, m, power) }, nil
}

// Mapping returns the address mapping.
func (s *System) Mapping() *Mapping { return s.mapping }

// Reset returns to power-on state. What was learnt for speed is kept.
func (s *System) Reset() {
	all := make([]int, s.options.Channels)
	for i := range all {
		all[i] = i
	}
	s.groups = []group{{s.power(), all}}
	s.flights, s.done, s.counts = s.flights[:0], s.done[:0], stats.DRAM{}
	s.nextTag, s.released, s.accepted, s.clock = 0, 0, 0, 0
}

// BurstBytes is the unit of traffic.
func (s *System) BurstBytes() int64 { return int64(s.options.Standard.Burst) }

// Submit simulates t up to the clock at which its last burst has been accepted.
func (s *System) Submit(t Transfer) {
	if t.Release < s.released {
		panic(fmt.Sprintf("dram: transfer %d is released at clock %d, after one at %d", t.ID, t.Release, s.released))
	}
	s.released = t.Release
	tag, channels := s.nextTag, 0
	s.nextTag++
	s.accepted = t.Release
	for i := 0; i < len(s.groups); i++ {
		w := s.shareOf(&t, s.groups[i].channels[0])
		s.split(i, &t, &w)
		g := &s.groups[i]
		if w.bursts == 0 {
			g.lane.run(t.Release, nil)
		} else {
			channels += len(g.channels)
			s.accepted = max(s.accepted, g.lane.run(t.Release, &job{w, t.Write, tag}))
		}
	}
	if channels > 0 {
		s.flights = append(s.flights, flight{tag: tag, id: t.ID, left: channels})
	} else {
		s.done = append(s.done, Done{t.ID, t.Release})
	}
	s.clock = max(s.clock, s.accepted)
	s.collect()
	s.join()
}

// shareOf is the part of t that lies on a channel.
func (s *System) shareOf(t *Transfer, channel int) walk {
	m := s.mapping
	run := int64(1) << m.channelShift
	return newWalk(&t.Walk, interleave{run, run << m.channelBits, int64(channel)}, s.BurstBytes())
}

// split moves the channels of group i on which t's share is not w into a new last group, where Submit meets them later.
func (s *System) split(i int, t *Transfer, w *walk) {
	g := &s.groups[i]
	var same, other []int
	for n, c := range g.channels[1:] {
		if s.shareOf(t, c) != *w {
			if other == nil {
				same = slices.Clone(g.channels[:n+1])
			}
			other = append(other, c)
		} else if other != nil {
			same = append(same, c)
		}
	}
	if other != nil {
		g.channels = same
		s.groups = append(s.groups, group{g.lane.twin(), other})
	}
}

// join merges groups whose lanes have come to equal states.
func (s *System) join() {
	for i := 0; i < len(s.groups); i++ {
		for j := len(s.groups) - 1; j > i; j-- {
			if s.groups[i].lane.equal(s.groups[j].lane) {
				s.groups[i].channels = append(s.groups[i].channels, s.groups[j].channels...)
				s.groups = slices.Delete(s.groups, j, j+1)
			}
		}
	}
}

// flight finds a transfer that is not complete. Few are, and mostly the last.
func (s *System) flight(tag uint32) int {
	for i := len(s.flights) - 1; i >= 0; i-- {
		if s.flights[i].tag == tag {
			return i
		}
	}
	panic("dram: a channel completed a transfer that is not in flight")
}

// collect takes counts and completions from the lanes.
func (s *System) collect() {
	for i := range s.groups {
		g := &s.groups[i]
		n := len(g.channels)
		var d stats.DRAM
		for _, m := range g.lane.take(&d) {
			k := s.flight(m.tag)
			f := &s.flights[k]
			f.clock = max(f.clock, m.clock)
			if f.left -= n; f.left == 0 {
				s.done = append(s.done, Done{f.id, f.clock})
				s.flights = slices.Delete(s.flights, k, k+1)
			}
		}
		s.counts.Add(scale(&d, int64(n)))
	}
}

func scale(d *stats.DRAM, n int64) *stats.DRAM {
	return &stats.DRAM{Activates: d.Activates * n, Precharges: d.Precharges * n, PrechargeAll: d.PrechargeAll * n,
		Reads: d.Reads * n, Writes: d.Writes * n, Refreshes: d.Refreshes * n, Syncs: d.Syncs * n,
		RowHits: d.RowHits * n, RowMisses: d.RowMisses * n, RowConflicts: d.RowConflicts * n}
}

func sortDone(d []Done) {
	slices.SortFunc(d, func(a, b Done) int { return cmp.Or(cmp.Compare(a.Clock, b.Clock), cmp.Compare(a.ID, b.ID)) })
}

// TakeDone returns the completions that have become certain since the last call.
func (s *System) TakeDone() []Done {
	s.taken, s.done = s.done, s.taken[:0]
	sortDone(s.taken)
	return s.taken
}

// Accepted is the clock at which the last burst of the last transfer was accepted by its controller.
func (s *System) Accepted() int64 { return s.accepted }

// Settle predicts the completion of every transfer that is not complete, should no other come.
func (s *System) Settle() []Done {
	s.settled = s.settled[:0]
	if len(s.flights) == 0 {
		return s.settled
	}
	for _, f := range s.flights {
		s.settled = append(s.settled, Done{f.id, f.clock})
	}
	for i := range s.groups {
		s.groups[i].lane.settle(func(m mark) {
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
	s.clock = max(s.clock, clock)
	for i := range s.groups {
		s.groups[i].lane.run(clock, nil)
	}
	s.collect()
	s.join()
}

// Counts are those of all channels.
func (s *System) Counts() stats.DRAM {
	c := s.counts
	c.Clocks = s.clock
	return c
}

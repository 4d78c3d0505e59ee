package mem

import (
	"fmt"
	"slices"
	"testing"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// scripted is a memory that behaves as a test says: reply n belongs to transfer n+1, and predictions are made in order.
// It notes what it is asked, and when.
type scripted struct {
	*Ideal
	replies     []reply
	predictions [][]dram.Done
	finished    []dram.Done // certain after Finish
	now         func() unit.Cycles

	accepted int64
	certain  []dram.Done
	calls    []call
}

// call is what a memory was asked, and when.
type call struct {
	at   unit.Cycles
	what string
}

// reply is what a memory makes of a transfer: until when it accepts its bursts, and what has become certain by then.
type reply struct {
	accepted int64
	certain  []dram.Done
}

func (s *scripted) note(format string, args ...any) {
	s.calls = append(s.calls, call{s.now(), fmt.Sprintf(format, args...)})
}

func (s *scripted) Submit(t dram.Transfer) {
	s.note("submit %d for %d", t.ID, t.Release)
	s.accepted, s.certain = s.replies[t.ID-1].accepted, s.replies[t.ID-1].certain
}

func (s *scripted) TakeDone() []dram.Done {
	d := s.certain
	s.certain = nil
	return d
}

func (s *scripted) Accepted() int64 { return s.accepted }

func (s *scripted) Next() []dram.Done {
	s.note("next")
	if len(s.predictions) == 0 {
		return nil
	}
	p := s.predictions[0]
	s.predictions = s.predictions[1:]
	return p
}

func (s *scripted) Finish(clock int64) {
	s.note("finish %d", clock)
	s.certain, s.finished = s.finished, nil
}

// memoryBench is a memory between the DMAs of two cores, 1 GHz, and what it drives.
type memoryBench struct {
	*simtest.Bench
	memory *Memory
	dmas   []*simtest.Neighbour
	sent   int
}

// newMemoryBench gives each core a link of some bytes a cycle; 0: not limited.
func newMemoryBench(t *testing.T, d DRAM, bytesPerCycle int) *memoryBench {
	c := &config.Config{Clock: 1e9, Cores: 2, Network: config.Network{Topology: config.Crossbar,
		Bandwidth: unit.BytesPerSecond(bytesPerCycle) * 1e9}}
	b := &memoryBench{Bench: simtest.NewBench(t, c.Clock)}
	b.memory = NewMemory("Memory", b.Engine, b.Clock, d, NewNetwork(c))
	b.Watchdog.Register(b.memory)
	b.dmas = []*simtest.Neighbour{b.Neighbour("DMA[0]", 64), b.Neighbour("DMA[1]", 64)}
	b.Connect(hop, b.memory.Port, b.dmas[0].Port, b.dmas[1].Port)
	b.memory.Connect([]akita.Port{b.dmas[0].Port, b.dmas[1].Port})
	return b
}

// request has a core's transfer reach the memory at a cycle. Its Op is its number, from 1 on.
func (b *memoryBench) request(at unit.Cycles, core int, walk isa.Pattern) {
	b.sent++
	b.dmas[core].SendAt(at-hop, b.memory.Port, &msg.Transfer{Walk: walk, Core: core, Op: b.sent})
}

// answers returns the cycles at which the memory has answered the transfers, by number.
func (b *memoryBench) answers(t *testing.T) []unit.Cycles {
	t.Helper()
	at := make([]unit.Cycles, b.sent)
	for core, d := range b.dmas {
		for _, a := range d.Arrivals {
			m := a.Msg.(*msg.Transfer)
			if m.Core != core || at[m.Op-1] != 0 {
				t.Errorf("core %d gets transfer %d of core %d, which it has at %d", core, m.Op, m.Core, at[m.Op-1])
			}
			at[m.Op-1] = a.Cycle - hop
		}
	}
	if int(b.memory.Answers()) != b.sent || !b.memory.Idle() {
		t.Errorf("%d of %d answered: %s", b.memory.Answers(), b.sent, b.memory.Describe())
	}
	return at
}

// line is a read of one burst.
var line = isa.Contiguous(0, 64)

// at is a completion.
func at(clock, id int64) dram.Done { return dram.Done{ID: id, Clock: clock} }

// together are completions that are reported at once.
func together(d ...dram.Done) []dram.Done { return d }

func TestTheMemoryAnswersWhenItsChannelsAreDone(t *testing.T) {
	const ns15 = 1_500_000 // a clock of 1.5 ns; the NPU's has 1 ns
	for _, c := range []struct {
		what     string
		tCK      unit.Femtoseconds
		requests []unit.Cycles
		memory   scripted
		answers  []unit.Cycles
		calls    []call // nil: they do not matter
	}{
		{"a certain completion",
			SameClock, []unit.Cycles{10},
			scripted{replies: []reply{{20, together(at(100, 1))}}},
			[]unit.Cycles{100}, []call{{10, "submit 1 for 10"}, {20 + 1, "next"}}},
		{"a predicted one: it settles after the last burst is accepted, not with it",
			SameClock, []unit.Cycles{10},
			scripted{replies: []reply{{50, nil}}, predictions: [][]dram.Done{together(at(120, 1))}},
			[]unit.Cycles{120}, []call{{10, "submit 1 for 10"}, {50 + 1, "next"}}},
		// 10 / 1.5 = 6.7; 21 x 1.5 = 31.5; 101 x 1.5 = 151.5
		{"a clock of 1.5 ns: releases, settling edges and completions round up",
			ns15, []unit.Cycles{10},
			scripted{replies: []reply{{20, together(at(101, 1))}}},
			[]unit.Cycles{152}, []call{{10, "submit 1 for 7"}, {32, "next"}}},
		// 12 / 1.5 = 8; 20 x 1.5 = 30; 100 x 1.5 = 150
		{"... and what is on an edge of both clocks stays there",
			ns15, []unit.Cycles{12},
			scripted{replies: []reply{{19, together(at(100, 1))}}},
			[]unit.Cycles{150}, []call{{12, "submit 1 for 8"}, {30, "next"}}},
		{"a transfer that comes before the settling edge moves it",
			SameClock, []unit.Cycles{10, 40},
			scripted{replies: []reply{{50, nil}, {80, nil}},
				predictions: [][]dram.Done{together(at(120, 1), at(120, 2))}},
			[]unit.Cycles{120, 120}, []call{{10, "submit 1 for 10"}, {40, "submit 2 for 40"}, {80 + 1, "next"}}},
		{"a later transfer delays a predicted completion",
			SameClock, []unit.Cycles{10, 100},
			scripted{replies: []reply{{50, nil}, {110, nil}},
				predictions: [][]dram.Done{together(at(120, 1)), together(at(130, 1), at(130, 2))}},
			[]unit.Cycles{130, 130},
			[]call{{10, "submit 1 for 10"}, {50 + 1, "next"}, {100, "submit 2 for 100"}, {110 + 1, "next"}}},
		{"a later transfer makes a predicted completion certain, and earlier",
			SameClock, []unit.Cycles{10, 100},
			scripted{replies: []reply{{50, nil}, {105, together(at(115, 1), at(125, 2))}},
				predictions: [][]dram.Done{together(at(120, 1))}},
			[]unit.Cycles{115, 125}, nil},
		{"a prediction that should have become certain with a later transfer, and did not, is void",
			SameClock, []unit.Cycles{10, 119},
			scripted{replies: []reply{{50, nil}, {125, nil}},
				predictions: [][]dram.Done{together(at(120, 1)), together(at(130, 1), at(140, 2))}},
			[]unit.Cycles{130, 140},
			[]call{{10, "submit 1 for 10"}, {50 + 1, "next"}, {119, "submit 2 for 119"}, {125 + 1, "next"}}},
		{"a prediction for the settling edge of a later transfer waits for what that edge brings",
			SameClock, []unit.Cycles{10, 115},
			scripted{replies: []reply{{50, nil}, {119, nil}},
				predictions: [][]dram.Done{together(at(120, 1)), together(at(130, 1), at(140, 2))}},
			[]unit.Cycles{130, 140},
			[]call{{10, "submit 1 for 10"}, {50 + 1, "next"}, {115, "submit 2 for 115"}, {119 + 1, "next"}}},
		{"... and holds if it brings the same",
			SameClock, []unit.Cycles{10, 115},
			scripted{replies: []reply{{50, nil}, {119, nil}},
				predictions: [][]dram.Done{together(at(120, 1)), together(at(120, 1), at(140, 2))}},
			[]unit.Cycles{120, 140}, nil},
		{"a certain completion far ahead does not stand in for predictions of nearer ones",
			SameClock, []unit.Cycles{10, 11, 12},
			scripted{replies: []reply{{20, nil}, {30, nil}, {40, together(at(200, 3))}},
				predictions: [][]dram.Done{together(at(100, 1)), together(at(150, 2))}},
			[]unit.Cycles{100, 150, 200}, nil},
		{"a later prediction that leaves a transfer out takes its completion back",
			SameClock, []unit.Cycles{10, 60},
			scripted{replies: []reply{{50, nil}, {70, nil}},
				predictions: [][]dram.Done{together(at(120, 1)), together(at(90, 2)), together(at(135, 1))}},
			[]unit.Cycles{135, 90}, nil},
		{"only the next completions are predicted; after these the memory finishes their clock and asks again",
			SameClock, []unit.Cycles{10, 11},
			scripted{replies: []reply{{20, nil}, {30, nil}},
				predictions: [][]dram.Done{together(at(120, 1)), together(at(140, 2))}},
			[]unit.Cycles{120, 140}, []call{{10, "submit 1 for 10"}, {11, "submit 2 for 11"}, {30 + 1, "next"},
				{120, "finish 120"}, {120, "next"}}},
		{"... and what has become certain until then needs no prediction",
			SameClock, []unit.Cycles{10, 11},
			scripted{replies: []reply{{20, nil}, {30, nil}}, predictions: [][]dram.Done{together(at(120, 1))},
				finished: together(at(120, 1), at(133, 2))},
			[]unit.Cycles{120, 133}, []call{{10, "submit 1 for 10"}, {11, "submit 2 for 11"}, {30 + 1, "next"},
				{120, "finish 120"}, {120, "next"}}},
		{"... and a prediction of others does not take it back",
			SameClock, []unit.Cycles{10, 11, 12},
			scripted{replies: []reply{{20, nil}, {30, nil}, {40, nil}},
				predictions: [][]dram.Done{together(at(120, 1)), together(at(150, 3))},
				finished:    together(at(120, 1), at(133, 2))},
			[]unit.Cycles{120, 133, 150}, nil},
		{"a completion that becomes certain after it was delivered is not delivered again",
			SameClock, []unit.Cycles{10, 150},
			scripted{replies: []reply{{20, nil}, {160, together(at(120, 1), at(170, 2))}},
				predictions: [][]dram.Done{together(at(120, 1))}},
			[]unit.Cycles{120, 170}, nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := c.memory
			s.Ideal = NewIdeal(1e9, 1)
			b := newMemoryBench(t, DRAM{Memory: &s, TCK: c.tCK}, 0)
			s.now = b.memory.Now
			for i, at := range c.requests {
				b.request(at, i%2, line)
			}
			b.Run()
			if got := b.answers(t); !slices.Equal(got, c.answers) {
				t.Errorf("answers at %v, want %v", got, c.answers)
			}
			if c.calls != nil && !slices.Equal(s.calls, c.calls) {
				t.Errorf("asked %v, want %v", s.calls, c.calls)
			}
		})
	}
}

func TestTheMemoryIsBusyWhileAnythingIsInDRAM(t *testing.T) {
	s := &scripted{Ideal: NewIdeal(1e9, 1), replies: []reply{
		{10, together(at(50, 1))}, {20, together(at(60, 2))}, {100, together(at(130, 3))}}}
	b := newMemoryBench(t, DRAM{Memory: s}, 0)
	s.now = b.memory.Now
	b.request(10, 0, line)
	b.request(20, 0, line)
	b.request(100, 1, line)
	b.Run()
	var n stats.Counts
	b.memory.Counts(&n, 200)
	if want := unit.Cycles((60 - 10) + (130 - 100)); n.MemoryBusy != want {
		t.Errorf("busy for %d cycles, want %d", n.MemoryBusy, want)
	}
	if last := s.calls[len(s.calls)-1]; last.what != "finish 200" {
		t.Errorf("counts are of clock %q", last.what)
	}
}

func TestAnAnswerWaitsForItsLink(t *testing.T) {
	const rate = 2 // bytes a cycle
	s := &scripted{Ideal: NewIdeal(1e9, 1), replies: []reply{
		{10, together(at(20, 1))}, {11, together(at(22, 2))}, {12, together(at(300, 3))}}}
	b := newMemoryBench(t, DRAM{Memory: s}, rate)
	s.now = b.memory.Now
	b.request(10, 0, line)
	b.request(11, 0, line)
	b.request(12, 1, line)
	b.Run()
	want := []unit.Cycles{10 + 64/rate, 10 + 64/rate + 64/rate, 300} // in DRAM at 20, 22, 300
	if got := b.answers(t); !slices.Equal(got, want) {
		t.Errorf("answers at %v, want %v", got, want)
	}
	var n stats.Counts
	b.memory.Counts(&n, 300)
	if wait := (want[0] - 20) + (want[1] - 22); n.NetworkWait != wait || n.MemoryBusy != 300-10 {
		t.Errorf("waited for %d cycles, want %d; busy for %d, want %d", n.NetworkWait, wait, n.MemoryBusy, 300-10)
	}
}

func TestAResetMemoryIsAsGoodAsNew(t *testing.T) {
	b := newMemoryBench(t, DRAM{Memory: NewIdeal(1e9, 4e9)}, 2) // a link half as fast as the memory
	run := func() ([]unit.Cycles, stats.Counts) {
		b.sent = 0
		for _, d := range b.dmas {
			d.Arrivals = nil
		}
		b.request(10, 0, line)
		b.request(20, 1, line)
		b.Run()
		var n stats.Counts
		b.memory.Counts(&n, b.Now())
		return b.answers(t), n
	}
	first, counts := run()
	// A program that was stopped leaves something behind.
	b.memory.pending = append(b.memory.pending, inFlight{m: &msg.Transfer{}, id: 7})
	b.memory.onLinks = append(b.memory.onLinks, inFlight{m: &msg.Transfer{}, id: 8})
	b.memory.settling = true
	b.memory.network.Request(0, 5)
	b.Engine.Reset()
	b.memory.Reset()
	if again, n := run(); !slices.Equal(again, first) || n != counts {
		t.Errorf("answers at %v, then at %v; counts\n%+v, then\n%+v", first, again, counts, n)
	}
}

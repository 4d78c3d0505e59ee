package dram

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// relatives returns o, and options that differ from it in one thing each.
func relatives(o Options) []Options {
	family := []Options{o}
	add := func(change func(o *Options, s *spec.Standard)) {
		n, s := o, *o.Standard
		n.Standard = &s
		change(&n, &s)
		family = append(family, n)
	}
	add(func(o *Options, _ *spec.Standard) { o.Channels, o.Mapping = 1, "co2,bg2,ba2,co4,ro16" }) // the same to a channel
	add(func(o *Options, _ *spec.Standard) { o.Channels, o.Mapping = 3, "co2,ch%3,bg2,ba2,co4,ro16" })
	add(func(o *Options, _ *spec.Standard) { o.Mapping = "co2,bg2,ba2,ch1,co4,ro16" })
	add(func(o *Options, _ *spec.Standard) { o.Mapping = "co1,bg2,ch1,co5,ba2,ro16" })
	add(func(o *Options, _ *spec.Standard) { o.BankHash = true })
	add(func(o *Options, _ *spec.Standard) { o.Refresh = spec.PerBank })
	add(func(o *Options, _ *spec.Standard) { o.Refresh = spec.NoRefresh })
	add(func(o *Options, _ *spec.Standard) { o.Postponed = 4 })
	add(func(o *Options, _ *spec.Standard) { o.Grant = 4 * unit.KiB })
	add(func(o *Options, _ *spec.Standard) { o.Window = unit.KiB })
	add(func(o *Options, _ *spec.Standard) { o.Window, o.Pace = unit.KiB, 40 })
	add(func(_ *Options, s *spec.Standard) { s.Operate(spec.Operation{Temperature: 95}, nil) })
	add(func(_ *Options, s *spec.Standard) { s.Timing.TFAW += 3 })
	add(func(_ *Options, s *spec.Standard) { s.Timing.TRFC += 7 })
	add(func(o *Options, s *spec.Standard) { s.Ranks, o.Mapping = 2, "co2,bg2,ba2,ra1,ch1,co4,ro16" })
	add(func(_ *Options, s *spec.Standard) { s.Name, s.TCK = "faster", s.TCK-1 }) // the same in clocks
	return family
}

var related = Options{Standard: spec.MustLookup("lpddr5-6400"), Channels: 2, Control: Control{Refresh: spec.AllBank}, Queues: 2,
	Mapping: "co2,ch1,bg2,ba2,co4,ro16"}

// TestSystemsThatShareWhatTheyLearnCountAsThoseThatLearnAlone lets relatives take turns on the same walks. What one has
// learnt must serve another only where that one would have learnt it, too. The references, which step everything, share
// nothing.
func TestSystemsThatShareWhatTheyLearnCountAsThoseThatLearnAlone(t *testing.T) {
	cases := int64(8)
	if testing.Short() {
		cases = 3
	}
	if simtest.Racing {
		cases = 1
	}
	if simtest.Long() {
		cases = 200
	}
	for seed := range cases {
		r := rand.New(rand.NewSource(seed))
		shared := &MemoSet{limit: []int{0, 0, 200 * stateBytes, 3000 * stateBytes}[r.Intn(4)]}
		var systems []*pair
		for _, o := range relatives(related) {
			systems = append(systems, sharingPair(t, o, shared))
		}
		library := []isa.Pattern{isa.Contiguous(0, 64*unit.KiB)}
		for range 4 {
			library = append(library, randomWalk(r, 20_000, library))
		}
		for range 2 { // from power-on: snapshots recur
			shuffled := slices.Clone(systems)
			r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			inTurns(r, shuffled, library)
			if limit := shared.limit; limit > 0 && shared.bytes > limit+50*stateBytes {
				t.Errorf("%d B are kept with a limit of %d", shared.bytes, limit)
			}
		}
	}
}

// sharingPair is a pair whose fast System shares what it learns.
func sharingPair(t *testing.T, o Options, shared *MemoSet) *pair {
	t.Helper()
	p := newPair(t, o)
	var err error
	if p.fast, err = shared.New(o); err != nil {
		t.Fatal(err)
	}
	p.history = append(p.history, fmt.Sprintf("%+v", o))
	return p
}

// inTurns gives each of the pairs the same transfers, a few at a time while others are in the middle of theirs, and
// resets all.
func inTurns(r *rand.Rand, pairs []*pair, library []isa.Pattern) {
	script := r.Int63()
	release := make([]int64, len(pairs))
	source := make([]*rand.Rand, len(pairs))
	for i := range pairs {
		source[i] = rand.New(rand.NewSource(script))
	}
	for n := range 12 {
		for _, i := range r.Perm(len(pairs)) {
			p, r := pairs[i], source[i]
			p.submit(Transfer{ID: int64(n), Walk: library[r.Intn(len(library))], Write: r.Intn(5) == 0, Queue: r.Intn(2),
				Release: release[i]})
			if r.Intn(3) == 0 {
				p.settle()
			}
			release[i] = p.fast.Accepted() + int64(r.Intn(2)*r.Intn(20_000))
		}
	}
	for i, p := range pairs {
		p.settle()
		p.finish(release[i] + 10_000)
		p.reset()
	}
}

func TestTheMemoKeyHoldsAllThatMattersToAChannel(t *testing.T) {
	var keys []string
	for _, o := range relatives(related) {
		m, err := spec.ParseMapping(o.Mapping, o.Standard, o.Channels, o.BankHash)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, memoKey(&o, m))
	}
	same := []int{1, 2, 3, len(keys) - 1}
	for i, k := range keys[1:] {
		if (k == keys[0]) != slices.Contains(same, i+1) {
			t.Errorf("relative %d: %s; the first: %s", i+1, k, keys[0])
		}
	}
}

func TestWhatOneSystemHasLearntAnotherNeedNotStep(t *testing.T) {
	var shared MemoSet
	play := func(channels int, mapping string) (stepped int64) {
		o := related
		o.Channels, o.Mapping, o.Queues = channels, mapping, 1
		s, err := shared.New(o)
		if err != nil {
			t.Fatal(err)
		}
		before := memoOf(s).steps
		for i := range int64(50) {
			size := unit.Bytes(channels) * 300 * unit.KiB
			s.Submit(Transfer{ID: i, Walk: isa.Contiguous(unit.Bytes(i)*size, size), Write: i%10 == 9, Release: i * 9000})
			s.Settle()
		}
		s.Finish(600_000)
		return memoOf(s).steps - before
	}
	if play(2, related.Mapping) == 0 {
		t.Error("the first System steps nothing")
	}
	play(2, related.Mapping) // now the memo has whole walks, and what follows them where cells ended elsewhere
	if n := play(4, "co2,ch2,bg2,ba2,co4,ro16"); n != 0 {
		t.Errorf("the second one, of more channels, steps %d clocks", n)
	}
	if play(2, "co1,bg2,ch1,co5,ba2,ro16") == 0 {
		t.Error("one of another mapping steps nothing")
	}
}

func TestWhatHasNotBeenUsedForLongestIsForgottenFirst(t *testing.T) {
	var shared MemoSet
	use := func(o Options) *System {
		s, err := shared.New(o)
		if err != nil {
			t.Fatal(err)
		}
		s.Submit(Transfer{Walk: isa.Contiguous(0, unit.MiB)})
		s.Finish(500_000)
		return s
	}
	per := relatives(related)
	first, second := use(per[0]), use(per[5])
	first.Reset() // is in use again
	shared.limit = shared.bytes + 1
	third := use(per[7])
	kept := shared.memos
	keeps := func(s *System) bool { return slices.Contains(kept, memoOf(s)) }
	if keeps(second) || !keeps(first) || !keeps(third) {
		t.Errorf("%d memos are kept: not those of the first and the third System", len(kept))
	}
	second.Reset() // goes on with the memo that it has
	second.Submit(Transfer{Walk: isa.Contiguous(0, unit.MiB)})
	sum := 0
	for _, m := range kept {
		sum += m.bytes
	}
	if sum != shared.bytes {
		t.Errorf("%d B are accounted for, the memos have %d", shared.bytes, sum)
	}
	for i := range 2 * maxMemos {
		o := per[0]
		o.Grant = unit.Bytes(32 + 32*i)
		if _, err := shared.New(o); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(shared.memos); n != maxMemos {
		t.Errorf("%d memos, want %d", n, maxMemos)
	}
}

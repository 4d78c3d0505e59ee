package dram

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// pair is a System and its stepped reference.
type pair struct {
	t           *testing.T
	fast, exact *System
	history     []string
}

func newPair(t *testing.T, o Options) *pair {
	t.Helper()
	build := func(exact bool) *System {
		o.Exact = exact
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	return &pair{t: t, fast: build(false), exact: build(true)}
}

func (p *pair) fail(what string, fast, exact any) {
	p.t.Helper()
	h := p.history
	if len(h) > 12 {
		h = h[len(h)-12:]
	}
	for _, line := range h {
		p.t.Log(line)
	}
	p.t.Fatalf("%s differ after %d operations:\n fast  %+v\n exact %+v", what, len(p.history), fast, exact)
}

func (p *pair) check() {
	p.t.Helper()
	if a, b := p.fast.Accepted(), p.exact.Accepted(); a != b {
		p.fail("accepted clocks", a, b)
	}
	if a, b := p.fast.Counts(), p.exact.Counts(); a != b {
		p.fail("counts", a, b)
	}
	if a, b := p.fast.Classes(), p.exact.Classes(); !slices.Equal(a, b) {
		p.fail("statistics of classes", a, b)
	}
	if a, b := p.fast.TakeDone(), p.exact.TakeDone(); !slices.Equal(a, b) {
		p.fail("completions", a, b)
	}
}

func (p *pair) submit(x Transfer) {
	p.t.Helper()
	p.history = append(p.history, fmt.Sprintf("submit %+v", x))
	p.fast.Submit(x)
	p.exact.Submit(x)
	p.check()
}

func (p *pair) settle() {
	p.t.Helper()
	p.history = append(p.history, "settle")
	if a, b := p.fast.Settle(), p.exact.Settle(); !slices.Equal(a, b) {
		p.fail("predictions", a, b)
	}
}

func (p *pair) finish(clock int64) {
	p.t.Helper()
	p.history = append(p.history, fmt.Sprintf("finish %d", clock))
	p.fast.Finish(clock)
	p.exact.Finish(clock)
	p.check()
}

func (p *pair) reset() {
	p.t.Helper()
	p.history = append(p.history, "reset")
	p.fast.Reset()
	p.exact.Reset()
	p.check()
}

// randomWalk returns a walk of a kind that a compiler emits, or one that is harder.
func randomWalk(r *rand.Rand, size int64, others []isa.Pattern) isa.Pattern {
	align := []int64{1, 32, 64, 256, 1024, 4096, 65536}[r.Intn(7)]
	base := r.Int63n(1<<20) * align % (1 << 28)
	if len(others) > 0 && r.Intn(2) == 0 { // overlapping or adjacent
		o := others[r.Intn(len(others))]
		base = int64(o.Base) + []int64{0, int64(o.Turn), int64(o.Bytes()), -min(int64(o.Base), 1000)}[r.Intn(4)]
	}
	if r.Intn(2) == 0 {
		return isa.Contiguous(unit.Bytes(base), unit.Bytes(1+r.Int63n(size)))
	}
	turn := []int64{32, 64, 256, 1024, 4096, 100, 688, 5504}[r.Intn(8)]
	planes := 1 + r.Intn(4)
	p := isa.Pattern{Base: unit.Bytes(base), Turn: unit.Bytes(turn), Planes: planes}
	p.Outer = 1 + r.Intn(int(max(size/turn/int64(planes), 1)))
	p.PlaneStride = unit.Bytes([]int64{turn, turn, 1 << 20, 1<<20 + 4096, turn + 96, 0}[r.Intn(6)])
	p.OuterStride = unit.Bytes([]int64{turn * int64(planes), turn * 4, turn, 8192, turn*5 + 32, 0}[r.Intn(6)])
	return p
}

// randomOptions returns options of any standard, fed in any of the ways that there are.
func randomOptions(t *testing.T, r *rand.Rand) Options {
	t.Helper()
	names := append(spec.Names(), "lpddr5-6400", "lpddr5-6400", "lpddr5-6400", "lpddr5-6400")
	part := spec.MustLookupPart(names[r.Intn(len(names))])
	std := part.Standard(0)
	if d := part.Densities(); len(d) > 0 && std.Name != "lpddr5-6400" { // whose mappings below are of its own density
		std = part.Standard(d[r.Intn(len(d))])
	}
	operation := spec.Operation{FineGranularity: spec.FineGranularity(r.Intn(3)), WCK: spec.WCK(r.Intn(3)),
		Temperature: []unit.Celsius{0, 0, 95, 105}[r.Intn(4)], BankMode: spec.BankMode(r.Intn(8)), // most are not
		BurstLength: spec.BurstLength(r.Intn(6) / 2)} // as far as the standard has them
	std.Operate(operation, randomTimings(r, std, operation))
	asSold := std.Operation.BankMode == 0 && std.Operation.BurstLength == 0
	o := Options{Standard: std, Channels: 1 + r.Intn(6), BankHash: r.Intn(3) == 0}
	o.Refresh, o.Masks = std.Refreshes()[r.Intn(len(std.Refreshes()))], r.Intn(2) == 0
	if std.Name == "lpddr5-6400" && asSold && r.Intn(3) > 0 {
		ch := ""
		if o.Channels > 1 {
			ch = fmt.Sprintf("ch%%%d,", o.Channels)
		}
		o.Mapping = []string{"co1,bg2," + ch + "co5,ba2,ro16", "co2," + ch + "bg2,ba2,co4,ro16",
			"co6,bg2,ba2," + ch + "ro16", "bg2," + ch + "co6,ba2,ro15",
			"co2,ro3,bg2," + ch + "co4,ba2,ro13", "co3,bg2,ro16," + ch + "co3,ba2", ch + "bg1,co2,bg1,co4,ba2,ro16"}[r.Intn(7)]
	} else if std.Family == spec.SingleBus && r.Intn(3) == 0 {
		std.Ranks = min(1<<r.Intn(3), spec.MaxBanks/(std.Groups*std.Banks))
	}
	if r.Intn(3) == 0 {
		o.Postponed = r.Intn(std.MaxPostponed + 1)
	}
	if r.Intn(3) > 0 {
		o.Page = spec.Page(r.Intn(3))
	}
	if r.Intn(3) == 0 {
		o.Queue = 1 + r.Intn(spec.MostQueue)
		o.WriteHigh = 2 + r.Intn(98)
		o.WriteLow = 1 + r.Intn(o.WriteHigh-1)
	}
	if r.Intn(2) == 0 {
		o.Queues = 1 + r.Intn(controller.MaxQueues)
		o.Grant = std.Burst << r.Intn(8)
	}
	if r.Intn(3) == 0 {
		o.Window = std.Burst << r.Intn(7)
		if r.Intn(2) == 0 {
			o.Pace = 1 + r.Int63n(4*std.Timing.TBL*PaceParts)
		}
	}
	if r.Intn(3) == 0 {
		o.Background = randomBackground(r, &o)
	}
	return o
}

// randomTimings returns changes of a few timings that a standard can have together; nil: none.
func randomTimings(r *rand.Rand, s *spec.Standard, o spec.Operation) *spec.Changes {
	var to spec.Changes
	clocks := s.Timing.Clocks()
	for range r.Intn(6) {
		if i := r.Intn(len(clocks)); clocks[i] > 0 && spec.TimingNames()[i] != "tBL" {
			to[i] = spec.InClocks(max(clocks[i]*(60+r.Int63n(100))/100, 1))
		}
	}
	changed := *s
	if changed.Operate(o, &to); changed.Validate() != nil {
		return nil
	}
	return &to
}

// randomBackground returns a background of any bandwidth that is accepted.
func randomBackground(r *rand.Rand, o *Options) Background {
	most := float64(o.Standard.PeakBytesPerSecond(o.Channels)) * spec.MostBackground
	share := []float64{1, 1, r.Float64(), r.Float64(), 0.1 * r.Float64(), 0}[r.Intn(6)]
	b := Background{Bandwidth: unit.BytesPerSecond(share * most), Random: r.Intn(2) == 0, Class: 3,
		Write: []int{0, 30, 50, 100}[r.Intn(4)]}
	least, _ := o.Standard.BackgroundLimits(o.Channels, o.Refresh)
	b.Bandwidth = max(b.Bandwidth, least)
	return b
}

// randomCase runs random histories on a pair, until budget bytes have been moved.
func randomCase(t *testing.T, r *rand.Rand, seed, budget int64) {
	o := randomOptions(t, r)
	p := newPair(t, o)
	p.history = append(p.history, fmt.Sprintf("seed %d %s, %d ranks, %+v, mapping %s",
		seed, o.Standard.Name, o.Standard.Ranks, o, p.fast.mapping))
	if r.Intn(8) == 0 {
		memoOf(p.fast).set.limit = 40 * stateBytes // forget often
	}
	if r.Intn(3) == 0 {
		memoOf(p.fast).cell = int64(8 << r.Intn(7))
	}
	if r.Intn(2) == 0 { // in and out of the memo
		memoOf(p.fast).budget = r.Intn(200)
		p.reset()
	}
	size := min([]int64{600, 20_000, 200_000, 400_000}[r.Intn(4)], budget)
	var library []isa.Pattern
	for range 1 + r.Intn(6) {
		library = append(library, randomWalk(r, size, library))
	}
	writes, gap := []int{0, 10, 50, 100}[r.Intn(4)], min([]int64{0, 0, 100, 4000, 50_000}[r.Intn(5)], budget)
	for budget > 0 {
		script := r.Int63()
		for range 2 { // the same script again: memo hits
			budget -= randomScript(p, rand.New(rand.NewSource(script)), library, writes, gap)
			p.reset()
		}
	}
}

// randomScript submits transfers from the library and returns the bytes that it moved, plus 4096 for each transfer.
func randomScript(p *pair, r *rand.Rand, library []isa.Pattern, writes int, gap int64) (cost int64) {
	var release int64
	for i := range 3 + r.Intn(25) {
		w := library[r.Intn(len(library))]
		switch r.Intn(5) {
		case 0: // the same at another place
			w.Base += unit.Bytes(r.Int63n(64)) << 16
		case 1: // right behind
			w.Base += w.Bytes()
		}
		if gap > 0 && r.Intn(2) == 0 {
			release = max(release, p.fast.Accepted()+r.Int63n(gap))
		}
		x := Transfer{ID: int64(i), Walk: w, Write: r.Intn(100) < writes, Release: release}
		x.Queue = r.Intn(max(p.fast.options.Queues, 1))
		x.Class = uint8(r.Intn(3))
		if r.Intn(4) == 0 {
			x.Chunk = unit.Bytes(4096) << r.Intn(5)
		}
		p.submit(x)
		if r.Intn(4) == 0 {
			p.settle()
		}
		if r.Intn(20) == 0 {
			release = max(release, p.fast.Accepted()+r.Int63n(10_000))
			p.finish(release)
		}
		cost += int64(w.Bytes()) + 4096
		if cost > 2<<20 || testing.Short() && cost > 1<<19 {
			break
		}
	}
	p.settle()
	p.finish(release + p.fast.Accepted() + 1000)
	return cost
}

func memoOf(s *System) *memo { return s.groups[0].channel.(*memoChannel).memo }

func TestFastPathEqualsSteppingInEveryCompletionAndCount(t *testing.T) {
	cases := 120
	if testing.Short() {
		cases = 100
	}
	if simtest.Racing {
		cases = 10
	}
	if simtest.Long() {
		cases = 3000
	}
	budget := int64(1 << 20)
	if testing.Short() {
		budget = 1 << 18
	}
	for i := range cases {
		randomCase(t, rand.New(rand.NewSource(int64(i))), int64(i), budget)
	}
}

// TestWalksThatShareRowsAreToldApart lets walks of several queues visit the same few rows, at distances of whole
// granules: states that differ only in how far the walks are apart must not be
// taken for equal.
func TestWalksThatShareRowsAreToldApart(t *testing.T) {
	cases := int64(6)
	if testing.Short() {
		cases = 3
	}
	if simtest.Racing {
		cases = 1
	}
	if simtest.Long() {
		cases = 100
	}
	for seed := range cases {
		r := rand.New(rand.NewSource(seed))
		p := newPair(t, Options{Standard: spec.MustLookup("lpddr5-6400"), Channels: 1, Control: Control{Refresh: []spec.Refresh{spec.AllBank, spec.PerBank, spec.NoRefresh}[r.Intn(3)]},
			Queues: 2 + r.Intn(3), Grant: 32 << r.Intn(6), BankHash: r.Intn(3) == 0, Mapping: []string{"", "co6,bg2,ba2,ro16", "co1,bg2,co5,ba2,ro16"}[r.Intn(3)]})
		granule := p.fast.mapping.Granule()
		sizes := []int64{granule / 16, granule, 3 * granule}
		for range 100 { // from power-on again and again: snapshots recur
			var release int64
			for id := range int64(2 + r.Intn(3)) {
				w := isa.Contiguous(unit.Bytes(r.Int63n(4)*granule), unit.Bytes(sizes[r.Intn(3)]))
				p.submit(Transfer{ID: id, Walk: w, Write: r.Intn(4) == 0, Queue: int(id) % p.fast.options.Queues, Release: release})
				release += r.Int63n(3) * 500
			}
			p.settle()
			p.finish(release + 20_000)
			p.reset()
		}
	}
}

// choices is a source of random numbers from a fuzzer's bytes; when they run out, rest goes on.
type choices struct {
	text []byte
	rest rand.Source
}

func (c *choices) Seed(int64) {}

func (c *choices) Int63() int64 {
	if len(c.text) == 0 {
		return c.rest.Int63()
	}
	b := c.text[0]
	c.text = c.text[1:]
	return int64(b)<<55 | int64(b)<<31 // Intn takes high bits, or low ones of the upper half
}

// FuzzFastPathEqualsStepping lets the fuzzer choose the options, the library of walks and the order of operations.
func FuzzFastPathEqualsStepping(f *testing.F) {
	f.Add([]byte{}, int64(-1))
	f.Add([]byte("two queues, a window and a slow consumer"), int64(-2))
	f.Add([]byte{255, 3, 128, 7, 99, 31, 200, 64}, int64(-3))
	f.Fuzz(func(t *testing.T, text []byte, seed int64) {
		simtest.Budget(t, func() {
			randomCase(t, rand.New(&choices{text, rand.NewSource(seed)}), seed, 1<<12)
		})
	})
}

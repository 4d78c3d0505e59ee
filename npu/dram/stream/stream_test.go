package stream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/dramtest"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// randomStream returns a small stream; half of them fall alike on all channels.
func randomStream(r *rand.Rand, m *spec.Mapping, std *spec.Standard) Stream {
	s := Stream{Unit: std.Burst << r.Intn(3), Planes: 1}
	if r.Intn(3) > 0 {
		s.Unit = max(64, std.Burst)
	}
	units := 1 + r.Intn(20_000)
	if testing.Short() {
		units = 1 + units/8
	}
	s.Chunk = s.Unit
	switch r.Intn(6) {
	case 0:
		s.Random = true
	case 1, 2, 3:
		s.Planes = []int{2, 3, 4, 8, 16}[r.Intn(5)]
		s.Chunk = s.Unit * unit.Bytes([]int{1, 1, 2, 4, 16, 64, 3}[r.Intn(7)])
		s.Skew = unit.Bytes([]int64{0, 0, 8192, m.Stripe(), 32, 1000}[r.Intn(6)])
		if r.Intn(2) == 0 { // regions of whole stripes
			perStripe := max(int(m.Stripe()/int64(s.Unit)), 1)
			units = max(units/(s.Planes*perStripe), 1) * s.Planes * perStripe
		}
	}
	if r.Intn(4) == 0 {
		s.Write = 1 + r.Intn(100)
		if std.HasMaskedWrites() && r.Intn(2) == 0 {
			s.Masked = 1 + r.Intn(100)
		}
	}
	s.Bytes = s.Unit * unit.Bytes(min(units, 60_000))
	return s
}

func randomStreamOptions(t *testing.T, r *rand.Rand) (dram.Options, *spec.Mapping) {
	t.Helper()
	names := spec.Names()
	std, err := spec.Lookup(names[r.Intn(len(names))])
	if err != nil {
		t.Fatal(err)
	}
	o := dram.Options{Standard: std, Channels: 1 + r.Intn(16), BankHash: r.Intn(3) == 0}
	o.Refresh = std.Refreshes()[r.Intn(len(std.Refreshes()))]
	if std.Family == spec.SingleBus && r.Intn(4) == 0 {
		std.Ranks = min(2, spec.MaxBanks/(std.Groups*std.Banks))
	}
	if r.Intn(4) == 0 {
		o.Postponed = r.Intn(std.MaxPostponed + 1)
	}
	m, err := spec.ParseMapping(spec.DefaultMapping(std, o.Channels), std, o.Channels, o.BankHash)
	if err != nil {
		t.Fatal(err)
	}
	if r.Intn(3) == 0 {
		m = dramtest.RandomMapping(t, r, std, o.Channels, o.BankHash)
	}
	o.Mapping = m.String()
	return o, m
}

func runBoth(t *testing.T, o dram.Options, s Stream) (fast, exact *Result) {
	t.Helper()
	run := func(exact bool) *Result {
		o.Exact = exact
		r, err := Run(context.Background(), o, s, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	return run(false), run(true)
}

// access is a burst of a stream, as golden/README.md defines it.
type access struct {
	address int64
	write   bool
	masked  bool
}

// accesses lists the bursts of a stream, unit by unit.
func accesses(s Stream, burst int64) (list []access) {
	n, p := int64(s.Bytes/s.Unit), int64(s.Write)
	var writes int64
	x := uint64(88172645463325252)
	perTurn := int64(s.Chunk / s.Unit)
	for i := range n {
		read := i - writes // how many reads came before
		turn, at := read/perTurn, read%perTurn
		region, round := turn%int64(s.Planes), turn/int64(s.Planes)
		a := access{address: region*(int64(s.Bytes)/int64(s.Planes)+int64(s.Skew)) + (round*perTurn+at)*int64(s.Unit)}
		switch {
		case (i+1)*p/100 > i*p/100:
			m := int64(s.Masked)
			a = access{512<<20 + int64(s.Unit)*writes, true, (writes+1)*m/100 > writes*m/100}
			writes++
		case s.Random:
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			a.address = int64(s.Unit) * int64(x%(1<<24))
		}
		for b := int64(0); b < int64(s.Unit); b += burst {
			list = append(list, access{a.address + b, a.write, a.masked})
		}
	}
	return list
}

// drive feeds a stream to channels as golden/README.md defines it, clock by clock.
func drive(t *testing.T, o dram.Options, m *spec.Mapping, list []access) (cycles int64, counts stats.DRAM) {
	t.Helper()
	o.Masks = true // nothing is masked unless the stream says so
	cores, fifos := make([]controller.Controller, o.Channels), make([][]access, o.Channels)
	for i := range cores {
		var err error
		if cores[i], err = controller.New(o.Standard, o.Control); err != nil {
			t.Fatal(err)
		}
	}
	for busy := true; busy; {
		for len(list) > 0 {
			c, _ := m.Split(list[0].address)
			if len(fifos[c]) == 64 {
				break
			}
			fifos[c], list = append(fifos[c], list[0]), list[1:]
		}
		busy = len(list) > 0
		for c, p := range cores {
			for range 2 {
				if len(fifos[c]) > 0 {
					_, local := m.Split(fifos[c][0].address)
					offer := func(p controller.Controller, x access) bool {
						if x.masked {
							return p.OfferMasked(m.Locate(local), 0)
						}
						return p.Offer(m.Locate(local), x.write, 0)
					}
					if !offer(p, fifos[c][0]) {
						break
					}
					fifos[c] = fifos[c][1:]
				}
			}
			if p.Tick() == controller.ColumnIssued {
				cycles = max(cycles, p.View().Issued.Clock)
			}
			busy = busy || len(fifos[c]) > 0 || !p.Empty()
		}
	}
	for _, p := range cores {
		for p.View().Clock < cycles {
			p.Tick()
		}
		counts.Add(&p.View().Counts)
	}
	counts.Clocks = cycles
	return cycles, counts
}

// TestStreamsTakeTheSameClocksAndCommandsFastAndStepped compares runs that skip clocks or are replayed with runs that
// step every clock and, on short streams, those with drive.
func TestStreamsTakeTheSameClocksAndCommandsFastAndStepped(t *testing.T) {
	simtest.OneGoroutine(t)
	cases := 120
	if simtest.Long() {
		cases = 1200
	}
	replayed := 0
	for seed := range int64(cases) {
		r := rand.New(rand.NewSource(seed))
		o, m := randomStreamOptions(t, r)
		s := randomStream(r, m, o.Standard)
		if r.Intn(3) == 0 {
			o.Background = randomBackground(r, &o)
		}
		what := fmt.Sprintf("seed %d: %s x%d, %s, refresh %v, hash %v, %v beside %+v", seed, o.Standard.Name, o.Channels, o.Mapping, o.Refresh,
			o.BankHash, s, o.Background)
		if _, alike := s.share(m, int64(o.Standard.Burst)); alike {
			replayed++
		}
		fast, exact := runBoth(t, o, s)
		if *fast != *exact {
			t.Fatalf("%s:\n fast  %+v\n exact %+v", what, *fast, *exact)
		}
		if seed%2 == 0 && o.Background.Bandwidth == 0 {
			cycles, counts := drive(t, o, m, accesses(s, int64(o.Standard.Burst)))
			if cycles != exact.Cycles || counts != exact.Counts {
				t.Fatalf("%s:\n stepped    %+v\n definition %d %+v", what, *exact, cycles, counts)
			}
		}
	}
	t.Logf("%d of %d streams replayed from shares", replayed, cases)
	if replayed < cases/5 {
		t.Errorf("only %d of %d streams fell on all channels alike", replayed, cases)
	}
}

func TestAStreamThatRunsAheadOnAChannelIsStepped(t *testing.T) {
	simtest.OneGoroutine(t)
	std := spec.MustLookup("lpddr5-6400")
	for _, c := range []struct {
		name, mapping string
		stream        string
		alike         bool
	}{
		{"runs of 8 bursts", "co1,bg2,ch2,co5,ba2,ro16", "bytes=1MiB", true},
		{"four regions by 64 B: 32 bursts ahead", "co1,bg2,ch2,co5,ba2,ro16", "bytes=1MiB,planes=4", true},
		{"eight regions by 64 B: 64 bursts ahead", "co1,bg2,ch2,co5,ba2,ro16", "bytes=1MiB,planes=8", false},
		{"eight regions by a stripe", "co1,bg2,ch2,co5,ba2,ro16", "bytes=1MiB,planes=8,chunk=1024", true},
		{"regions that start in the middle of a stripe", "co1,bg2,ch2,co5,ba2,ro16", "bytes=1MiB,planes=4,skew=256", false},
		{"turns that are no part of a run", "co1,bg2,ch2,co5,ba2,ro16", "bytes=1MiB,planes=4,chunk=192", false},
		{"runs of 64 bursts", "co6,ch2,bg2,ba2,ro16", "bytes=1MiB", false},
		{"one channel after the other", "co6,bg2,ba2,ro16,ch2", "bytes=1MiB", false},
		{"writes", "co1,bg2,ch2,co5,ba2,ro16", "bytes=1MiB,write=1%", false},
		{"a channel field in two pieces", "co1,ch1,bg2,ch1,co5,ba2,ro16", "bytes=1MiB", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := spec.ParseMapping(c.mapping, std, 4, false)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Parse(c.stream)
			if err != nil {
				t.Fatal(err)
			}
			if _, alike := s.share(m, 32); alike != c.alike {
				t.Errorf("replayed from a share: %v, want %v", alike, c.alike)
			}
			o := dram.Options{Standard: std, Channels: 4, Mapping: c.mapping}
			if fast, exact := runBoth(t, o, s); *fast != *exact {
				t.Errorf("fast %+v, exact %+v", *fast, *exact)
			}
		})
	}
}

// TestALongStreamIsFast streams the weights of a 7B model in fp16; stepped, that takes minutes.
func TestALongStreamIsFast(t *testing.T) {
	simtest.OneGoroutine(t)
	s, err := Parse("bytes=13751549952")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(context.Background(), dram.Options{Standard: spec.MustLookup(spec.Ramulator + "lpddr5-6400"), Channels: 4, Mapping: "co1,bg2,ch2,co5,ba2,ro16"}, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	// 1 - (tRFC + closing and opening the banks)/tREFI of the data clocks, as in the shorter golden streams
	if math.Abs(100*r.Efficiency()-91.59) > 0.01 || r.Counts.Reads != 13751549952/32 {
		t.Errorf("%.3f %% with %d reads, want 91.59 %% with %d", 100*r.Efficiency(), r.Counts.Reads, 13751549952/32)
	}
}

func TestAStreamCanBeInterruptedAndSaysHowFarItIs(t *testing.T) {
	for _, text := range []string{"bytes=256MiB", "bytes=256MiB,write=10%"} {
		s, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		o := dram.Options{Standard: spec.MustLookup("lpddr5-6400"), Channels: 1}
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(context.Background())
		var last int64
		_, err = Run(ctx, o, s, func(done, total int64) {
			if last = done; total != 256<<20/32 || done < 0 || done > total {
				t.Errorf("%s: %d of %d bursts done", text, done, total)
			}
			if done > 0 {
				cancel(why)
			}
		})
		cancel(nil)
		if !errors.Is(err, why) || last == 0 {
			t.Errorf("%s: error %v after %d bursts, want %q", text, err, last, why)
		}
	}
}

// TestPlanesOnChannelsThatAreNoPowerOfTwo: turns that share no large factor with a stripe are replayed as they are stepped.
func TestPlanesOnChannelsThatAreNoPowerOfTwo(t *testing.T) {
	simtest.OneGoroutine(t)
	for _, channels := range []int{3, 5, 6, 12} {
		for _, chunk := range []unit.Bytes{64, 512, 768, 1024, 3072} {
			o := dram.Options{Standard: spec.MustLookup("lpddr5-6400"), Channels: channels}
			s := Stream{Bytes: 2 * 1024 * 15 * unit.Bytes(channels), Unit: 64, Planes: 2, Chunk: chunk}
			if fast, exact := runBoth(t, o, s); fast.Cycles != exact.Cycles || fast.Counts != exact.Counts || fast.Access != exact.Access {
				t.Errorf("%d channels, turns of %v: %d clocks, stepped %d", channels, chunk, fast.Cycles, exact.Cycles)
			}
		}
	}
}

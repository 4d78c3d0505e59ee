package stream

import (
	"context"
	"math"
	"math/rand"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// randomBackground returns a background of any bandwidth that is accepted.
func randomBackground(r *rand.Rand, o *dram.Options) dram.Background {
	least, most := o.Standard.BackgroundLimits(o.Channels, o.Refresh)
	share := []float64{0, 1, r.Float64(), r.Float64()}[r.Intn(4)]
	return dram.Background{Bandwidth: least + unit.BytesPerSecond(share*float64(most-least)), Random: r.Intn(2) == 0,
		Write: []int{0, 30, 100}[r.Intn(3)]}
}

// TestAStreamBesideOtherAgentsIsServedAndTheyAre: both move what they ask for, and the stream is no faster than alone.
func TestAStreamBesideOtherAgentsIsServedAndTheyAre(t *testing.T) {
	simtest.OneGoroutine(t)
	for _, name := range []string{"lpddr5-6400", "ddr5-6400", "hbm3-6400"} {
		for _, text := range []string{"bytes=6MiB", "bytes=1536KiB,pattern=random", "bytes=1536KiB,pattern=random,write=30%"} {
			o := dram.Options{Standard: spec.MustLookup(name), Channels: 3}
			s := mustParse(t, text)
			alone := mustRun(t, o, s)
			o.Background = dram.Background{Bandwidth: o.Standard.PeakBytesPerSecond(3) / 10, Random: true, Write: 30}
			r := mustRun(t, o, s)
			if a := r.OtherAgents(); a == nil || math.Abs(a.Bandwidth/float64(o.Background.Bandwidth)-1) > 0.06 ||
				math.Abs(float64(a.Writes)/float64(a.Reads+a.Writes)-0.3) > 0.05 {
				t.Errorf("%s, %s: other agents ask for %v, 30 %% of it writes, and have %+v", name, text, o.Background.Bandwidth, a)
			}
			if r.Cycles < alone.Cycles || r.Access.Reads != alone.Access.Reads || r.Access.Writes != alone.Access.Writes {
				t.Errorf("%s, %s: %d clocks for %d reads and %d writes, alone %d for %d and %d", name, text, r.Cycles, r.Access.Reads, r.Access.Writes,
					alone.Cycles, alone.Access.Reads, alone.Access.Writes)
			}
			all := r.Access
			all.Add(&r.Agents)
			if n := &r.Counts; all.Reads != n.Reads || all.Writes != n.Writes || all.RowHits != n.RowHits || all.RowMisses != n.RowMisses {
				t.Errorf("%s, %s: requesters have %+v, the channels %+v", name, text, all, *n)
			}
			own, agents := r.Energy(), r.OtherAgents().Joules
			if total := o.Standard.EnergyOf(&r.Counts, 3, false); math.Abs(own.Total().Joules()+agents-total.Total().Joules()) > 1e-15 {
				t.Errorf("%s, %s: %g J and %g J of the agents are not %g J", name, text, own.Total().Joules(), agents, total.Total().Joules())
			}
		}
	}
}

func mustParse(t *testing.T, text string) Stream {
	t.Helper()
	s, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustRun(t *testing.T, o dram.Options, s Stream) *Result {
	t.Helper()
	r, err := Run(context.Background(), o, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParseBackground(t *testing.T) {
	for text, want := range map[string]string{
		"bandwidth=4GB/s": "bandwidth=4GB/s,pattern=sequential",
		" bandwidth=100MB/s, write=30% ,pattern=random": "bandwidth=100MB/s,pattern=random,write=30%",
		"write=7,bandwidth=1GB/s":                       "bandwidth=1GB/s,pattern=sequential,write=7%",
	} {
		b, err := ParseBackground(text)
		if got := BackgroundText(b); err != nil || got != want {
			t.Errorf("%q is read as %s, error %v; want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                                "\"\" is no key=value; accepted: bandwidth, pattern, write",
		"pattern=random":                  "bandwidth is missing; accepted: what other agents ask for, such as bandwidth=4GB/s",
		"bandwidth=0B/s":                  "bandwidth=0B/s: no traffic; accepted: more than 0B/s, such as bandwidth=4GB/s",
		"bandwidth=1GB/s,bandwidth=2GB/s": "bandwidth=2GB/s: given twice; accepted: once",
		"bandwidth=1GB/s,writes=3%":       "writes=3%: unknown key; accepted: bandwidth, pattern, write; did you mean \"write\"?",
	} {
		_, err := ParseBackground(text)
		simtest.WantError(t, err, want)
	}
	for _, text := range []string{"bandwidth=4", "bandwidth=1GB/s,write=101%", "bandwidth=1GB/s,pattern=seq"} {
		if _, err := ParseBackground(text); err == nil || !strings.Contains(err.Error(), "accepted: ") {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

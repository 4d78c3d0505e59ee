package dram

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// tensor is one weight matrix or cache region of a decode step.
type tensor struct {
	base, bytes int64
	write       bool
}

// token7B is the traffic of one decode step of a 7B fp16 model (32 layers, d 4096, ff 11008, vocabulary 32000) at a
// context of 1024: weights in layer order, the caches read and appended to. Source: testdata/README.md.
func token7B() (tensors []tensor, total int64) {
	const d, ff, vocabulary, layers, context, maxContext = 4096, 11008, 32000, 32, 1024, 4096
	var at int64
	weight := func(n int64) {
		tensors = append(tensors, tensor{base: at, bytes: n})
		at += n
	}
	for l := range int64(layers) {
		for range 3 {
			weight(d * d * 2)
		}
		for i := range int64(2) {
			cache := 14<<30 + (l*2+i)*maxContext*d*2
			tensors = append(tensors, tensor{cache + context*d*2, d * 2, true}, tensor{cache, context * d * 2, false})
		}
		weight(d * d * 2)
		for range 3 {
			weight(d * ff * 2)
		}
	}
	weight(vocabulary * d * 2)
	for _, t := range tensors {
		total += t.bytes
	}
	return tensors, total
}

func mustNew(tb testing.TB, o Options, name string) *System {
	tb.Helper()
	std, err := spec.Lookup(name)
	if err != nil {
		tb.Fatal(err)
	}
	o.Standard = std
	s, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// TestOneTokenTakesTheClocksOfTheReferenceRun repeats token7B.csv, in which an independent prototype stepped every
// clock: each tensor starts when the one before is complete, or 800 clocks later.
func TestOneTokenTakesTheClocksOfTheReferenceRun(t *testing.T) {
	tensors, total := token7B()
	if total != 13751549952 {
		t.Fatalf("traffic of a token is %d B", total)
	}
	for _, c := range []struct {
		name, mapping string
		gap, want     int64
	}{
		{"row-local mapping", "co1,bg2,ch2,co5,ba2,ro16", 0, 234610216},
		{"page-interleaved mapping", "co2,bg1,ch2,bg1,ba2,co4,ro16", 0, 234717016},
		{"row-local mapping with gaps", "co1,bg2,ch2,co5,ba2,ro16", 800, 234873403},
		{"page-interleaved mapping with gaps", "co2,bg1,ch2,bg1,ba2,co4,ro16", 800, 235008651},
	} {
		if testing.Short() && c.gap > 0 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			s := mustNew(t, Options{Channels: 4, Mapping: c.mapping}, spec.Ramulator+"lpddr5-6400")
			var clock int64
			for i, x := range tensors {
				w := isa.Contiguous(unit.Bytes(x.base), unit.Bytes(x.bytes))
				s.Submit(Transfer{ID: int64(i), Walk: w, Write: x.write, Release: clock})
				clock = s.Settle()[0].Clock + c.gap
			}
			if clock != c.want {
				t.Errorf("%d clocks, reference %d", clock, c.want)
			}
			s.Finish(clock)
			if n := s.Counts(); n.Reads+n.Writes != total/32 {
				t.Errorf("%d reads and %d writes for %d bursts", n.Reads, n.Writes, total/32)
			}
		})
	}
}

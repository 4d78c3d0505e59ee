package dram

import (
	"fmt"
	"math/rand"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// streamToken submits a token in transfers of size bytes, back to back.
func streamToken(s *System, tensors []tensor, size int64) (clock int64) {
	var id int64
	for _, x := range tensors {
		for at := int64(0); at < x.bytes; at += size {
			id++
			w := isa.Contiguous(unit.Bytes(x.base+at), unit.Bytes(min(size, x.bytes-at)))
			s.Submit(Transfer{ID: id, Walk: w, Write: x.write})
			for _, d := range s.TakeDone() {
				clock = d.Clock
			}
		}
	}
	return clock
}

func report(b *testing.B, bytes int64, start time.Duration) {
	spent := (simtest.CPUTime(b) - start).Seconds()
	b.ReportMetric(float64(bytes)*float64(b.N)/spent/1e9, "simulated-GB/cpu-s")
	b.ReportMetric(1000*spent/float64(b.N), "cpu-ms/op")
}

// BenchmarkToken7B is 13.75 GB over four LPDDR5 channels. Cold: the memo is empty. Warm: the same token again.
func BenchmarkToken7B(b *testing.B) {
	tensors, total := token7B()
	for _, c := range []struct {
		name    string
		size    int64
		mapping string
	}{{"1MiB", 1 << 20, ""}, {"256KiB", 256 << 10, ""}, {"344KiB", 344 << 10, ""},
		{"1MiB-rowlocal", 1 << 20, "co1,bg2,ch2,co5,ba2,ro16"}} {
		b.Run("cold/"+c.name, func(b *testing.B) {
			b.SetBytes(total)
			start := simtest.CPUTime(b)
			for b.Loop() {
				s := mustNew(b, Options{Channels: 4, Mapping: c.mapping}, "lpddr5-6400")
				streamToken(s, tensors, c.size)
				b.ReportMetric(float64(memoOf(s).bytes)/1e6, "memo-MB")
				b.ReportMetric(float64(memoOf(s).steps)/1e6, "Mclocks-stepped")
				b.ReportMetric(float64(len(memoOf(s).states)), "nodes")
			}
			report(b, total, start)
		})
		b.Run("warm/"+c.name, func(b *testing.B) {
			s := mustNew(b, Options{Channels: 4, Mapping: c.mapping}, "lpddr5-6400")
			streamToken(s, tensors, c.size)
			s.Reset()
			b.SetBytes(total)
			start := simtest.CPUTime(b)
			for b.Loop() {
				streamToken(s, tensors, c.size)
				s.Reset()
			}
			report(b, total, start)
		})
	}
}

// BenchmarkIrregular is traffic that a memo does not help: random bursts, and short walks of random shapes with random
// gaps. Compare exact=false with exact=true, which steps.
func BenchmarkIrregular(b *testing.B) {
	random := func(r *rand.Rand, i int64, release int64) Transfer {
		return Transfer{ID: i, Walk: isa.Contiguous(unit.Bytes(r.Int63n(1<<22)*64), 64), Release: release}
	}
	short := func(r *rand.Rand, i int64, release int64) Transfer {
		w := isa.Contiguous(unit.Bytes(r.Int63n(1<<20)*64), unit.Bytes(64*(1+r.Int63n(200))))
		return Transfer{ID: i, Walk: w, Write: r.Intn(4) == 0, Release: release + r.Int63n(800)}
	}
	for _, c := range []struct {
		name string
		next func(r *rand.Rand, i int64, release int64) Transfer
	}{{"random", random}, {"short", short}} {
		for _, exact := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/exact=%v", c.name, exact), func(b *testing.B) {
				start := simtest.CPUTime(b)
				for b.Loop() {
					s := mustNew(b, Options{Channels: 1, Exact: exact}, "lpddr5-6400")
					r := rand.New(rand.NewSource(1))
					for i := range int64(20_000) {
						s.Submit(c.next(r, i, s.Accepted()))
						s.TakeDone()
					}
				}
				b.ReportMetric(1000*(simtest.CPUTime(b)-start).Seconds()/float64(b.N), "cpu-ms/op")
			})
		}
	}
}

package engine

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	akita "github.com/sarchlab/akita/v3/sim"
	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestClock(t *testing.T) {
	cycles := rapid.Int64Range(0, int64(MaxCycle))
	hertz := rapid.OneOf(rapid.Int64Range(1, 1<<53), rapid.Int64Range(1e6, 1e10))
	t.Run("a cycle survives the way to engine time and back, at any frequency", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			k, c := NewClock(unit.Hertz(hertz.Draw(t, "hertz"))), unit.Cycles(cycles.Draw(t, "cycle"))
			if got := k.Cycle(k.Time(c)); got != c {
				t.Fatalf("cycle %d comes back as %d", c, got)
			}
		})
	})
	t.Run("the last cycle survives at frequencies whose period is no binary fraction", func(t *testing.T) {
		for f := unit.Hertz(1); f < 20_000; f += 7 {
			k := NewClock(f * 49_999)
			for c := MaxCycle - 50; c <= MaxCycle; c++ {
				if got := k.Cycle(k.Time(c)); got != c {
					t.Fatalf("%d Hz: cycle %d comes back as %d", k.Frequency(), c, got)
				}
			}
		}
	})
	t.Run("a later cycle has a later time", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			k, c := NewClock(unit.Hertz(hertz.Draw(t, "hertz"))), unit.Cycles(cycles.Draw(t, "cycle"))
			if c > 0 && k.Time(c-1) >= k.Time(c) {
				t.Fatalf("cycles %d and %d have the same time", c-1, c)
			}
		})
	})
	t.Run("cycles and frequencies out of range panic", func(t *testing.T) {
		k := NewClock(1e9)
		mustPanic(t, "outside", func() { k.Time(-1) })
		mustPanic(t, "outside", func() { k.Time(MaxCycle + 1) })
		mustPanic(t, "no clock runs at 0 Hz", func() { NewClock(0) })
	})
	t.Run("akita's own arithmetic fails where ours does not", func(t *testing.T) {
		// Why Clock exists. When akita repairs this, the reason in Clock's comment has to change.
		wrong := 0
		f := 1.2 * akita.GHz
		for c := range 1000 {
			tick := akita.VTimeInSec(float64(c) / float64(f))
			if f.NoEarlierThan(tick) != tick {
				wrong++
			}
		}
		if wrong == 0 {
			t.Error("akita's NoEarlierThan keeps all ticks now")
		}
	})
}

func TestCrossing(t *testing.T) {
	t.Run("both directions agree with exact arithmetic", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			x := Crossing{
				NPU:   unit.Hertz(rapid.Int64Range(1, 1e10).Draw(t, "hertz")),
				Other: unit.Femtoseconds(rapid.Int64Range(1, 1e9).Draw(t, "period")),
			}
			edge := rapid.Int64Range(0, int64(MaxCycle)).Draw(t, "edge")
			scale := new(big.Int).Mul(big.NewInt(int64(x.NPU)), big.NewInt(int64(x.Other)))
			checkEdge(t, "to other", bigCeil(edge, big.NewInt(1e15), scale), func() int64 { return x.ToOther(unit.Cycles(edge)) })
			checkEdge(t, "to NPU", bigCeil(edge, scale, big.NewInt(1e15)), func() int64 { return int64(x.ToNPU(edge)) })
		})
	})
	for _, c := range []struct {
		name     string
		x        Crossing
		npu      unit.Cycles
		other    int64
		backward unit.Cycles
	}{
		{"time zero is an edge of both", Crossing{1e9, 468_750}, 0, 0, 0},
		{"edges that coincide map to each other", Crossing{1e9, 1_250_000}, 5, 4, 5},
		{"between two edges, the later one counts", Crossing{1e9, 1_250_000}, 4, 4, 5},
		{"LPDDR4X-4266: 15 clocks of 468.75 ps are 7.03 ns", Crossing{1e9, 468_750}, 7, 15, 8},
		{"one femtosecond before an edge is not on it", Crossing{1e9, 999_999}, 1, 2, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.x.ToOther(c.npu); got != c.other {
				t.Errorf("NPU edge %d: other edge %d, want %d", c.npu, got, c.other)
			}
			if got := c.x.ToNPU(c.other); got != c.backward {
				t.Errorf("other edge %d: NPU edge %d, want %d", c.other, got, c.backward)
			}
		})
	}
	t.Run("an edge without a counterpart panics", func(t *testing.T) {
		mustPanic(t, "no counterpart", func() { Crossing{1, 1}.ToOther(1 << 50) })
		mustPanic(t, "no counterpart", func() { Crossing{1e9, 1e6}.ToNPU(-1) })
		mustPanic(t, "no counterpart", func() { Crossing{1, 1e15 - 1}.ToNPU(math.MinInt64) })
		mustPanic(t, "no crossing", func() { Crossing{0, 1}.ToNPU(1) })
		mustPanic(t, "no crossing", func() { Crossing{math.MaxInt64, 3}.ToNPU(1) })
	})
}

func bigCeil(a int64, b, c *big.Int) *big.Int {
	p := new(big.Int).Mul(big.NewInt(a), b)
	return p.Add(p, c).Sub(p, big.NewInt(1)).Div(p, c)
}

func checkEdge(t *rapid.T, what string, want *big.Int, f func() int64) {
	if !want.IsInt64() {
		defer func() {
			if recover() == nil {
				t.Fatalf("%s: no panic for %v", what, want)
			}
		}()
	}
	if got := f(); fmt.Sprint(got) != want.String() {
		t.Fatalf("%s: edge %d, want %v", what, got, want)
	}
}

func BenchmarkCrossing(b *testing.B) {
	x := Crossing{1e9, 468_750}
	var sum unit.Cycles
	for i := range b.N {
		sum += x.ToNPU(int64(i))
	}
	if sum < 0 {
		b.Fatal("negative")
	}
}

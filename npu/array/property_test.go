package array

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// anyMachine draws a machine of any style, dataflow and GEMV mapping.
func anyMachine(t *rapid.T) *config.Config {
	up := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
	return &config.Config{Clock: 1e9, Cores: 1, Scratchpad: config.Scratchpad{BytesPerCycle: up("bytes per cycle", 1<<14)},
		Array: config.Array{
			Style: rapid.SampledFrom(config.Styles()).Draw(t, "style"), Dataflow: rapid.SampledFrom(config.Dataflows()).Draw(t, "dataflow"),
			GEMV: rapid.SampledFrom(config.GEMVs()).Draw(t, "gemv"), DoubleBuffer: rapid.Bool().Draw(t, "double buffer"),
			Rows: up("rows", 200), Cols: up("cols", 200), Activations: rapid.SampledFrom(config.ActivationFormats()).Draw(t, "activations"),
			BitsPerCycle: up("bits per cycle", 16), ActivationBits: up("activation bits per cycle", 16),
			FusedBits: rapid.SampledFrom([]int{2, 4, 8, 16}).Draw(t, "fused bits"), LUTGroup: up("group", 8),
			LUTEntries: up("entries", 5000), DequantLanes: up("lanes", 5000)}}
}

func anyWork(t *rapid.T) isa.Work {
	up := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
	return isa.Work{M: up("M", 300), N: up("N", 3000), K: up("K", 3000), Repeat: up("repeat", 40),
		Bits: unit.Bits(rapid.IntRange(2, 16).Draw(t, "bits")), Quantised: rapid.Bool().Draw(t, "quantised")}
}

func drawn(t *rapid.T, c *config.Config) *Array {
	a, err := NewArray(c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestNoTileExceedsThePeak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, w := anyMachine(t), anyWork(t)
		a := drawn(t, c)
		p, r := *a.of(w), a.style.Rate(w.Bits)
		pes := int64(c.Array.Rows * c.Array.Cols)
		switch room := pes * int64(p.cycles); {
		case p.macs != w.MACs():
			t.Fatalf("%d MACs of %d", p.macs, w.MACs())
		case p.pe > room:
			t.Fatalf("%d PE cycles in %d cycles of %d PEs", p.pe, p.cycles, pes)
		case p.macs*r.Cycles > room*r.Lanes || p.macs*r.Cycles > p.pe*r.Lanes:
			t.Fatalf("%d MACs in %d PE cycles of %d at %+v", p.macs, p.pe, room, r)
		case int64(p.read) > int64(p.cycles)*int64(c.Scratchpad.BytesPerCycle) || p.read < StreamBytes(w):
			t.Fatalf("%d bytes read in %d cycles", p.read, p.cycles)
		}
		seconds := float64(p.cycles) / float64(c.Clock)
		if peak := PeakMACsPerSecond(c, w.Bits); float64(p.macs) > peak*seconds*(1+1e-12) {
			t.Fatalf("%d MACs in %g s, the peak is %g", p.macs, seconds, peak)
		}
	})
}

// A larger tile never takes less. The drain may get shorter: fewer slices of K have fewer levels of adders. And codes
// may take longer than the fp16 weights that they stand for, which need no look-ups; here either both are codes or
// neither.
func TestMoreWorkTakesNoLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, w := drawn(t, anyMachine(t)), anyWork(t)
		cycles := a.Cycles(w)
		by := rapid.IntRange(1, 300).Draw(t, "more")
		for what, more := range map[string]func(*isa.Work){"M": func(w *isa.Work) { w.M += by }, "N": func(w *isa.Work) { w.N += by },
			"K": func(w *isa.Work) { w.K += by }, "Repeat": func(w *isa.Work) { w.Repeat += by },
			"bits": func(w *isa.Work) { w.Bits = min(w.Bits+unit.Bits(by), 16) }} {
			x := w
			more(&x)
			if got := a.Cycles(x); got < cycles {
				t.Fatalf("%+v takes %d cycles, with more %s %+v %d", w, cycles, what, x, got)
			}
		}
	})
}

func TestRepetitionsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, w := anyMachine(t), anyWork(t)
		c.Scratchpad.BytesPerCycle, c.Array.LUTEntries, c.Array.DequantLanes = 1<<40, 1<<40, 1<<40 // whose bounds round up once
		a, one := drawn(t, c), w
		one.Repeat = 1
		if got, want := a.Cycles(w), a.Cycles(one)*unit.Cycles(w.Repeat); got != want {
			t.Fatalf("%d repetitions take %d cycles, want %d", w.Repeat, got, want)
		}
	})
}

func TestLargeTilesDoNotOverflow(t *testing.T) {
	const big = 1 << 20
	w := isa.Work{M: big, N: big, K: big, Repeat: 1, Bits: 16}
	a := array(t, machine(config.DequantFP16))
	if got, want := a.Cycles(w), unit.Cycles(big/64*(big/32)*big); got != want || a.of(w).macs != 1<<60 {
		t.Errorf("got %d cycles, want %d; %d MACs", got, want, a.of(w).macs)
	}
	for _, s := range config.Styles() {
		for _, d := range config.Dataflows() {
			for _, g := range config.GEMVs() {
				for _, double := range []bool{true, false} {
					one := array(t, machine(s, func(c *config.Config) {
						c.Array.Dataflow, c.Array.GEMV, c.Array.DoubleBuffer, c.Array.Rows, c.Array.Cols = d, g, double, 1, 1
						c.Array.FusedBits, c.Array.DequantLanes, c.Array.LUTEntries, c.Scratchpad.BytesPerCycle = 2, 1, 1, 1
					}))
					w := isa.Work{M: big, N: big, K: big, Repeat: 1 << 10, Bits: 16, Quantised: true}
					p := one.of(w)
					least := unit.Cycles(1 << 58) // 2^70 MACs are more than an int64 can hold
					if p.cycles < least || p.pe < 0 || p.macs < 0 || p.read < 0 || p.written < 0 || p.feed.Lookups < 0 || p.feed.TableEntries < 0 ||
						p.cycles+p.drain < p.cycles {
						t.Errorf("%s, %s, %s, double buffer %v: %+v", s, d, g, double, p)
					}
				}
			}
		}
	}
}

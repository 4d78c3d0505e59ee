package array

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func style(t testing.TB, a config.Array) Style {
	t.Helper()
	s, err := New(a)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func serial(bitsPerCycle int) config.Array {
	return config.Array{Style: config.BitSerialWeight, Rows: 64, Cols: 32, BitsPerCycle: bitsPerCycle}
}

func dequant(lanes int) config.Array {
	return config.Array{Style: config.DequantFP16, Rows: 64, Cols: 32, DequantLanes: lanes}
}

func TestTileCyclesAreTheFormulas(t *testing.T) {
	for _, c := range []struct {
		what string
		a    config.Array
		w    isa.Work
		want unit.Cycles
	}{
		{"one fold of a vector at 1 bit a cycle takes the weight's bits", serial(1), isa.Work{M: 1, N: 32, K: 64, Repeat: 1, Bits: 3}, 3},
		{"a larger matrix takes folds", serial(1), isa.Work{M: 1, N: 64, K: 128, Repeat: 1, Bits: 3}, 2 * 2 * 3},
		{"an edge fold costs what a full one costs", serial(1), isa.Work{M: 1, N: 33, K: 65, Repeat: 1, Bits: 3}, 2 * 2 * 3},
		{"a quarter of the columns leaves room for four slices of the reduction", serial(1), isa.Work{M: 1, N: 8, K: 64 * 4, Repeat: 1, Bits: 3}, 3},
		{"more than half of the columns leaves none", serial(1), isa.Work{M: 1, N: 17, K: 64 * 4, Repeat: 1, Bits: 3}, 4 * 3},
		{"two bits a cycle: 3 bits cost what 4 do", serial(2), isa.Work{M: 1, N: 32, K: 64, Repeat: 1, Bits: 3}, 2},
		{"two bits a cycle: fp16 takes 8", serial(2), isa.Work{M: 1, N: 32, K: 64, Repeat: 1, Bits: 16}, 8},
		{"many tokens share a fold", serial(1), isa.Work{M: 100, N: 32, K: 64, Repeat: 1, Bits: 2}, 100 * 2},
		{"few tokens wait for the next fold's weights, one row a cycle", serial(1), isa.Work{M: 2, N: 32, K: 64, Repeat: 1, Bits: 2}, 64},
		{"heads repeat", serial(1), isa.Work{M: 1, N: 32, K: 64, Repeat: 8, Bits: 8}, 8 * 8},
		{"dequantised weights take one cycle whatever their width", dequant(1 << 20), isa.Work{M: 1, N: 64, K: 128, Repeat: 1, Bits: 2, Quantised: true}, 2 * 2},
		{"look-ups bound new weights", dequant(512), isa.Work{M: 1, N: 32, K: 64, Repeat: 1, Bits: 2, Quantised: true}, 32 * 64 / 512},
		{"fp16 weights need no look-ups", dequant(512), isa.Work{M: 1, N: 32, K: 64, Repeat: 1, Bits: 16}, 1},
		{"tokens hide look-ups", dequant(512), isa.Work{M: 100, N: 32, K: 64, Repeat: 1, Bits: 2, Quantised: true}, 100},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got := style(t, c.a).Tile(c.w); got != c.want {
				t.Errorf("got %d cycles, want %d", got, c.want)
			}
		})
	}
}

func TestNoStyleExceedsThePeak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := config.Array{Rows: rapid.IntRange(1, 200).Draw(t, "rows"), Cols: rapid.IntRange(1, 200).Draw(t, "cols"),
			BitsPerCycle: rapid.IntRange(1, 16).Draw(t, "bits per cycle"), DequantLanes: rapid.IntRange(1, 5000).Draw(t, "lanes"),
			Style: rapid.SampledFrom(config.Styles()).Draw(t, "style")}
		s, err := New(a)
		if err != nil {
			t.Fatal(err)
		}
		w := isa.Work{M: rapid.IntRange(1, 300).Draw(t, "M"), N: rapid.IntRange(1, 3000).Draw(t, "N"), K: rapid.IntRange(1, 3000).Draw(t, "K"),
			Repeat: rapid.IntRange(1, 40).Draw(t, "repeat"), Bits: unit.Bits(rapid.IntRange(2, 16).Draw(t, "bits")), Quantised: rapid.Bool().Draw(t, "quantised")}
		cycles := s.Tile(w)
		if pe := w.MACs() * int64(s.MACCycles(w.Bits)); pe > int64(cycles)*int64(a.Rows*a.Cols) {
			t.Fatalf("%d PE cycles in %d cycles of %d PEs", pe, cycles, a.Rows*a.Cols)
		}
		wider := w
		wider.Bits = min(w.Bits+1, 16)
		if s.Tile(wider) < cycles {
			t.Fatalf("%d bits take %d cycles, %d bits %d", w.Bits, cycles, wider.Bits, s.Tile(wider))
		}
		for _, more := range []func(*isa.Work){func(w *isa.Work) { w.M++ }, func(w *isa.Work) { w.N++ }, func(w *isa.Work) { w.K++ }} {
			x := w
			more(&x)
			if w.M > 1 && s.Tile(x) < cycles {
				t.Fatalf("%+v takes %d cycles, %+v %d", w, cycles, x, s.Tile(x))
			}
		}
	})
}

func TestUnknownStyleNamesTheAcceptedOnes(t *testing.T) {
	_, err := New(config.Array{Style: "systolic"})
	want := `array.style: "systolic" is not a style; accepted: bit-serial-weight, dequant-fp16`
	if fmt.Sprint(err) != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

package array

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// machine is 64×32 PEs with units beside them and a scratchpad that are never in the way, two weight bits and one
// activation bit a cycle.
func machine(s config.Style, more ...func(*config.Config)) *config.Config {
	c := &config.Config{Clock: 1e9, Cores: 1, Scratchpad: config.Scratchpad{BytesPerCycle: 1 << 40},
		Array: config.Array{Style: s, Dataflow: config.WeightStationary, GEMV: config.GEMVStationary, DoubleBuffer: true,
			Rows: 64, Cols: 32, Activations: config.FP16, BitsPerCycle: 2, ActivationBits: 1, FusedBits: 8, LUTGroup: 4,
			LUTEntries: 1 << 40, DequantLanes: 1 << 40, SwitchCycles: 11}}
	for _, f := range more {
		f(c)
	}
	return c
}

func array(t testing.TB, c *config.Config) *Array {
	t.Helper()
	a, err := NewArray(c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRates(t *testing.T) {
	integers := func(c *config.Config) { c.Array.Activations = config.INT8 }
	for _, c := range []struct {
		what  string
		style config.Style
		more  func(*config.Config)
		want  map[unit.Bits]Rate
	}{
		{"two weight bits a cycle: 3 bits cost what 4 do (BitMoD)", config.BitSerialWeight, nil,
			map[unit.Bits]Rate{2: {1, 1}, 3: {2, 1}, 4: {2, 1}, 8: {4, 1}, 16: {8, 1}}},
		{"one weight bit a cycle (UNPU)", config.BitSerialWeight, func(c *config.Config) { c.Array.BitsPerCycle = 1 },
			map[unit.Bits]Rate{2: {2, 1}, 3: {3, 1}, 4: {4, 1}, 8: {8, 1}, 16: {16, 1}}},
		{"both serial: products of planes with the 12 bits of an fp16 significand", config.BitSerialBoth, nil,
			map[unit.Bits]Rate{2: {12, 1}, 3: {2 * 12, 1}, 4: {2 * 12, 1}, 8: {4 * 12, 1}, 16: {8 * 12, 1}}},
		{"both serial, bf16: 9 bits", config.BitSerialBoth, func(c *config.Config) { c.Array.Activations = config.BF16 },
			map[unit.Bits]Rate{2: {9, 1}, 3: {2 * 9, 1}, 4: {2 * 9, 1}, 8: {4 * 9, 1}, 16: {8 * 9, 1}}},
		{"both serial, one bit of int8 each: the product of the widths (Loom)", config.BitSerialBoth,
			func(c *config.Config) { integers(c); c.Array.BitsPerCycle = 1 },
			map[unit.Bits]Rate{2: {2 * 8, 1}, 3: {3 * 8, 1}, 4: {4 * 8, 1}, 8: {8 * 8, 1}, 16: {16 * 8, 1}}},
		{"weights in parallel: the activations' width alone (Stripes)", config.BitSerialBoth,
			func(c *config.Config) { integers(c); c.Array.BitsPerCycle = 16 },
			map[unit.Bits]Rate{2: {8, 1}, 3: {8, 1}, 4: {8, 1}, 8: {8, 1}, 16: {8, 1}}},
		{"int8: as long for narrow weights, two pieces of 16 bits", config.PlainINT8, integers,
			map[unit.Bits]Rate{2: {1, 1}, 3: {1, 1}, 4: {1, 1}, 8: {1, 1}, 16: {2, 1}}},
		{"int8 with fp16: two pieces of a significand", config.PlainINT8, nil,
			map[unit.Bits]Rate{2: {2, 1}, 4: {2, 1}, 8: {2, 1}, 16: {2 * 2, 1}}},
		{"fusion units of 8 bits with int8: four, two, two, one product, and two cycles for 16 bits", config.BitParallelFused, integers,
			map[unit.Bits]Rate{2: {1, 4}, 3: {1, 2}, 4: {1, 2}, 8: {1, 1}, 16: {2, 1}}},
		{"fusion units of 8 bits with fp16: two cycles for the halves of a significand", config.BitParallelFused, nil,
			map[unit.Bits]Rate{2: {2, 4}, 3: {2, 2}, 4: {2, 2}, 8: {2, 1}, 16: {2 * 2, 1}}},
		{"fusion units of 16 bits with int8: twice the products", config.BitParallelFused,
			func(c *config.Config) { integers(c); c.Array.FusedBits = 16 },
			map[unit.Bits]Rate{2: {1, 8 * 2}, 3: {1, 4 * 2}, 4: {1, 4 * 2}, 8: {1, 2 * 2}, 16: {1, 2}}},
		{"tables: a look-up a plane for a group of four", config.LUT, nil,
			map[unit.Bits]Rate{2: {2, 4}, 3: {3, 4}, 4: {4, 4}, 8: {8, 4}, 16: {16, 4}}},
		{"dequantising: one MAC a cycle", config.DequantFP16, nil,
			map[unit.Bits]Rate{2: {1, 1}, 3: {1, 1}, 4: {1, 1}, 8: {1, 1}, 16: {1, 1}}},
	} {
		t.Run(c.what, func(t *testing.T) {
			m := machine(c.style)
			if c.more != nil {
				c.more(m)
			}
			for bits, want := range c.want {
				if got := array(t, m).style.Rate(bits); got != want {
					t.Errorf("%d bits: got %+v, want %+v", bits, got, want)
				}
			}
		})
	}
}

// A 100×200 block of activations times a 70×200 block of weights: 4 folds of 64 along K (1 or 2 with 4 or 2 lanes), 2
// along M, 3 folds of 32 along N, 4 along M; streams of M = 100, N = 70, K = 200 / lanes, never shorter than 64 rows.
func TestTileCycles(t *testing.T) {
	for _, c := range []struct {
		style      config.Style
		bits       unit.Bits
		ws, os, is unit.Cycles
	}{
		{config.BitSerialWeight, 2, 4 * 3 * 100, 2 * 3 * 200, 4 * 4 * 70},
		{config.BitSerialWeight, 3, 4 * 3 * 100 * 2, 2 * 3 * 200 * 2, 4 * 4 * 70 * 2},
		{config.BitSerialWeight, 4, 4 * 3 * 100 * 2, 2 * 3 * 200 * 2, 4 * 4 * 70 * 2},
		{config.BitSerialWeight, 8, 4 * 3 * 100 * 4, 2 * 3 * 200 * 4, 4 * 4 * 70 * 4},
		{config.BitSerialWeight, 16, 4 * 3 * 100 * 8, 2 * 3 * 200 * 8, 4 * 4 * 70 * 8},
		{config.BitSerialBoth, 2, 4 * 3 * 100 * 12, 2 * 3 * 200 * 12, 4 * 4 * 70 * 12},
		{config.BitSerialBoth, 3, 4 * 3 * 100 * 2 * 12, 2 * 3 * 200 * 2 * 12, 4 * 4 * 70 * 2 * 12},
		{config.BitSerialBoth, 4, 4 * 3 * 100 * 2 * 12, 2 * 3 * 200 * 2 * 12, 4 * 4 * 70 * 2 * 12},
		{config.BitSerialBoth, 8, 4 * 3 * 100 * 4 * 12, 2 * 3 * 200 * 4 * 12, 4 * 4 * 70 * 4 * 12},
		{config.BitSerialBoth, 16, 4 * 3 * 100 * 8 * 12, 2 * 3 * 200 * 8 * 12, 4 * 4 * 70 * 8 * 12},
		{config.BitParallelFused, 2, 1 * 3 * 100 * 2, 2 * 3 * (200 / 4) * 2, 1 * 4 * 70 * 2},
		{config.BitParallelFused, 3, 2 * 3 * 100 * 2, 2 * 3 * (200 / 2) * 2, 2 * 4 * 70 * 2},
		{config.BitParallelFused, 4, 2 * 3 * 100 * 2, 2 * 3 * (200 / 2) * 2, 2 * 4 * 70 * 2},
		{config.BitParallelFused, 8, 4 * 3 * 100 * 2, 2 * 3 * 200 * 2, 4 * 4 * 70 * 2},
		{config.BitParallelFused, 16, 4 * 3 * 100 * 4, 2 * 3 * 200 * 4, 4 * 4 * 70 * 4},
		{config.LUT, 2, 1 * 3 * 100 * 2, 2 * 3 * (200 / 4) * 2, 1 * 4 * 70 * 2},
		{config.LUT, 3, 1 * 3 * 100 * 3, 2 * 3 * (200 / 4) * 3, 1 * 4 * 70 * 3},
		{config.LUT, 4, 1 * 3 * 100 * 4, 2 * 3 * (200 / 4) * 4, 1 * 4 * 70 * 4},
		{config.LUT, 8, 1 * 3 * 100 * 8, 2 * 3 * (200 / 4) * 8, 1 * 4 * 70 * 8},
		{config.LUT, 16, 1 * 3 * 100 * 16, 2 * 3 * (200 / 4) * 16, 1 * 4 * 70 * 16},
		{config.DequantFP16, 2, 4 * 3 * 100, 2 * 3 * 200, 4 * 4 * 70},
		{config.DequantFP16, 3, 4 * 3 * 100, 2 * 3 * 200, 4 * 4 * 70},
		{config.DequantFP16, 4, 4 * 3 * 100, 2 * 3 * 200, 4 * 4 * 70},
		{config.DequantFP16, 8, 4 * 3 * 100, 2 * 3 * 200, 4 * 4 * 70},
		{config.DequantFP16, 16, 4 * 3 * 100, 2 * 3 * 200, 4 * 4 * 70},
	} {
		for flow, want := range map[config.Dataflow]unit.Cycles{config.WeightStationary: c.ws, config.OutputStationary: c.os,
			config.InputStationary: c.is} {
			t.Run(fmt.Sprintf("%s at %d bits, %s", c.style, c.bits, flow), func(t *testing.T) {
				a := array(t, machine(c.style, func(m *config.Config) { m.Array.Dataflow = flow }))
				w := isa.Work{M: 100, N: 70, K: 200, Repeat: 1, Bits: c.bits, Quantised: c.bits < 16}
				if got := a.Cycles(w); got != want {
					t.Errorf("got %d cycles, want %d", got, want)
				}
				w.Repeat = 5
				if got := a.Cycles(w); got != 5*want {
					t.Errorf("5 heads: got %d cycles, want %d", got, 5*want)
				}
			})
		}
	}
}

func TestFeeds(t *testing.T) {
	for _, c := range []struct {
		what  string
		style config.Style
		more  func(*config.Config)
		w     isa.Work
		want  price // cycles and feed
	}{
		{"each code is looked up once, weight-stationary", config.DequantFP16, func(c *config.Config) { c.Array.DequantLanes = 16 },
			isa.Work{M: 100, N: 32, K: 64, Repeat: 1, Bits: 2, Quantised: true}, price{cycles: 32 * 64 / 16, feed: Feed{Cycles: 128, Lookups: 32 * 64}}},
		{"fp16 weights need no look-ups", config.DequantFP16, func(c *config.Config) { c.Array.DequantLanes = 16 },
			isa.Work{M: 100, N: 32, K: 64, Repeat: 1, Bits: 16}, price{cycles: 100}},
		{"tokens hide look-ups", config.DequantFP16, func(c *config.Config) { c.Array.DequantLanes = 16 },
			isa.Work{M: 200, N: 32, K: 64, Repeat: 1, Bits: 2, Quantised: true}, price{cycles: 200, feed: Feed{Cycles: 128, Lookups: 32 * 64}}},
		{"a dataflow that reads weights again looks them up again: 2 folds of M", config.DequantFP16,
			func(c *config.Config) { c.Array.DequantLanes, c.Array.Dataflow = 16, config.OutputStationary },
			isa.Work{M: 100, N: 32, K: 64, Repeat: 1, Bits: 2, Quantised: true},
			price{cycles: 2 * 32 * 64 / 16, feed: Feed{Cycles: 2 * 128, Lookups: 2 * 32 * 64}}},
		{"a table has half of 2^4 entries, for each row and group, once for all outputs", config.LUT, func(c *config.Config) { c.Array.LUTEntries = 2 },
			isa.Work{M: 10, N: 32, K: 64, Repeat: 1, Bits: 2}, price{cycles: 10 * (64 / 4) * 8 / 2, feed: Feed{Cycles: 640, TableEntries: 10 * 16 * 8}}},
		{"a group that K does not fill has a table, too", config.LUT, func(c *config.Config) { c.Array.LUTEntries = 1 },
			isa.Work{M: 1, N: 4, K: 5, Repeat: 3, Bits: 2}, price{cycles: 3 * 64, feed: Feed{Cycles: 3 * 2 * 8, TableEntries: 3 * 2 * 8}}},
		{"many outputs hide the tables", config.LUT, func(c *config.Config) { c.Array.LUTEntries = 2 },
			isa.Work{M: 10, N: 32 * 20, K: 64, Repeat: 1, Bits: 2}, price{cycles: 20 * 64, feed: Feed{Cycles: 640, TableEntries: 10 * 16 * 8}}},
	} {
		t.Run(c.what, func(t *testing.T) {
			got := array(t, machine(c.style, c.more)).of(c.w)
			if got.cycles != c.want.cycles || got.feed != c.want.feed {
				t.Errorf("got %d cycles, %+v, want %d, %+v", got.cycles, got.feed, c.want.cycles, c.want.feed)
			}
		})
	}
}

func TestAChangeOfPrecision(t *testing.T) {
	const drain, set = 64 + 32 - 2, 11
	for s, want := range map[config.Style]unit.Cycles{
		config.BitSerialWeight:  set,
		config.BitSerialBoth:    set,
		config.BitParallelFused: drain + set,
		config.LUT:              0,
		config.DequantFP16:      drain + set,
	} {
		t.Run(string(s), func(t *testing.T) {
			a := array(t, machine(s))
			if got := a.Timing(&isa.Op{Kind: isa.Switch, Tiles: 1, Operator: 3}, 0); got != want {
				t.Errorf("got %d cycles, want %d", got, want)
			}
			if n := a.counts; n.Switches != 1 || n.ArraySwitch != want || n.Operators[3].ArrayBusy != want {
				t.Errorf("counted %+v", n)
			}
		})
	}
}

func TestEveryStyleHasWords(t *testing.T) {
	for _, s := range config.Styles() {
		d, err := Describe(s)
		if err != nil || d.Style != s || d.Meaning == "" || d.Paper == "" || d.MAC == "" || d.Switch == "" || d.Omitted == "" {
			t.Errorf("%s: %+v, %v", s, d, err)
		}
	}
}

func TestUnknownNamesAreErrors(t *testing.T) {
	for what, c := range map[string]struct {
		change func(*config.Config)
		want   string
	}{
		"a style": {func(c *config.Config) { c.Array.Style = "systolic" },
			`array.style: "systolic" is not a style; accepted: bit-serial-weight, bit-serial-both, bit-parallel-fused, lut, dequant-fp16, int8`},
		"a dataflow": {func(c *config.Config) { c.Array.Dataflow = "ws" },
			`array.dataflow: "ws" is not a dataflow; accepted: weight-stationary, output-stationary, input-stationary`},
		"a GEMV mapping": {func(c *config.Config) { c.Array.GEMV = "" },
			`array.gemv: "" is not a GEMV mapping; accepted: stationary, columns, k-split`},
		"a number format": {func(c *config.Config) { c.Array.Activations = "fp8" },
			`array.activations: "fp8" is not a number format; accepted: fp16, bf16, int8`},
	} {
		t.Run(what, func(t *testing.T) {
			if _, err := NewArray(machine(config.LUT, c.change)); fmt.Sprint(err) != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	if _, err := Describe("x"); err == nil || !strings.Contains(err.Error(), "accepted: ") {
		t.Errorf("got %v", err)
	}
}

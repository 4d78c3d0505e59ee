package array

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

const (
	rows, cols = 64, 32
	fill       = rows + cols - 2
)

func TestVectors(t *testing.T) {
	for _, c := range []struct {
		what          string
		gemv          config.GEMV
		w             isa.Work
		cycles, drain unit.Cycles
	}{
		{"stationary: a vector's fold waits for 64 rows of weights", config.GEMVStationary, isa.Work{M: 1, N: 32, K: 64}, rows, fill},
		{"stationary: folds as of a matrix", config.GEMVStationary, isa.Work{M: 1, N: 33, K: 65}, 2 * 2 * rows, fill},
		{"columns: a fold takes the cycles of one MAC", config.GEMVColumns, isa.Work{M: 1, N: 32, K: 64}, 2, fill},
		{"columns: an edge fold costs what a full one costs", config.GEMVColumns, isa.Work{M: 1, N: 33, K: 65}, 2 * 2 * 2, fill},
		{"columns: idle ones stay idle", config.GEMVColumns, isa.Work{M: 1, N: 8, K: 64 * 4}, 4 * 2, fill},
		{"k-split: a quarter of the columns leaves room for four slices, two levels of adders", config.GEMVKSplit, isa.Work{M: 1, N: 8, K: 64 * 4}, 2, fill + 2},
		{"k-split: a third for three slices, two levels", config.GEMVKSplit, isa.Work{M: 1, N: 10, K: 64 * 4}, 2 * 2, fill + 2},
		{"k-split: half of the columns for two slices, one level", config.GEMVKSplit, isa.Work{M: 1, N: 16, K: 64 * 4}, 2 * 2, fill + 1},
		{"k-split: more than half leaves no room", config.GEMVKSplit, isa.Work{M: 1, N: 17, K: 64 * 4}, 4 * 2, fill},
		{"k-split: no more slices than folds", config.GEMVKSplit, isa.Work{M: 1, N: 1, K: 64 * 2}, 2, fill + 1},
		{"k-split: one fold is not split", config.GEMVKSplit, isa.Work{M: 1, N: 1, K: 64}, 2, fill},
		{"a few rows are faster as vectors than with weights that move in", config.GEMVColumns, isa.Work{M: 31, N: 32, K: 64}, 31 * 2, fill},
		{"as many as cover the move are not", config.GEMVColumns, isa.Work{M: 33, N: 32, K: 64}, 33 * 2, fill},
		{"few outputs are faster as vectors with slices", config.GEMVKSplit, isa.Work{M: 100, N: 8, K: 64 * 4}, 100 * 2, fill + 2},
	} {
		t.Run(c.what, func(t *testing.T) {
			a := array(t, machine(config.BitSerialWeight, func(m *config.Config) { m.Array.GEMV = c.gemv }))
			c.w.Bits, c.w.Repeat = 3, 1
			if got, drain := a.Cycles(c.w), a.Drain(c.w); got != c.cycles || drain != c.drain {
				t.Errorf("got %d cycles and %d to drain, want %d and %d", got, drain, c.cycles, c.drain)
			}
			c.w.Repeat = 8
			if got := a.Cycles(c.w); got != 8*c.cycles {
				t.Errorf("8 heads: got %d cycles, want %d", got, 8*c.cycles)
			}
		})
	}
}

func TestWithoutDoubleBufferingEveryFoldLoadsAndFills(t *testing.T) {
	single := func(m *config.Config) { m.Array.DoubleBuffer = false }
	a := array(t, machine(config.BitSerialWeight, single))
	w := isa.Work{M: 100, N: 70, K: 200, Repeat: 3, Bits: 3}
	if got, want := a.Cycles(w), unit.Cycles(3*4*3*(rows+100*2+fill)); got != want || a.Drain(w) != 0 {
		t.Errorf("got %d cycles and %d to drain, want %d and none", got, a.Drain(w), want)
	}
	v := array(t, machine(config.BitSerialWeight, single, func(m *config.Config) { m.Array.GEMV = config.GEMVColumns }))
	if x := (isa.Work{M: 1, N: 70, K: 200, Repeat: 1, Bits: 3}); v.Cycles(x) != 4*3*2 || v.Drain(x) != fill {
		t.Errorf("a vector takes %d cycles and %d to drain", v.Cycles(x), v.Drain(x))
	}
}

func TestScratchpad(t *testing.T) {
	// 100 × 200 activations of 2 bytes, 70 × 200 weights of 3 bits, 100 × 70 outputs of 2 bytes.
	const acts, weights, outputs = 100 * 200 * 2, 70 * 200 * 3 / 8, 100 * 70 * 2
	with := func(d config.Dataflow, g config.GEMV) func(*config.Config) {
		return func(c *config.Config) { c.Array.Dataflow, c.Array.GEMV = d, g }
	}
	for _, c := range []struct {
		what string
		more func(*config.Config)
		read unit.Bytes
	}{
		{"weight-stationary: activations for each of 3 folds of N", with(config.WeightStationary, config.GEMVStationary), weights + 3*acts},
		{"output-stationary: weights for each of 2 folds of M, activations for each of 3 of N", with(config.OutputStationary, config.GEMVStationary), 2*weights + 3*acts},
		{"input-stationary: weights for each of 4 folds of M", with(config.InputStationary, config.GEMVStationary), 4*weights + acts},
		{"vectors: each weight once for all 100", func(c *config.Config) {
			c.Array.GEMV, c.Array.DoubleBuffer = config.GEMVColumns, false
		}, weights + 3*acts},
		{"int8: half of the bytes", func(c *config.Config) { c.Array.Activations = config.INT8 }, weights + 3*acts/2},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := isa.Work{M: 100, N: 70, K: 200, Repeat: 1, Bits: 3}
			p := *array(t, machine(config.BitSerialWeight, c.more)).of(w)
			if p.read != c.read || p.written != outputs {
				t.Errorf("read %d, wrote %d, want %d, %d", p.read, p.written, c.read, outputs)
			}
			slow := array(t, machine(config.BitSerialWeight, c.more, func(c *config.Config) { c.Scratchpad.BytesPerCycle = 7 }))
			if got := slow.of(w); got.read < c.read && got.cycles != unit.Cycles((got.read+6)/7) ||
				got.read == c.read && got.cycles != unit.Cycles((c.read+6)/7) {
				t.Errorf("at 7 bytes a cycle %d cycles for %d bytes", got.cycles, got.read)
			}
		})
	}
	t.Run("vectors that the scratchpad cannot feed take as long as its reads", func(t *testing.T) {
		// 20 vectors of 2 cycles a fold beat 64 rows. They read 768 bytes of weights and 128 for each vector: at 64
		// bytes a cycle in 52 cycles.
		w := isa.Work{M: 20, N: 32, K: 64, Repeat: 1, Bits: 3}
		for bytes, want := range map[int]unit.Cycles{1 << 20: 20 * 2, 64: (64*32*3/8 + 20*64*2) / 64, 16: (64*32*3/8 + 20*64*2) / 16} {
			a := array(t, machine(config.BitSerialWeight, func(c *config.Config) {
				c.Array.GEMV, c.Scratchpad.BytesPerCycle = config.GEMVColumns, bytes
			}))
			if got := a.Cycles(w); got != want {
				t.Errorf("%d bytes a cycle: got %d cycles, want %d", bytes, got, want)
			}
		}
	})
}

func TestOfTwoMappingsThatTakeAsLongTheOneThatReadsLess(t *testing.T) {
	a := array(t, machine(config.BitSerialWeight, func(c *config.Config) { c.Array.GEMV = config.GEMVColumns }))
	p := a.of(isa.Work{M: rows / 2, N: 32, K: 64, Repeat: 1, Bits: 3}) // 32 vectors of 2 cycles, or a fold of 64 rows
	if want := unit.Bytes(64*32*3/8 + rows/2*64*2); p.cycles != rows || p.read != want {
		t.Errorf("%d cycles, %d bytes read, want %d, %d", p.cycles, p.read, rows, want)
	}
}

func TestTimingCountsTables(t *testing.T) {
	a := array(t, machine(config.LUT))
	w := isa.Work{M: 10, N: 32, K: 64, Repeat: 1, Bits: 2}
	a.Timing(&isa.Op{Kind: isa.Linear, Tiles: 2, Work: w, Last: w}, 0)
	// A table of 2^3 entries for each row and group of 4; a look-up for each row, group, output and plane.
	if n := a.counts; n.TableEntries != 10*(64/4)*8 || n.PECycles != 10*(64/4)*32*2 || n.MACs != 10*64*32 || n.Lookups != 0 {
		t.Errorf("counted %d entries, %d PE cycles, %d MACs, %d look-ups", n.TableEntries, n.PECycles, n.MACs, n.Lookups)
	}
}

func TestTimingCountsTiles(t *testing.T) {
	a := array(t, machine(config.DequantFP16, func(c *config.Config) { c.Array.DequantLanes = 512 }))
	w := isa.Work{M: 100, N: 64, K: 64, Repeat: 1, Bits: 4, Quantised: true}
	last := w
	last.N = 20
	o := &isa.Op{Kind: isa.Linear, Tiles: 3, Operator: 2, Work: w, Last: last}
	var busy unit.Cycles
	for tile := range o.Tiles {
		a.Cycles(isa.Work{M: 5, N: 5, K: 5, Repeat: 1, Bits: 2}) // a question counts nothing
		busy += a.Timing(o, tile)
	}
	if want := unit.Cycles(2*2*100 + 100 + fill); busy != want {
		t.Errorf("busy %d cycles, want %d", busy, want)
	}
	const outputs = 2*64 + 20
	want := stats.Counts{MACs: 100 * outputs * 64, PECycles: 100 * outputs * 64, Lookups: outputs * 64,
		ScratchRead: outputs*64/2 + (2*2+1)*100*64*2, ScratchWrite: 100 * outputs * 2}
	want.MACsByBits[4] = want.MACs
	want.Operators[2] = stats.Operator{ArrayBusy: busy, MACs: want.MACs, PECycles: want.PECycles}
	var got stats.Counts
	a.Counts(&got)
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	a.Reset()
	got = stats.Counts{}
	if a.Counts(&got); got != (stats.Counts{}) {
		t.Errorf("after a reset %+v", got)
	}
}

func TestAnArrayThatSustainsHalfOfItsPeakTakesTwiceAsLong(t *testing.T) {
	w := isa.Work{M: 100, N: 70, K: 200, Repeat: 1, Bits: 3}
	full := array(t, machine(config.BitSerialWeight)).of(w)
	half := array(t, machine(config.BitSerialWeight, func(c *config.Config) { c.Array.Sustained = 5000 })).of(w)
	if half.cycles != 2*full.cycles || half.pe != full.pe || half.drain != full.drain {
		t.Errorf("%d cycles, %d of PEs, want %d and %d", half.cycles, half.pe, 2*full.cycles, full.pe)
	}
}

package gemm

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu"
	"github.com/pmpdsim/pmpdsim/npu/config"
)

func simulated(t *testing.T, p Product, preset string, set ...string) *Row {
	t.Helper()
	cfg, err := config.Preset(preset)
	if err == nil {
		err = cfg.Set(set)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), new(npu.MachineSet), cfg, p)
	if err != nil {
		t.Fatalf("%v, %v: %v", p, set, err)
	}
	if sum := r.Dispatch + r.First + r.Array + r.Wait + r.Last; sum != r.Cycles || r.First < 0 || r.Wait < 0 || r.Last < 0 {
		t.Errorf("%v, %v: the parts of %d cycles are %d: %+v", p, set, r.Cycles, sum, r)
	}
	if r.MACs != int64(p.M)*int64(p.K)*int64(p.N) {
		t.Errorf("%v: %d MACs", p, r.MACs)
	}
	return r
}

// equation4 walks over the folds of SCALE-Sim's equation: (2R + C + T − 2) each.
func equation4(dataflow string, m, n, k, rows, cols int) (cycles int64) {
	down, across, stream := k, n, m
	switch dataflow {
	case "output-stationary":
		down, across, stream = m, n, k
	case "input-stationary":
		down, across, stream = k, m, n
	}
	for d := 0; d < down; d += rows {
		for a := 0; a < across; a += cols {
			cycles += int64(2*rows + cols + stream - 2)
		}
	}
	return cycles
}

// An array without a second register in its PEs, a runtime and lanes that cost nothing: what is simulated takes the cycles
// of the equation, however the product was cut into tiles.
func TestAnArrayTakesWhatSCALESimsEquationSays(t *testing.T) {
	for _, dataflow := range []string{"weight-stationary", "output-stationary", "input-stationary"} {
		for _, p := range []Product{{M: 1, K: 256, N: 256}, {M: 16, K: 1000, N: 999}, {M: 100, K: 640, N: 96}, {M: 300, K: 2048, N: 512}} {
			p.Bits = 16
			for _, size := range []int{32, 128} {
				r := simulated(t, p, "edge-lpddr5", "runtime.class=ideal", "array.style=dequant-fp16", "array.double_buffer=false", "array.gemv=stationary",
					"scratchpad.bytes_per_cycle=65536", "scratchpad.size=16MiB", "dram.bandwidth=4TB/s", "dram.standard=ideal", "dram.refresh=none", "array.dataflow="+dataflow, fmt.Sprintf("array.rows=%d", size), fmt.Sprintf("array.cols=%d", size))
				want := equation4(dataflow, p.M, p.N, p.K, size, size)
				if r.ScaleSim != want {
					t.Errorf("%v, %s, %d PEs a side: the equation says %d, want %d", p, dataflow, size, r.ScaleSim, want)
				}
				if r.Array != want {
					t.Errorf("%v, %s, %d PEs a side: %d cycles, want %d (%+v)", p, dataflow, size, r.Array, want, r.Tiling)
				}
				if stream := r.Array - r.Fill - r.Drain; stream <= 0 || r.Fill*int64(2*size-2) != r.Drain*int64(size) {
					t.Errorf("%v, %s: %d cycles, fill %d, drain %d", p, dataflow, r.Array, r.Fill, r.Drain)
				}
			}
		}
	}
}

// The numbers of the equation by hand, with planes that pass one after the other: 4 bits in 2 cycles.
func TestTheEquationOfBitSerialArrays(t *testing.T) {
	r := simulated(t, Product{M: 512, K: 4096, N: 11008, Bits: 4}, "edge-lpddr5")
	if want := int64((2*128 + 128 + 2*512 - 2) * 32 * 86); r.ScaleSim != want {
		t.Errorf("%d cycles, want %d", r.ScaleSim, want)
	}
	// With a second register folds follow each other: 32·86 folds of 1,024 cycles, and the skew once for each block of tokens.
	blocks := int64((512 + r.Tiling.TileTokens - 1) / r.Tiling.TileTokens)
	if want := int64(32*86*1024) + blocks*254; r.Array != want || r.Fill != 0 || r.Drain != blocks*254 {
		t.Errorf("%d cycles, fill %d, drain %d, want %d", r.Array, r.Fill, r.Drain, want)
	}
}

func TestBytesAreThoseOfTheOperands(t *testing.T) {
	on := simulated(t, Product{M: 8, K: 1024, N: 2048, Bits: 8}, "edge-lpddr5", "weights.group=channel", "weights.layout=packed")
	if on.Bytes != (Bytes{Weights: 1024 * 2048, Codebooks: 2 * 2048, All: 1024*2048 + 2*2048}) {
		t.Errorf("activations on chip: %+v", on.Bytes)
	}
	off := simulated(t, Product{M: 4096, K: 1024, N: 2048, Bits: 16}, "edge-lpddr5")
	if off.Bytes.Written != 2*4096*2048 || off.Bytes.Read < 2*4096*1024 || off.Bytes.Weights < 2*1024*2048 {
		t.Errorf("activations in DRAM: %+v", off.Bytes)
	}
}

func TestCoresShareAProduct(t *testing.T) {
	one := simulated(t, Product{M: 256, K: 2048, N: 2048, Bits: 16}, "card-hbm3", "cores=1", "runtime.class=ideal")
	four := simulated(t, Product{M: 256, K: 2048, N: 2048, Bits: 16}, "card-hbm3", "cores=4", "runtime.class=ideal")
	if r := float64(one.Array) / float64(four.Array); r < 3.5 || r > 4.1 {
		t.Errorf("four cores are %.2f times as fast", r)
	}
	if four.ScaleSim >= one.ScaleSim/3 {
		t.Errorf("the equation says %d and %d", one.ScaleSim, four.ScaleSim)
	}
}

func TestWhatCannotRunIsRefused(t *testing.T) {
	cfg, err := config.Preset("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = Run(t.Context(), new(npu.MachineSet), cfg, Product{M: 1, K: 1 << 20, N: 4, Bits: 16}); err == nil || !strings.Contains(err.Error(), "accepted: a larger scratchpad.tile") {
		t.Errorf("a row that no tile holds: %v", err)
	}
	if _, err = Run(t.Context(), new(npu.MachineSet), cfg, Product{M: 1 << 20, K: 4096, N: 1 << 20, Bits: 16}); err == nil || !strings.Contains(err.Error(), "transfers of tiles; accepted: ") {
		t.Errorf("a product that never ends: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err = Run(ctx, new(npu.MachineSet), cfg, Product{M: 512, K: 4096, N: 11008, Bits: 16}); err == nil {
		t.Error("a product goes on after it was stopped")
	}
}

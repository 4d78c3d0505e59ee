package array

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestUnpackingHoldsATileUp(t *testing.T) {
	// 2 vectors times 64 x 64 codes on 64 x 64 PEs, one fold: as vectors 1 cycle each, for which both read all codes.
	work := isa.Work{M: 2, N: 64, K: 64, Repeat: 1, Bits: 4, Quantised: true}
	for _, c := range []struct {
		what         string
		unpack       config.Unpack
		bits         unit.Bits
		cycles, held unit.Cycles
		group        int // of weights that share a scale
	}{
		{"free", config.Unpack{}, 4, 2, 0, 0},
		{"another width", config.Unpack{Bits2: 1}, 4, 2, 0, 0},
		{"16 bits are no codes", config.Unpack{Bits2: 1, Bits8: 1}, 16, 2, 0, 0},
		{"beside the products: the longer", config.Unpack{Bits4: 64}, 4, 64, 64, 0},
		{"beside the products, as fast", config.Unpack{Bits4: 2048}, 4, 2, 0, 0},
		{"rounded up", config.Unpack{Bits4: 4095 / 2}, 4, 3, 3, 0},
		{"before the products: the sum", config.Unpack{Bits4: 64, Overlap: config.OverlapLoads}, 4, 66, 64, 0},
		{"before the products, of little", config.Unpack{Bits4: 4096, Overlap: config.OverlapLoads}, 4, 3, 1, 0},
		{"for each vector", config.Unpack{Bits4: 64, Per: config.PerVector}, 4, 128, 128, 0},
		{"a row's own scale", config.Unpack{Bits4: 64, Scales: 1}, 4, 64, 64, 64},
		{"two scales a row", config.Unpack{Bits4: 32, Scales: 1}, 4, 128 + 2*64, 128 + 2*64, 32},
		{"scales alone, two a cycle", config.Unpack{Scales: 2}, 4, 64, 64, 32},
		{"scales for each vector", config.Unpack{Scales: 2, Per: config.PerVector}, 4, 128, 128, 32},
	} {
		t.Run(c.what, func(t *testing.T) {
			cfg, err := config.Preset("edge-lpddr5")
			if err != nil {
				t.Fatal(err)
			}
			cfg.Array.Style, cfg.Array.Rows, cfg.Array.Cols, cfg.Array.Unpack = config.DequantFP16, 64, 64, c.unpack
			cfg.Array.DequantLanes, cfg.Scratchpad.BytesPerCycle, cfg.Array.DoubleBuffer = 1<<20, 1<<20, false
			a, err := NewArray(cfg)
			if err != nil {
				t.Fatal(err)
			}
			w := work
			w.Bits, w.Group = c.bits, c.group
			op := isa.Op{Tiles: 2, Work: w, Last: w, Operator: 3}
			if got := a.Timing(&op, 0); got != c.cycles || a.counts.ArrayUnpack != c.held || a.counts.Operators[3].ArrayUnpack != c.held {
				t.Errorf("%d cycles, %d of them held up; want %d and %d", got, a.counts.ArrayUnpack, c.cycles, c.held)
			}
			if got := a.Cycles(w); got != c.cycles {
				t.Errorf("the cost model says %d", got)
			}
		})
	}
}

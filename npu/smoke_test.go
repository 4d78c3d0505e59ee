package npu

import (
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/npu/compile"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
)

func TestSmoke(t *testing.T) {
	c, err := config.Preset("pmpd-paper")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vicuna-7b", "phi-1.5", "gemma-2-2b", "qwen3-8b"} {
		m, err := workloads.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		k, err := compile.New(compile.Job{Config: c, Model: m, Precisions: []unit.Bits{2, 3, 16}, Prompt: 1032, Generated: 120, Stripe: 64})
		if err != nil {
			t.Fatal(err)
		}
		mc, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range []unit.Bits{3, 16} {
			p, err := k.Decode(1032, b, b)
			if err != nil {
				t.Fatal(err)
			}
			t0 := time.Now()
			n, err := mc.Run(p)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s %d: %v cycles, %d B, %.2f tok/s, %d tiles, wall %v; mem %d arr %d vec %d %v", name, b, n.Cycles, n.DRAMBytes(), float64(c.Clock)/float64(n.Cycles), n.Tiles, time.Since(t0), n.MemoryBusy, n.ArrayBusy, n.VectorBusy, n.ByKind)
		}
		p, err := k.Prefill(1032, 3)
		if err != nil {
			t.Fatal(err)
		}
		t0 := time.Now()
		n, err := mc.Run(p)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s prefill: %v cycles, %d B, tiles %d, ops %d, wall %v %v traffic %v", name, n.Cycles, n.DRAMBytes(), n.Tiles, n.Ops, time.Since(t0), n.ByKind, n.Traffic)
	}
}

package npu

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/compile"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
)

func BenchmarkPrefill(b *testing.B) {
	c, _ := config.Preset("edge-lpddr5")
	m, _ := workloads.Load("vicuna-7b")
	stripe, _ := Stripe(c)
	k, err := compile.New(compile.Job{Config: c, Model: m, Precisions: []unit.Bits{3}, Prompt: 1032, Generated: 2, Stripe: stripe})
	if err != nil {
		b.Fatal(err)
	}
	machine, _ := New(c)
	for b.Loop() {
		p, _ := k.Prefill(1032, 3)
		n, err := machine.Run(p)
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("%d cycles %v tiles %d transfers %d %v", n.Cycles, n.DRAMBytes(), n.Tiles, n.Transfers, n.Traffic)
	}
}

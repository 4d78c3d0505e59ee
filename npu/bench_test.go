package npu

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/compile"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// BenchmarkDecodeStep runs one decode pass of vicuna-7b at fp16 and reports simulated DRAM bytes per wall second.
func BenchmarkDecodeStep(b *testing.B) {
	for _, preset := range []string{"pmpd-paper", "edge-lpddr5"} {
		b.Run(preset, func(b *testing.B) {
			c, err := config.Preset(preset)
			if err != nil {
				b.Fatal(err)
			}
			m, err := workloads.Load("vicuna-7b")
			if err != nil {
				b.Fatal(err)
			}
			k, err := compile.New(compile.Job{Config: c, Model: m, Precisions: precision.Uniforms(16), Prompt: 1032, Passes: 1999})
			if err != nil {
				b.Fatal(err)
			}
			machine, err := new(MachineSet).New(c)
			if err != nil {
				b.Fatal(err)
			}
			past := 1032
			for b.Loop() {
				p, err := k.Decode(past, precision.Uniform(16), precision.Uniform(16))
				if err != nil {
					b.Fatal(err)
				}
				n, err := machine.Run(p)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(n.DRAMBytes()))
				past = 1032 + (past+1)%900
			}
		})
	}
}

package npu

import (
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/compile"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// TestExpertsArriveLate: experts cannot be fetched before the router has chosen. The same decode pass with loads that know
// already is faster, moves the same bytes, and computes the same.
func TestExpertsArriveLate(t *testing.T) {
	c, err := config.Preset("edge-lpddr5")
	if err == nil {
		err = c.Set([]string{"runtime.class=ideal"})
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := workloads.ParseConfig("m", "config.json", []byte(`{"model_type": "qwen3_moe", "hidden_size": 1024, "num_hidden_layers": 4,
		"num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 128, "intermediate_size": 512, "vocab_size": 1000,
		"max_position_embeddings": 4096, "num_experts": 64, "num_experts_per_tok": 4, "moe_intermediate_size": 512}`))
	if err != nil {
		t.Fatal(err)
	}
	k, err := compile.New(compile.Job{Config: c, Model: m, Precisions: precision.Uniforms(4), Prompt: 16, Passes: 4})
	if err != nil {
		t.Fatal(err)
	}
	late, err := k.Decode(17, precision.Uniform(4), precision.Uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	machine, err := new(MachineSet).New(c)
	if err != nil {
		t.Fatal(err)
	}
	known := *late
	known.Ops = slices.Clone(late.Ops)
	waiting := 0
	for i := range known.Ops {
		if len(known.Ops[i].LoadAfter) > 0 {
			waiting++
		}
		known.Ops[i].LoadAfter = nil
	}
	if waiting != 4*4*3 {
		t.Errorf("%d ops load late, want those of 4 layers of 4 experts of 3 matrices", waiting)
	}
	var counts [2]stats.Counts
	for i, p := range []*isa.Program{late, &known} {
		if counts[i], err = machine.Run(p); err != nil {
			t.Fatal(err)
		}
	}
	if counts[0].Traffic != counts[1].Traffic || counts[0].MACs != counts[1].MACs {
		t.Errorf("late: %v and %d MACs; known before: %v and %d", counts[0].Traffic, counts[0].MACs, counts[1].Traffic, counts[1].MACs)
	}
	if counts[0].Cycles <= counts[1].Cycles {
		t.Errorf("late loads take %d cycles, known ones %d: waiting costs nothing", counts[0].Cycles, counts[1].Cycles)
	}
	if counts[0].ByKind[isa.Router] == 0 {
		t.Error("the router takes no time")
	}
	t.Logf("%d cycles, %d if the experts were known", counts[0].Cycles, counts[1].Cycles)
}

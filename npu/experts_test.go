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

// blocks are the keys of a model of four layers, without its MLPs.
const blocks = `"hidden_size": 1024, "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 128,
	"vocab_size": 1000, "max_position_embeddings": 4096`

// sparseKeys have 64 experts, of which a token takes 4; denseKeys an MLP that is as wide as those 4.
const (
	sparseKeys = `{"model_type": "qwen3_moe", "intermediate_size": 512, "num_experts": 64, "num_experts_per_tok": 4, "moe_intermediate_size": 512, ` + blocks + `}`
	denseKeys  = `{"model_type": "qwen3", "intermediate_size": 2048, ` + blocks + `}`
)

// ideal is edge-lpddr5 without a runtime.
func ideal(t *testing.T) *config.Config {
	t.Helper()
	c, err := config.Preset("edge-lpddr5")
	if err == nil {
		err = c.Set([]string{"runtime.class=ideal"})
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// decodePass is the decode pass at position 17 of a model.
func decodePass(t *testing.T, c *config.Config, keys string, bits int) *isa.Program {
	t.Helper()
	m, err := workloads.ParseConfig("m", "config.json", []byte(keys))
	if err != nil {
		t.Fatal(err)
	}
	k, err := compile.New(compile.Job{Config: c, Model: m, Precisions: precision.Uniforms(bits), Prompt: 16, Passes: 4})
	if err != nil {
		t.Fatal(err)
	}
	p, err := k.Decode(17, precision.Uniform(bits), precision.Uniform(bits))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ran(t *testing.T, c *config.Config, p *isa.Program) stats.Counts {
	t.Helper()
	m, err := new(MachineSet).New(c)
	if err != nil {
		t.Fatal(err)
	}
	n, err := m.Run(p)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestExpertsArriveLate: experts cannot be fetched before the router has chosen. The same decode pass with loads that know
// already is faster, moves the same bytes, and computes the same.
func TestExpertsArriveLate(t *testing.T) {
	c := ideal(t)
	late := decodePass(t, c, sparseKeys, 4)
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
	a, b := ran(t, c, late), ran(t, c, &known)
	if a.Traffic != b.Traffic || a.MACs != b.MACs {
		t.Errorf("late: %v and %d MACs; known before: %v and %d", a.Traffic, a.MACs, b.Traffic, b.MACs)
	}
	if a.Cycles <= b.Cycles {
		t.Errorf("late loads take %d cycles, known ones %d: waiting costs nothing", a.Cycles, b.Cycles)
	}
	if a.ByKind[isa.Router] == 0 {
		t.Error("the router takes no time")
	}
	t.Logf("%d cycles, %d if the experts were known", a.Cycles, b.Cycles)
}

// TestExpertsTakeNoLessTimeThanADenseMLPOfTheirBytes: at fp16 four experts of 512 values move what an MLP of 2,048 does, and
// the router's 64×1024 values come on top, in each of four layers.
func TestExpertsTakeNoLessTimeThanADenseMLPOfTheirBytes(t *testing.T) {
	c := ideal(t)
	sparse, dense := ran(t, c, decodePass(t, c, sparseKeys, 16)), ran(t, c, decodePass(t, c, denseKeys, 16))
	const routers = 4 * 64 * 1024 * 2
	if got, want := sparse.Traffic[isa.Experts]+sparse.Traffic[isa.Weights], dense.Traffic[isa.Weights]+routers; got != want {
		t.Errorf("%d bytes of matrices, want %d", int64(got), int64(want))
	}
	if got, want := sparse.MACs-dense.MACs, int64(4*64*1024); got != want {
		t.Errorf("%d MACs more than those of the dense model, want the routers' %d", got, want)
	}
	if sparse.Cycles < dense.Cycles {
		t.Errorf("experts take %d cycles, a dense MLP %d", sparse.Cycles, dense.Cycles)
	}
}

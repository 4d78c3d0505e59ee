package gpu_test

import (
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// TestExpertsAreRecorded: a trace says which experts the tokens took, as passes over the same tokens say it.
func TestExpertsAreRecorded(t *testing.T) {
	src := gputest.Random(t, "mixtral", 3)
	m := src.Model()
	b := backend(t, src, false)
	j := job(t, src, "fp16")
	trace, _ := record(t, b, j)
	if e := trace.Header.Model.Experts; e == nil || e.Count != 5 || e.PerToken != 2 {
		t.Fatalf("the header has experts %+v", e)
	}
	s, err := b.Start(len(j.Prompt)+j.Generate, formats.Cache{})
	if err != nil {
		t.Fatal(err)
	}
	pass, err := s.Prefill(j.Prompt, precision.Uniform(weights.Half))
	texts := []string{trace.Prefill.Experts}
	want := [][]int{pass.Experts}
	for _, step := range trace.Steps {
		if err != nil {
			t.Fatal(err)
		}
		pass, err = s.Decode(*step.TokIn, precision.Uniform(weights.Half))
		texts, want = append(texts, step.Experts), append(want, pass.Experts)
	}
	taken := map[int]bool{}
	for i, text := range texts {
		got, err := traces.DecodeExperts(text, m.Experts.Count)
		if err != nil || len(got) == 0 || len(got)%(m.Layers*2) != 0 || !slices.Equal(got, want[i]) {
			t.Errorf("pass %d: experts %v, want %v, error %v", i, got, want[i], err)
		}
		for _, e := range got {
			taken[e] = true
		}
	}
	if len(taken) != m.Experts.Count {
		t.Errorf("only the experts %v were taken", taken)
	}
}

// TestTableOfExperts holds the bytes of an op against the matrices themselves: a pass reads those of two experts.
func TestTableOfExperts(t *testing.T) {
	src := gputest.Random(t, "mixtral", 1)
	block, err := src.Block(1)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, op := range gpu.Table(src.Model().Model, gpu.Ops(src.Model().Model), []int{16, 3}, nil).Ops {
		matrices := map[string]*weights.Matrix{"L1.experts.gate_proj+experts.up_proj": &block.ExpertsUp[0],
			"L1.experts.down_proj": &block.ExpertsDown[0]}
		if w := matrices[op.Name]; w != nil {
			found++
			if op.WeightBytes[16] != int64(2*2*len(w.Half)) || op.WeightBytes[3] != int64(2*4*len(w.Planes)*3/8) || *op.M != 2 {
				t.Errorf("%s: %d and %d bytes, m %d", op.Name, op.WeightBytes[16], op.WeightBytes[3], *op.M)
			}
		}
		if op.Name == "L1.router" && (op.WeightBytes[16] != int64(2*len(block.Router.Half)) || op.WeightBytes[3] != op.WeightBytes[16]) {
			t.Errorf("router: %v bytes", op.WeightBytes)
		}
	}
	if found != 2 {
		t.Errorf("%d of 2 products of experts", found)
	}
}

package main

import (
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/bench"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
	"github.com/pmpdsim/pmpdsim/gpu/qualify"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

// TestTheModelsOfThePlan: each that a command names is a preset that the kernels run, with the positions that are asked for.
func TestTheModelsOfThePlan(t *testing.T) {
	o := &qualify.Options{Prompt: 512, Generate: 256, Context: 1024, Repeats: 21} // the command's defaults
	positions := max(o.Prompt+o.Generate, o.Context+bench.Warm+o.Repeats)
	named := 0
	for _, s := range qualify.Plan(o, "") {
		i := slices.Index(s.Command, "--model")
		if i < 0 {
			continue
		}
		named++
		m, err := weights.Load(s.Command[i+1])
		if err == nil {
			err = cuda.Runs(m)
		}
		if err == nil {
			err = cuda.Fits(m, positions)
		}
		if err == nil {
			err = kernels.Check(kernels.Shape{Hidden: m.Hidden, FFN: m.FFN, Heads: m.Heads, KVHeads: m.KVHeads, HeadDim: m.HeadDim,
				RotaryDim: m.RotaryDim, Vocab: m.Vocab})
		}
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	if named < 12 {
		t.Errorf("%d steps name a model", named)
	}
}

package bench

import (
	"errors"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func TestRowsHaveWhatFollowsFromTheirTimes(t *testing.T) {
	took := func(us int) *time.Duration { d := time.Duration(us) * time.Microsecond; return &d }
	s := Shape{Name: "m qkv", Out: 1000, In: 1000}
	r := &Report{Ceilings: &Ceilings{CopyBps: 1e12, NodeGap: time.Microsecond},
		Products: []Product{{Shape: s, Bits: 16, Bytes: 2e6, Took: took(8)}, {Shape: s, Bits: 4, Bytes: 1e6, Took: took(2)}, {Shape: s, Bits: 3, Bytes: 1e6}},
		Passes:   []Pass{{Model: "m", Bits: 4, Positions: 7, Bytes: 6e6, Nodes: 2, Took: took(16)}}}
	p, missing, pass := r.product(&r.Products[1]), r.product(&r.Products[2]), r.pass(&r.Passes[0])
	if *p.Seconds != 2e-6 || *p.Bandwidth != 5e11 || *p.OfCopy != 0.5 || *p.OverHalf != 4 || *p.OfCeiling != 0.5 || p.Ceiling != "memory" {
		t.Errorf("a product at 4 bits: %+v", p)
	}
	if missing.Seconds != nil || missing.OverHalf != nil || missing.OfCeiling != nil || missing.Ceiling != "" || missing.Bits != 3 {
		t.Errorf("a product that was not measured: %+v", missing)
	}
	if pass.Kind != "pass" || *pass.OfCeiling != 0.5 || *pass.Throughput != 62500 || pass.OverHalf != nil || pass.Kernels != 2 {
		t.Errorf("a pass: 6 us of bytes and 2 us of gaps in 16 us: %+v", pass)
	}
	if m := r.Machine(); *m.Copy != 1e12 || *m.NodeGap != 1e-6 || m.ClockHz != nil {
		t.Errorf("the machine: %+v", m)
	}
	if m := (&Report{}).Machine(); m.Copy != nil || m.NodeGap != nil || m.Event != nil {
		t.Errorf("a machine that was not measured: %+v", m)
	}
}

// TestSmallModelsRun compares the CPU with itself, so that no GPU is needed.
func TestSmallModelsRun(t *testing.T) {
	for _, m := range SmallModels() {
		if err := m.Fits(CheckPositions(3)); err != nil {
			t.Fatal(err)
		}
		source, err := weights.Random(m, 1)
		if err != nil {
			t.Fatal(err)
		}
		b, err := cpu.Open(t.Context(), source, cpu.Options{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		all, err := gpu.Compare(b, b, []int{1, 2, 3}, precision.Uniforms(checkedBits[:]...))
		if err != nil || len(all) != len(checkedBits) || all[len(all)-1].Positions >= CheckPositions(3) {
			t.Fatalf("%s: %v, %v", m.Name, all, err)
		}
		for _, a := range all {
			if a.Wrong() != "" || a.Logits != 0 {
				t.Errorf("%s at %d bits differs from itself: %s", m.Name, a.Bits, a.Wrong())
			}
		}
	}
	if err := Check(t.Context(), SmallModels()[0], 99, 3, 1, func(Checked) error { return nil }); err == nil {
		t.Error("there is a hundredth GPU")
	} else if !errors.Is(err, driver.ErrNone) {
		t.Logf("with a GPU: %v", err)
	}
}

// TestSteepModels: small ones, of which each family with biases of q and k has one, and none that is deep.
func TestSteepModels(t *testing.T) {
	n := 0
	for _, m := range SmallModels() {
		if steep(m) {
			n++
		}
		m.Layers = 24
		if steep(m) {
			t.Errorf("%s with 24 blocks", m.Name)
		}
	}
	if n != 2 {
		t.Errorf("%d of the small models, want phi's and qwen2's", n)
	}
}

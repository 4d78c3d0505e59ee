package cpu_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// TestEightBitsAreTheHalves: of random weights the fp16 model is the 8-bit model, so every matrix of every family, those of
// experts and of latent attention among them, yields the same from its planes as from its halves. Fewer bits do not.
func TestEightBitsAreTheHalves(t *testing.T) {
	gputest.Numbers(t)
	files, err := filepath.Glob("testdata/transformers/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d models, error %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			_, opened := readGolden(t, file)
			src, err := weights.Random(opened.Model(), 1)
			if err != nil {
				t.Fatal(err)
			}
			b, err := cpu.Open(t.Context(), src, cpu.Options{Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			logits := func(bits int) []float32 {
				s, err := b.Start(8, formats.Cache{})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.Prefill([]int{3, 1, 4}, precision.Uniform(bits)); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Decode(5, precision.Uniform(bits)); err != nil {
					t.Fatal(err)
				}
				state, err := s.State(gpu.Want{Logits: true})
				if err != nil {
					t.Fatal(err)
				}
				return state.Logits
			}
			if !slices.Equal(logits(weights.Half), logits(weights.Planes)) {
				t.Error("8 bits differ from fp16")
			}
			if slices.Equal(logits(weights.Half), logits(3)) {
				t.Error("3 bits do not differ from fp16")
			}
		})
	}
}

// TestMemoryOfEveryFamily adds up the lengths of the slices.
func TestMemoryOfEveryFamily(t *testing.T) {
	gputest.Numbers(t)
	files, err := filepath.Glob("testdata/transformers/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		_, src := readGolden(t, file)
		m := src.Model()
		e, err := src.Ends()
		if err != nil {
			t.Fatal(err)
		}
		n := len(e.Embedding) + len(e.Positions) + len(e.Norm.Scale) + len(e.Norm.Shift) + len(e.EmbedNorm.Scale) + len(e.EmbedNorm.Shift) + len(e.Head.Bias)
		if !m.Tied {
			n += len(e.Head.Half)
		}
		for layer := range m.Layers {
			b, err := src.Block(layer)
			if err != nil {
				t.Fatal(err)
			}
			all := []*weights.Matrix{&b.QKV, &b.O, &b.Up, &b.Down, &b.Router, &b.SharedGate, &b.SharedUp, &b.SharedDown}
			for _, w := range b.Latent {
				all = append(all, w)
			}
			for i := range b.ExpertsUp {
				all = append(all, &b.ExpertsUp[i], &b.ExpertsDown[i])
			}
			for _, w := range all {
				n += len(w.Half) + len(w.Bias)
			}
			for _, norm := range b.Norms {
				n += len(norm.Scale) + len(norm.Shift)
			}
			n += len(b.RouterBias)
		}
		if got := m.Memory(weights.Half); got != int64(2*n) {
			t.Errorf("%s: %d bytes, want %d", filepath.Base(file), got, 2*n)
		}
	}
}

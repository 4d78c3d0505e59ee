package gpu_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// network writes PMPD's classifier with random weights.
func network(t *testing.T, heads, dim int, seed uint64) string {
	t.Helper()
	draw := rand.New(rand.NewPCG(seed, 1))
	n := heads * dim
	var tensors []*safetensors.Tensor
	for _, x := range []struct {
		name  string
		shape []int
	}{
		{"query", []int{heads, heads, dim}}, {"project.0.weight", []int{n, n}}, {"project.0.bias", []int{n}},
		{"project.2.weight", []int{4, n}}, {"project.2.bias", []int{4}}, {"ln.weight", []int{n}}, {"ln.bias", []int{n}},
	} {
		size := 1
		for _, s := range x.shape {
			size *= s
		}
		values := make([]float32, size)
		for i := range values {
			values[i] = float32(draw.NormFloat64() / math.Sqrt(float64(n)))
		}
		tensors = append(tensors, safetensors.New(x.name, safetensors.F32, x.shape, values))
	}
	path := filepath.Join(t.TempDir(), "c.safetensors")
	var data bytes.Buffer
	if err := errors.Join(safetensors.Write(&data, tensors, nil), os.WriteFile(path, data.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestLearned asks a classifier in a live run, and again from the trace: from its recorded scores, and from the keys
// and values beside it.
func TestLearned(t *testing.T) {
	gputest.Numbers(t)
	src := gputest.Random(t, "llama", 3)
	m := src.Model()
	b := backend(t, src, true)
	chosen := map[int]bool{}
	for seed := range uint64(4) {
		file := network(t, m.KVHeads, m.HeadDim, seed)
		j := job(t, src, "learned:4>3,classifier="+file)
		var err error
		if j.Classifier, err = classifier.Read(file); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "l"+traces.Suffix)
		j.Keep = func(kv *classifier.KV) error {
			var data bytes.Buffer
			return errors.Join(classifier.WriteKV(&data, kv), os.WriteFile(traces.SidecarOf(path), data.Bytes(), 0o644))
		}
		trace, data := record(t, b, j)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if len(trace.Features) != 1 || len(trace.Features[0].Scores) != 4 || trace.Steps[0].DecideNS == nil {
			t.Fatalf("features %+v", trace.Features)
		}
		kept, err := traces.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"learned:4>3", "learned:4>3,classifier=" + file} {
			s, err := precision.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			evidence, err := kept.Evidence(s)
			if err != nil {
				t.Fatal(err)
			}
			if text != "learned:4>3" && fmt.Sprint(evidence.Signals[0].KV) != fmt.Sprint(trace.Features[0].Scores) {
				t.Errorf("scores from the keys and values beside the trace %v, live %v", evidence.Signals[0].KV, trace.Features[0].Scores)
			}
			plan, err := s.Decide(j.Model.Model, j.Generate, evidence)
			if err != nil {
				t.Fatal(err)
			}
			for i, d := range plan.Decisions {
				if d.Bits != trace.Steps[i].WBits {
					t.Errorf("%s: step %d: %d bits live, %d anew", text, i, trace.Steps[i].WBits, d.Bits)
				}
			}
		}
		if len(trace.Switches) > 0 {
			chosen[trace.Switches[0].I] = true
		} else {
			chosen[0] = true
		}
	}
	if len(chosen) < 2 {
		t.Errorf("four classifiers choose the same: %v", chosen)
	}
}

package gpu_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/nlpodyssey/safetensors"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// classifier writes PMPD's network with random weights.
func classifier(t *testing.T, heads, dim int, seed uint64) string {
	t.Helper()
	draw := rand.New(rand.NewPCG(seed, 1))
	n := uint64(heads * dim)
	views := map[string]safetensors.TensorView{}
	for _, x := range []struct {
		name  string
		shape []uint64
	}{
		{"query", []uint64{uint64(heads), uint64(heads), uint64(dim)}}, {"project.0.weight", []uint64{n, n}}, {"project.0.bias", []uint64{n}},
		{"project.2.weight", []uint64{4, n}}, {"project.2.bias", []uint64{4}}, {"ln.weight", []uint64{n}}, {"ln.bias", []uint64{n}},
	} {
		size := uint64(1)
		for _, s := range x.shape {
			size *= s
		}
		var data []byte
		for range size {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(draw.NormFloat64()/math.Sqrt(float64(n)))))
		}
		view, err := safetensors.NewTensorView(safetensors.F32, x.shape, data)
		if err != nil {
			t.Fatal(err)
		}
		views[x.name] = view
	}
	path := filepath.Join(t.TempDir(), "c.safetensors")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := safetensors.SerializeToWriter(views, nil, f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestLearned asks a classifier in a live run, and again from the trace: from its recorded scores, and from the keys and
// values beside it.
func TestLearned(t *testing.T) {
	gputest.Numbers(t)
	src := gputest.Random(t, "llama", 3)
	m := src.Model()
	b := backend(t, src, true)
	chosen := map[int]bool{}
	for seed := range uint64(4) {
		file := classifier(t, m.KVHeads, m.HeadDim, seed)
		j := job(t, src, "learned:4>3,classifier="+file)
		var err error
		if j.Classifier, err = precision.ReadClassifier(file); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "l"+traces.Suffix)
		j.Keep = func(kv *precision.KV) error { return precision.WriteKV(traces.SidecarOf(path), kv) }
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
			plan, err := s.Decide(j.Generate, evidence)
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

package eval_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/eval"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/tokens"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
	"github.com/pmpdsim/pmpdsim/workloads/tiny"
)

const passesFile = "testdata/passes.json"

// passes is what testdata/passes.py wrote.
type passes struct {
	Weights string `json:"weights_sha256"`
	Prompt  int
	Bits    []int
	Texts   []struct {
		Text           []int
		FP16, LogP, KL []float64
	}
}

// standing is a source whose fp16 weights are what the planes of another stand for.
type standing struct {
	weights.Source
	bits int
}

func (s standing) Block(layer int) (*weights.Block, error) {
	b, err := s.Source.Block(layer)
	if err != nil || s.bits == weights.Half {
		return b, err
	}
	other := *b
	for _, m := range []*weights.Matrix{&other.QKV, &other.O, &other.Up, &other.Down} {
		half, codes := make([]uint16, len(m.Half)), make([]uint8, m.In)
		for row := range m.Out {
			m.Row(row, s.bits, codes, half[row*m.In:(row+1)*m.In])
		}
		m.Half = half
	}
	return &other, nil
}

// TestAgainstNumPy: the trained model, read under a schedule of four widths, prefill's among them, gives the written tokens the
// probabilities that NumPy gives them with what the weights stand for in each pass, and is as far from fp16.
func TestAgainstNumPy(t *testing.T) {
	gputest.Numbers(t)
	m, err := weights.Load(workloads.TinyModel)
	if err != nil {
		t.Fatal(err)
	}
	source, err := weights.OpenFS(tiny.Files(), m)
	if err != nil {
		t.Fatal(err)
	}
	if simtest.Update() {
		updatePasses(t, source)
	}
	var want passes
	data, err := os.ReadFile(passesFile)
	if err = errors.Join(err, json.Unmarshal(data, &want)); err != nil {
		t.Fatal(err)
	}
	if want.Weights != gputest.Sum(source) {
		t.Fatalf("%s is of other weights; accepted: written anew, as testdata/passes.py says", passesFile)
	}
	b, err := cpu.Open(t.Context(), source, cpu.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	schedule, err := precision.Parse("static:4>2@5,prefill=3")
	if err != nil {
		t.Fatal(err)
	}
	job := &eval.Job{Backend: b.(gpu.Scorer), Model: source.Model(), Prompt: want.Prompt, Generate: len(want.Bits), Forced: true,
		Schedules: []eval.Schedule{{Schedule: precision.UniformSchedule(16)}, {Schedule: schedule}}}
	for _, text := range want.Texts {
		job.Texts = append(job.Texts, text.Text)
	}
	all := run(t, job)
	bits := []int{all[1][0].Prefill.Max()}
	for _, at := range all[1][0].Forced {
		bits = append(bits, at.Max())
	}
	if !slices.Equal(bits, want.Bits) {
		t.Fatalf("passes at %v, NumPy's at %v", bits, want.Bits)
	}
	var worst, worstKL float64
	for i, text := range want.Texts {
		for k := range want.Bits {
			fp16, low := all[0][i].Tokens[k], all[1][i].Tokens[k]
			worst = max(worst, math.Abs(fp16.LogP-text.FP16[k]), math.Abs(low.LogP-text.LogP[k]))
			worstKL = max(worstKL, math.Abs(low.KL-text.KL[k])/(0.01+text.KL[k]))
		}
	}
	t.Logf("ln p is off by at most %.4f, KL by %.4f of itself and 0.01", worst, worstKL)
	// Rounding to binary16 at each store leaves some 0.001 of the logits' size.
	if worst > 0.02 || worstKL > 0.03 {
		t.Errorf("ln p is off by %.4f, KL by %.4f of itself and 0.01; accepted: 0.02, 0.03", worst, worstKL)
	}
}

// updatePasses writes the weights at each width, and has NumPy read texts with them.
func updatePasses(t *testing.T, source weights.Source) {
	t.Helper()
	python := os.Getenv("PMPDSIM_PYTHON")
	if python == "" {
		t.Skip("PMPDSIM_PYTHON is not set: no Python to ask")
	}
	dir := t.TempDir()
	for _, bits := range []int{2, 3, 4, 16} {
		to := filepath.Join(dir, fmt.Sprint(bits))
		if err := errors.Join(os.Mkdir(to, 0o755), gputest.Write(to, standing{source, bits}, safetensors.F16, 1)); err != nil {
			t.Fatal(err)
		}
	}
	tokenizer, err := tokens.OpenFS(tiny.Files())
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(tiny.Files(), "heldout.txt")
	if err != nil {
		t.Fatal(err)
	}
	texts, err := eval.Texts(string(text), tokenizer.Encode, 24+13, 4)
	if err != nil {
		t.Fatal(err)
	}
	job, err := json.Marshal(map[string]any{"weights_sha256": gputest.Sum(source), "prompt": 24, "bits": []int{3, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2, 2}, "texts": texts})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "job.json"), job, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), python, "testdata/passes.py", dir)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err = errors.Join(err, os.WriteFile(passesFile, out, 0o644)); err != nil {
		t.Fatal(err)
	}
}

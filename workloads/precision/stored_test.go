package precision_test

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// stored is a preset whose file has a format for each matrix.
func stored(t *testing.T, at func(layer int, matrix string) formats.Format) *workloads.Model {
	t.Helper()
	m, err := workloads.Load("llama-3.2-1b")
	if err != nil {
		t.Fatal(err)
	}
	names := func(l int) (all []string) {
		for _, x := range m.Matrices(l) {
			all = append(all, x.Name)
		}
		return all
	}
	m.Stored = formats.Collect("gguf", m.Layers, names, at)
	return m
}

func TestAScheduleFollowsTheFile(t *testing.T) {
	m := stored(t, func(layer int, matrix string) formats.Format {
		switch {
		case matrix == "down_proj" && layer < 2:
			return formats.Named("Q6_K")
		case matrix == "k_proj":
			return formats.Format{}
		}
		return formats.Named("Q4_K")
	})
	s, err := precision.ParseFor("file", m)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := s.Resolve(m, 5, precision.Evidence{})
	if err != nil {
		t.Fatal(err)
	}
	for pass := range 5 {
		at := s.PrefillAt(precision.Assignment{})
		if pass > 0 {
			at = policy.At(pass)
		}
		if at.At(0, "down_proj") != 6 || at.At(2, "down_proj") != 4 || at.At(7, "k_proj") != 16 || at.At(7, "q_proj") != 4 {
			t.Errorf("pass %d: %v", pass, at)
		}
	}
	if s.String() != "file" || s.HighestDecodeBits(nil) != 16 {
		t.Errorf("%s, highest %d", s, s.HighestDecodeBits(nil))
	}
	with, err := precision.ParseFor("file,prefill=8", m)
	if err != nil || with.PrefillAt(precision.Assignment{}) != precision.Uniform(8) || with.String() != "file,prefill=8" {
		t.Errorf("%s: %v, %v", with, with.PrefillAt(precision.Assignment{}), err)
	}
}

func TestFilesThatSayNoBits(t *testing.T) {
	m, err := workloads.Load("llama-3.2-1b")
	if err != nil {
		t.Fatal(err)
	}
	const want = `schedule "file": nothing says how the weights of llama-3.2-1b are stored; accepted: a model with quantization_config, a GGUF file, ` +
		`a config.json with dtype float16, bfloat16 or float32; or another schedule: fp16, uniform, static, random`
	if _, err := precision.ParseFor("file", m); err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
	m.Values = "bfloat16"
	if s, err := precision.ParseFor("file", m); err != nil || s.Stored != precision.Uniform(16) {
		t.Errorf("%+v, %v", s, err)
	}
	m.Stored = &formats.Stored{Method: "aqlm", Unread: `quant_method "aqlm" is not modelled; accepted: gptq`}
	if _, err := precision.ParseFor("file", m); err == nil || !strings.Contains(err.Error(), `schedule "file": quant_method "aqlm" is not modelled; accepted: gptq; or another schedule: fp16`) {
		t.Error(err)
	}
}

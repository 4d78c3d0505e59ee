package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
)

// TestNoGPU: wherever the error comes from.
func TestNoGPU(t *testing.T) {
	var b strings.Builder
	if code := report(&b, onGPU(driver.ErrNotBuilt)); code != exitNoGPU || b.String() != "pmpdsim: no GPU: this program was built without CUDA; make cuda builds one with it\n" {
		t.Errorf("exit code %d, %q", code, b.String())
	}
	if code := report(&b, onGPU(errors.New("anything else"))); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
}

// TestGPU needs a GPU or the emulation, and the build tag cuda.
func TestGPU(t *testing.T) {
	m, err := cuda.Describe(0, false)
	if errors.Is(err, driver.ErrNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"gpu", "info", "--measure"}, []string{"GPU         " + m.GPU.Name, "kernels     PTX 7.8 for sm_80 by clang 19.1.7, SHA-256 "}},
		{[]string{"gpu", "info", "--format", "json"}, []string{`"gpu":{"name":"` + m.GPU.Name, `"source_sha256":"`}},
		{[]string{"gpu", "check", "--prompt", "5", "--model", "testdata/tiny.json"}, []string{"prefill     4          5", "decode      2         13", "agrees"}},
		{[]string{"gpu", "bench", "--model", "testdata/tiny.json", "--bits", "16,3", "--repeats", "1", "--passes", "--context", "4"},
			[]string{"GPU   " + m.GPU.Name, "tiny lm_head", "pass  context  kernels  bits"}},
		{[]string{"gpu", "bench", "--model", "testdata/tiny.json", "--bits", "3", "--repeats", "1", "--format", "json"},
			[]string{`{"kind":"gpu","gpu":"` + m.GPU.Name, `{"kind":"product","name":"tiny qkv","out":`, `"weight_bits":3,"bytes":`}},
	} {
		out, errs, code := pmpdsim(t, c.args...)
		if code != exitOK || errs != "" {
			t.Errorf("%v: exit code %d, %s", c.args, code, errs)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%v: no %q in\n%s", c.args, want, out)
			}
		}
		if m.Emulated && (strings.Contains(out, "seconds") || strings.Contains(out, "GB/s,") || strings.Contains(out, "calib")) {
			t.Errorf("%v: times of an emulation:\n%s", c.args, out)
		}
	}
}

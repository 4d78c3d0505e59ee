package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
)

// TestGPUErrors: no GPU, a request that is impossible, a driver that failed.
func TestGPUErrors(t *testing.T) {
	failed := &driver.Error{Call: "cuLaunchKernel", Text: "invalid argument", Code: 1}
	for _, c := range []struct {
		err  error
		code int
		want string
	}{
		{driver.ErrNotBuilt, exitNoGPU, "no GPU: this program was built without CUDA; make cuda builds one with it"},
		{fmt.Errorf("%w that can run it: %w", driver.ErrNone, failed), exitNoGPU, "no GPU that can run it: cuLaunchKernel: invalid argument (1)"},
		{fmt.Errorf("embed: %w", failed), exitFailed, "embed: cuLaunchKernel: invalid argument (1)"},
		{errors.New("too large; accepted: less"), exitUsage, "too large; accepted: less"},
	} {
		var b strings.Builder
		if code := exitCode(&b, onGPU(c.err)); code != c.code || b.String() != "pmpdsim: "+c.want+"\n" {
			t.Errorf("%v: exit code %d, %q", c.err, code, b.String())
		}
	}
	if onGPU(nil) != nil {
		t.Error("nothing became an error")
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
		{[]string{"gpu", "info", "--measure"}, []string{"GPU         " + m.GPU.Name, "kernels     PTX 7.8 for sm_90 by clang 19.1.7, SHA-256 "}},
		{[]string{"gpu", "info", "--format", "json"}, []string{`"gpu":{"name":"` + m.GPU.Name, `"source_sha256":"`}},
		{[]string{"gpu", "check", "--prompt", "5", "--model", "testdata/tiny.json"}, []string{"prefill     4          5", "decode      2         13", "agrees"}},
		{[]string{"gpu", "check", "--kernels", "all"}, []string{"golden             agrees", "attention-prefill  agrees"}},
		{[]string{"gpu", "check", "--kernels", "gemm", "--format", "json"}, []string{`{"kind":"kernel","check":"gemm","wrong":""}`}},
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

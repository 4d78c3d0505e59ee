package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
	"github.com/pmpdsim/pmpdsim/traces"
)

// onAGPU skips where there is neither a GPU nor the emulation.
func onAGPU(t *testing.T) *cuda.Machine {
	t.Helper()
	m, err := cuda.Describe(0, false)
	if errors.Is(err, driver.ErrNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestGPURecordsAList: prompts of several lengths under several schedules in one load, one of them with other bits for parts of a
// product. Tokens are the CPU's, or the lead of the CPU's was small.
func TestGPURecordsAList(t *testing.T) {
	m := onAGPU(t)
	dir := t.TempDir()
	list := filepath.Join(dir, "list.jsonl")
	if err := os.WriteFile(list, []byte("{\"id\":\"a\",\"ids\":[5,1,7]}\n{\"id\":\"b\",\"ids\":[9,2,2,8,40,3,11]}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	record := func(backend string) string {
		to := filepath.Join(dir, backend)
		out, errs, code := pmpdsim(t, "record", "--backend", backend, "--model", "testdata/tiny.json", "--weights", "random", "--prompts", list,
			"--gen", "6", "--schedule", "static:4>2@3", "--schedule", "uniform:3;k_proj=+1;gate_proj=16", "-o", to)
		if code != exitOK || !strings.Contains(errs, "tiny, 2 prompts of at most 7 tokens, 6 to generate, on ") || !strings.Contains(out, "uniform:3;k_proj=+1;gate_proj=16") {
			t.Fatalf("exit code %d, %s\n%s", code, errs, out)
		}
		return to
	}
	gpu, cpu := record("cuda"), record("cpu")
	for _, name := range []string{"a.static-42-3", "a.uniform-3_k_proj+1_gate_proj_16", "b.static-42-3", "b.uniform-3_k_proj+1_gate_proj_16"} {
		var all [2]*traces.Trace
		for i, from := range []string{gpu, cpu} {
			names, err := filepath.Glob(filepath.Join(from, name[:5]+"*"))
			if err != nil || len(names) != 1 {
				t.Fatal(names, err)
			}
			if all[i], err = traces.ReadFile(names[0]); err != nil {
				t.Fatal(err)
			}
		}
		if all[0].Header.GPU == nil || all[0].Header.GPU.Name != m.GPU.Name || all[1].Header.GPU != nil {
			t.Errorf("%s: machines %v and %v", name, all[0].Header.GPU, all[1].Header.GPU)
		}
		for i := range all[0].Steps {
			got, want := all[0].Steps[i], all[1].Steps[i]
			if *got.TokIn != *want.TokIn {
				break // an answer went another way before
			}
			if got.WBits != want.WBits || !reflect.DeepEqual(got.Assignment, want.Assignment) || *got.TokOut != *want.TokOut && *want.Margin > 0.1 {
				t.Errorf("%s, step %d: token %d at %d bits on the GPU, %d at %d on the CPU", name, i, *got.TokOut, got.WBits, *want.TokOut, want.WBits)
			}
		}
	}
}

// TestGPUCosimSaysWhichCaches: the GPU keeps fp16, whatever the NPU does.
func TestGPUCosimSaysWhichCaches(t *testing.T) {
	onAGPU(t)
	args := []string{"cosim", "--model", "testdata/tiny.json", "--weights", "random", "--prompt", "4", "--gen", "4", "--schedule", "uniform:4;v_proj=16",
		"--npu", "edge-lpddr5"}
	if out, errs, code := pmpdsim(t, args...); code != exitOK || !strings.Contains(out, "KV cache 16 bits there, 8 bits on the NPU") {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
	out, errs, code := pmpdsim(t, append(args, "--format", "json")...)
	if code != exitOK || !strings.Contains(out, `"kv_cache":"16"`) || !strings.Contains(out, `"uniform:4;v_proj=16"`) {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
}

// TestGPUQuality: the measures of a GPU are the CPU's, but for roundings, and its caches are fp16.
func TestGPUQuality(t *testing.T) {
	m := onAGPU(t)
	measured := func(backend string, more ...string) rows.Row {
		out, errs, code := pmpdsim(t, append([]string{"quality", "--backend", backend, "--prompts", "2", "--prompt", "8", "--gen", "5", "--schedule", "uniform:4;q_proj=+2",
			"--npu", "none", "--format", "json"}, more...)...)
		if code != exitOK {
			t.Fatalf("exit code %d, %s", code, errs)
		}
		all, err := rows.Read("rows", []byte(out))
		if err != nil || len(all) != 1 {
			t.Fatal(len(all), err)
		}
		return all[0]
	}
	gpu, cpu := measured("cuda"), measured("cpu")
	if gpu.Machine != m.GPU.Name || cpu.Machine != "" {
		t.Errorf("machines %q and %q", gpu.Machine, cpu.Machine)
	}
	if math.Abs(gpu.BitsPerToken-cpu.BitsPerToken) > 0.02 || math.Abs(gpu.KLMean-cpu.KLMean) > 0.01 || math.Abs(gpu.Agreement-cpu.Agreement) > 0.1+1e-9 {
		t.Errorf("%v bits a token, KL %v, agreement %v on the GPU; %v, %v, %v on the CPU", gpu.BitsPerToken, gpu.KLMean, gpu.Agreement, cpu.BitsPerToken,
			cpu.KLMean, cpu.Agreement)
	}
	_, errs, code := pmpdsim(t, "quality", "--backend", "cuda", "--prompts", "3", "--prompt", "8", "--gen", "6", "--npu", "none", "--kv-bits", "8")
	if code != exitUsage || !strings.Contains(errs, "--kv-bits: a cache of 8 bits, a scale a head is not run on a GPU; accepted: 16 bits; the CPU backend (--backend cpu) runs it") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/pmpdsim/pmpdsim/gpu/qualify"
	"github.com/pmpdsim/pmpdsim/traces"
)

// bundleOf makes a bundle of a GPU that was made up, with a trace that a CPU has recorded in its name.
func bundleOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "t.trace.jsonl")
	if _, errs, code := pmpdsim(t, "record", "--backend", "cpu", "--model", "testdata/tiny.json", "--weights", "random", "--prompt", "4", "--gen", "3", "--schedule", "uniform:4",
		"-o", path); code != exitOK {
		t.Fatal(errs)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	trace := strings.Replace(string(text), `"source":"cpu"`, `"source":"gpu","gpu":{"name":"NVIDIA H200"}`, 1)
	var packed bytes.Buffer
	z, err := zstd.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for name, text := range map[string]string{"tiny/prompt.uniform-4.trace.jsonl": trace, "tiny/manifest.json": "{}"} {
		err = errors.Join(err, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}))
		_, wrong := w.Write([]byte(text))
		err = errors.Join(err, wrong)
	}
	out := filepath.Join(dir, "bundle")
	err = errors.Join(err, w.Close(), z.Close(), os.Mkdir(out, 0o700))
	for name, text := range map[string]string{
		qualify.Traces: packed.String(),
		qualify.Info: `{"gpu":{"name":"NVIDIA H200","cc":"9.0","sms":132,"sm_khz_max":1980000,"driver":"550.1"},"emulated":false,"kernels":{"regs":{"gemv_ap2":96},"spills":{"gemv_ap2":0}},` +
			`"calib":{"copy_Bps":4.3e12,"node_gap_ns":1200,"event_ns":400}}` + "\n",
		qualify.Bench: `{"kind":"product","name":"tiny qkv","out":64,"in":32,"weight_bits":4,"bytes":5,"seconds":1e-6,"bytes_per_second":5e6}` + "\n",
		qualify.Summary: `{"kind":"bundle","format":"pmpdsim-qualify/1","tool":"pmpdsim 1","created":"2026-12-01T00:00:00Z","steps":["driver","info","kernels","traces:tiny","nsight"]}
{"kind":"step","step":"driver","status":"ok"}
{"kind":"step","step":"info","status":"ok"}
{"kind":"step","step":"kernels","status":"failed","reason":"norm: value 3 is NaN"}
{"kind":"step","step":"traces:tiny","status":"ok","command":["pmpdsim","record","--schedule","static:4>3@2","-o","/tmp/x"]}
{"kind":"step","step":"nsight","status":"skipped","reason":"ncu is not here"}
{"kind":"end","reason":"complete"}
`} {
		err = errors.Join(err, os.WriteFile(filepath.Join(out, name), []byte(text), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// checkoutOf is what a checkout has that a bundle changes.
func checkoutOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	err := os.CopyFS(filepath.Join(dir, recordedFolder), os.DirFS(filepath.Join("../..", recordedFolder)))
	err = errors.Join(err, os.Mkdir(filepath.Join(dir, "docs"), 0o700))
	for _, name := range []string{"gpu.md", "gpu-kernels.md", "validation.md"} {
		text, wrong := os.ReadFile(filepath.Join("../../docs", name))
		err = errors.Join(err, wrong, os.WriteFile(filepath.Join(dir, "docs", name), text, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestABundleBecomesPartOfTheRepository: traces that the manifest lists, an NPU that loads, tables; and nothing before --partial says
// that what is missing is known.
func TestABundleBecomesPartOfTheRepository(t *testing.T) {
	bundle, into := bundleOf(t), checkoutOf(t)
	before := contents(t, into)
	out, errs, code := pmpdsim(t, "gpu", "adopt", bundle, "--into", into)
	if code != exitUsage || out != "" || !strings.Contains(errs, "note: kernels: failed: norm: value 3 is NaN\n") || !strings.Contains(errs, " lacks kernels; accepted: ") {
		t.Errorf("status %d, %q, %s", code, out, errs)
	}
	out, errs, code = pmpdsim(t, "gpu", "adopt", "--rehearse", bundle, "--into", into)
	if code != exitOK || strings.Count(out, "would write ") != 6 || !maps.Equal(contents(t, into), before) {
		t.Errorf("rehearsed: status %d, %s%s", code, out, errs)
	}
	out, errs, code = pmpdsim(t, "gpu", "adopt", bundle, "--into", into, "--partial")
	if code != exitOK || !strings.Contains(out, "wrote traces/recorded/h200-tiny.uniform-4.trace.jsonl, ") {
		t.Fatalf("status %d, %s%s", code, out, errs)
	}
	if err := traces.CheckFolder(filepath.Join(into, recordedFolder)); err != nil {
		t.Error(err)
	}
	m, err := traces.ReadManifest(filepath.Join(into, recordedFolder))
	if err != nil {
		t.Fatal(err)
	}
	r, l, ok := m.Of("h200-tiny.uniform-4.trace.jsonl")
	if !ok || r.Machine != "NVIDIA H200" || r.Command != "pmpdsim record --schedule 'static:4>3@2' -o traces/recorded" || l.Schedule != "uniform:4" {
		t.Errorf("%v, %+v, %+v", ok, r, l)
	}
	for name, want := range map[string]string{"docs/gpu.md": "| kernels | failed norm: value 3 is NaN | 0.0 | 0 |", "docs/gpu-kernels.md": "| tiny qkv | 64 | 32 | 4 | 1.00 |",
		"docs/validation.md": "| h200-tiny.uniform-4.trace.jsonl | ", "traces/recorded/h200.yaml": "dispatch: 1200ns"} {
		text, err := os.ReadFile(filepath.Join(into, filepath.FromSlash(name)))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%v, %s has no %s", err, name, want)
		}
	}
	if out, errs, code := pmpdsim(t, "validate", filepath.Join(into, recordedFolder, "h200-tiny.uniform-4.trace.jsonl"), "--npu", filepath.Join(into, recordedFolder, "h200.yaml")); code != exitOK {
		t.Errorf("status %d, %s%s", code, out, errs)
	}
	after := contents(t, into)
	if out, errs, code = pmpdsim(t, "gpu", "adopt", bundle, "--into", into, "--partial"); code != exitOK || !maps.Equal(contents(t, into), after) {
		t.Errorf("again: status %d, %s%s", code, out, errs)
	}
}

func TestWhatCannotBeAdopted(t *testing.T) {
	bundle := bundleOf(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{t.TempDir()}, "summary.jsonl is empty, or not there; accepted: a folder that gpu qualify has written"},
		{[]string{bundle, "--partial", "--into", t.TempDir()}, "there is no traces/recorded/manifest.json; accepted: a checkout of the repository"},
		{nil, "gpu adopt: BUNDLE is missing; accepted: pmpdsim gpu adopt BUNDLE"},
	} {
		if out, errs, code := pmpdsim(t, append([]string{"gpu", "adopt"}, c.args...)...); code != exitUsage || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d, %s%s", c.args, code, out, errs)
		}
	}
	info, err := os.ReadFile(filepath.Join(bundle, qualify.Info))
	if err == nil {
		err = os.WriteFile(filepath.Join(bundle, qualify.Info), bytes.Replace(info, []byte("H200"), []byte("H100"), 1), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, errs, code := pmpdsim(t, "gpu", "adopt", bundle, "--partial", "--into", checkoutOf(t)); code != exitUsage || !strings.Contains(errs, "is of another machine; accepted: of NVIDIA H100") {
		t.Errorf("status %d, %s", code, errs)
	}
}

package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/sim/paper"
	"github.com/pmpdsim/pmpdsim/sim/sweep"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/traces"
)

// What follows runs commands by their options alone.

const tinySweep = `npu: pmpd-paper
models: testdata/tiny.json
lengths: [{prompt: 8, gen: 4}]
schedules: [fp16, "uniform:4"]
`

func TestSweepNeedsNoCommandLine(t *testing.T) {
	dir := t.TempDir()
	model, err := filepath.Abs("testdata/tiny.json")
	if err != nil {
		t.Fatal(err)
	}
	spec, results := filepath.Join(dir, "study.yaml"), filepath.Join(dir, "results")
	if err := os.WriteFile(spec, []byte(strings.Replace(tinySweep, "testdata/tiny.json", model, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	o := &sweepOptions{spec: spec, dryRun: true, most: 2, workers: 2}
	if out, _, err := invoke(t, o); err != nil || !strings.HasPrefix(out, "2 points, about ") || !strings.Contains(out, " on 2 workers, ") {
		t.Errorf("a dry run: %v, %q", err, out)
	}
	o.dryRun = false
	if _, _, err := invoke(t, o); err == nil || err.Error() != "--output is missing; accepted: a directory for the results" {
		t.Errorf("no output: %v", err)
	}
	s, err := sweep.Load(spec, sweep.MostPoints)
	if err != nil {
		t.Fatal(err)
	}
	points, err := s.Points(t.Context(), spec, codeVersion())
	if err != nil {
		t.Fatal(err)
	}
	d, err := sweep.Create(t.Context(), results, sweep.Order{Spec: s, Name: "study.yaml", Points: points, Version: codeVersion()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	_, errs, err := invoke(t, &exportOptions{results, filepath.Join(dir, "t.csv")})
	if err != nil || errs != "pmpdsim: note: 2 points have no result yet and no row\n" {
		t.Errorf("exported before anything was simulated: %v, %q", err, errs)
	}
	feed(t, results, len(points))
	if out, _, err := invoke(t, sweepStatus{results, "json"}); err != nil || !strings.Contains(out, `"points":2,"done":2,"does_not_fit":0,"failed":0,"left":0`) {
		t.Errorf("status: %v, %s", err, out)
	}
	if _, errs, err := invoke(t, &exportOptions{results, filepath.Join(dir, "t.csv")}); err != nil || errs != "" {
		t.Errorf("export: %v, %q", err, errs)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "t.csv")); err != nil || strings.Count(string(data), "\n") != 3 {
		t.Errorf("exported: %v, %s", err, data)
	}
}

// feed lets a worker do the points, one after the other, as a sweep does.
func feed(t *testing.T, dir string, points int) {
	t.Helper()
	in, numbers := io.Pipe()
	answers, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := (&jobOptions{dir: dir}).run(t.Context(), streams{in, out, io.Discard, files.NewClaims(t.Context())})
		_ = out.CloseWithError(err) // it never fails
		ended <- err
	}()
	lines := bufio.NewScanner(answers)
	next := func(want string) {
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("a worker says %q (%v), want %q", lines.Text(), lines.Err(), want)
		}
	}
	next("ready")
	for i := range points {
		if _, err := io.WriteString(numbers, strconv.Itoa(i)+"\n"); err != nil {
			t.Fatal(err)
		}
		next("done")
	}
	_ = numbers.Close() // it never fails
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func TestPaperNeedsNoCommandLine(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds of simulation")
	}
	dir := t.TempDir()
	o := &paperOptions{waterfall: true, panel: "iwslt", model: "mobilellama-1.4b", scheme: "fp16", workers: 2, format: "json",
		csv: filepath.Join(dir, "rows.csv"), picture: picture{path: filepath.Join(dir, "bars.svg"), command: "pmpdsim paper"}}
	out, errs, err := invoke(t, o)
	if err != nil || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "interpolated") || strings.Count(out, "\n") < 5 {
		t.Errorf("error %v, %q, %d stages", err, errs, strings.Count(out, "\n"))
	}
	if data, err := os.ReadFile(o.csv); err != nil || strings.Count(string(data), "\n") != strings.Count(out, "\n")+1 {
		t.Errorf("rows: %v, %d lines", err, strings.Count(string(data), "\n"))
	}
	if data, err := os.ReadFile(o.picture.path); err != nil || !strings.Contains(string(data), ": pmpdsim paper</desc>") {
		t.Errorf("the picture does not say what made it (%v)", err)
	}
	o.scheme = "fastest"
	if _, _, err := invoke(t, o); err == nil || !strings.HasPrefix(err.Error(), "--waterfall: ") {
		t.Errorf("a bar that is none: %v", err)
	}
	o.npu.name, o.waterfall, o.picture.path = paper.NPU, false, filepath.Join(dir, "bars.bmp")
	if _, _, err := invoke(t, o); err == nil || !strings.HasPrefix(err.Error(), "--output: ") {
		t.Errorf("a picture of no known format: %v", err)
	}
}

// tinyEngine decodes a small model on the CPU.
func tinyEngine(t *testing.T) engineOptions {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny-llama")
	if err := writeModel(dir, gputest.Config("llama")); err != nil {
		t.Fatal(err)
	}
	return engineOptions{from: dir, tokens: ptr(6), gen: ptr(8), seed: 1, backend: backendCPU, threads: 2, reference: true}
}

func TestRecordAndCosimNeedNoCommandLine(t *testing.T) {
	const schedule = "confidence:4>3,window=2,k=0.1"
	e := tinyEngine(t)
	path := filepath.Join(t.TempDir(), "a"+traces.Suffix)
	out, errs, err := invoke(t, &recordOptions{engine: e, schedules: []string{schedule}, ignoreEOS: true, output: path})
	if err != nil || errs != "pmpdsim: tiny-llama, 6 prompt tokens, 8 to generate, on the CPU\n" || !strings.Contains(out, "8 tokens in 7 decode passes") {
		t.Fatalf("record: %v, %q, %s", err, errs, out)
	}
	recorded, err := traces.ReadFile(path)
	if err != nil || len(recorded.Steps) != 7 {
		t.Fatalf("%d steps, %v", len(recorded.Steps), err)
	}
	out, _, err = invoke(t, &cosimOptions{npu: npuOptions{name: "pmpd-paper"}, engine: e, schedules: []string{schedule}, workers: 2, format: "json"})
	if err != nil || !strings.Contains(out, `"schedule":"`+schedule+`"`) {
		t.Fatalf("cosim: %v, %s", err, out)
	}
	// What the NPU did beside the engine is what it does with the trace that the engine recorded.
	replayed, _, err := invoke(t, &runOptions{npu: npuOptions{name: "pmpd-paper"}, workload: workloadOptions{trace: &path}, batch: 1, workers: 1,
		schedules: []string{schedule}, format: "json"})
	cycles := func(s string) string { _, s, _ = strings.Cut(s, `"cycles":`); s, _, _ = strings.Cut(s, ","); return s }
	if err != nil || cycles(out) == "" || cycles(out) != cycles(replayed) {
		t.Errorf("cosim took %s cycles, run %s (%v)", cycles(out), cycles(replayed), err)
	}
	e.weights = t.TempDir()
	if _, _, err := invoke(t, &recordOptions{engine: e, output: path}); err == nil || !strings.HasPrefix(err.Error(), "--weights: ") {
		t.Errorf("weights that are not there: %v", err)
	}
}

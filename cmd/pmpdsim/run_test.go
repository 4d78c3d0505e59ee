package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// invoke runs a command without a command line and returns what it wrote.
func invoke(t *testing.T, o command) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = o.run(t.Context(), streams{strings.NewReader(""), &out, &errs, files.NewClaims(t.Context())})
	return out.String(), errs.String(), err
}

func ptr[T any](v T) *T { return &v }

// tinyRun is tiny as options.
func tinyRun() *runOptions {
	return &runOptions{npu: npuOptions{name: defaultNPU, unnamed: true}, batch: 1, workers: 1, format: "json",
		workload: workloadOptions{model: ptr("testdata/tiny.json"), prompt: ptr(16), gen: ptr(6)}}
}

func TestRunNeedsNoCommandLine(t *testing.T) {
	t.Run("it is what the command line runs", func(t *testing.T) {
		got, errs, err := invoke(t, tinyRun())
		want, _, code := pmpdsim(t, shortJob()...)
		if err != nil || errs != "" || code != exitOK || got != want {
			t.Errorf("error %v, %q; %d bytes, not the %d that the command line gets", err, errs, len(got), len(want))
		}
	})
	t.Run("a schedule that is given twice is run once, and said so", func(t *testing.T) {
		o := tinyRun()
		o.schedules = []string{"static:4>2@3", "uniform:3", "static:4>2@3"}
		o.prefill = ptr(4)
		out, errs, err := invoke(t, o)
		want := "pmpdsim: note: schedule static:4>2@3 is given twice and run once\n"
		if err != nil || errs != want || strings.Count(out, "\n") != 2 {
			t.Errorf("error %v, %q, want %q; %d lines", err, errs, want, strings.Count(out, "\n"))
		}
	})
	for _, c := range []struct {
		name   string
		change func(*runOptions)
		want   string
	}{
		{"a trace and other lengths", func(o *runOptions) {
			o.workload = workloadOptions{trace: ptr("../../traces/default.trace.jsonl.zst"), gen: ptr(3)}
		},
			"--gen 3: the trace ../../traces/default.trace.jsonl.zst was recorded with 60; accepted: one of --gen and --trace"},
		{"a short form with a wrong value is blamed as it was written",
			func(o *runOptions) { o.npu.short = []shortForm{{"cores", "0", "cores=0"}} },
			"--cores 0: cores: "},
		{"no style to give an area to", func(o *runOptions) { o.npu.isoArea = true }, "--iso-area: there is no other style to give the area to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := tinyRun()
			c.change(o)
			out, _, err := invoke(t, o)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || out != "" {
				t.Errorf("error %v, want %q; output %q", err, c.want, out)
			}
		})
	}
}

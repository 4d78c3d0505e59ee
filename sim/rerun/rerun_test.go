package rerun

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// written runs schedules on a changed NPU, whose memory is fast to simulate, and writes their results.
func written(t *testing.T, schedules ...string) string {
	t.Helper()
	cfg, err := config.Preset("pmpd-paper")
	if err == nil {
		err = cfg.Set([]string{"array.rows=16", "name=mine"})
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := workloads.Load("qwen2.5-0.5b")
	if err != nil {
		t.Fatal(err)
	}
	m.Name, m.Layers = "small", 2
	var jobs []replay.Job
	for _, text := range schedules {
		s, err := precision.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, replay.Job{Config: cfg, Model: m, Task: workloads.CustomTask, Prompt: 8, Generated: 5, Batch: 2, Schedule: s})
	}
	prepared, err := replay.PrepareAll(jobs)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := replay.Run(t.Context(), prepared, replay.Options{Workers: 2, Version: "A"})
	if err != nil {
		t.Fatal(err)
	}
	rs[0].Breakdown(cfg)
	if rs[1].Tilings, err = prepared[1].Tilings(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := result.WriteJSON(&b, rs); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// again runs lines again as version B.
func again(t *testing.T, lines string) ([]study.Verdict, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r.jsonl")
	if err := os.WriteFile(path, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := study.ReadLines(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Prepare(s, Traces{})
	if err != nil {
		return nil, err
	}
	done := 0
	all, err := p.Run(t.Context(), replay.Options{Workers: 2, Version: "B"}, func(n int) { done = n })
	if err == nil && done != len(s.Outcomes) {
		t.Errorf("%d of %d are said to be done", done, len(s.Outcomes))
	}
	return all, err
}

func TestResultsAreRunAgainFromThemselves(t *testing.T) {
	text := written(t, "fp16", "uniform:4,prefill=16", "static:4>3@2", "random:4>3,seed=7")
	lines := strings.SplitAfter(text, "\n")
	for name, some := range map[string]string{"all": text, "one, whose baselines are not there": lines[2], "in another order": lines[3] + lines[0]} {
		t.Run(name, func(t *testing.T) {
			all, err := again(t, some)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range all {
				if !v.Equal || !v.Bytes || v.MadeBy != "A" {
					t.Errorf("%+v", v)
				}
			}
		})
	}
	t.Run("what differs is named", func(t *testing.T) {
		all, err := again(t, strings.Replace(lines[2], `"kv_bits":8`, `"kv_bits":4`, 1))
		if err != nil || all[0].Equal || len(all[0].Differences) != 1 || all[0].Differences[0] != (study.Difference{Key: "kv_bits", Was: "4", Is: "8"}) {
			t.Errorf("%+v, %v", all, err)
		}
	})
	for name, c := range map[string]struct{ from, to, want string }{
		"inputs that are not those of the fingerprint": {`"rows":16`, `"rows":32`, ": inputs.npu has the fingerprint "},
		"a model that is not":                          {`"layers":2`, `"layers":3`, ": inputs.model has the fingerprint "},
		"none":                                         {`"inputs":`, `"was":`, ": carries no inputs: "},
		"a trace that is not there":                    {`"version":`, `"trace_sha256":"ffff","version":`, ": needs the trace with the SHA-256 ffff"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := again(t, strings.Replace(lines[2], c.from, c.to, 1)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// TestLongResultsAreNotAllRunAtOnce: the counts of each pass are kept while a group runs.
func TestLongResultsAreNotAllRunAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	if err := os.WriteFile(path, []byte(written(t, "fp16", "uniform:4", "uniform:3", "uniform:2")), 0o644); err != nil {
		t.Fatal(err)
	}
	for generated, want := range map[int]int{5: 1, replay.MostTokens: 2} {
		s, err := study.ReadLines(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range s.Outcomes {
			o.GeneratedTokens = generated
		}
		p, err := Prepare(s, Traces{})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.groups) != want {
			t.Errorf("%d tokens each: %d groups", generated, len(p.groups))
		}
	}
}

package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// ownOperators are those that the NPU has beside the model's.
var ownOperators = []string{"switch", "quantise", "kv_convert", "softmax_merge", "attention_out", "exchange", "scheduler", "dispatch", "host"}

// decodeOperators simulates a decode of a model and returns its operators.
func decodeOperators(t *testing.T, m *workloads.Model, generated int, set ...string) []result.Operator {
	t.Helper()
	c, err := config.Preset("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set(set); err != nil {
		t.Fatal(err)
	}
	s, err := precision.Parse("uniform:4")
	if err != nil {
		t.Fatal(err)
	}
	p, err := replay.Prepare(replay.Job{Config: c, Model: m, Prompt: 9, Generated: generated, Schedule: s})
	if err != nil {
		t.Fatal(err)
	}
	rs, err := replay.Run(t.Context(), []*replay.Prepared{p}, replay.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	return rs[0].Operators.Decode
}

// recorded runs a model on the CPU, every pass taken apart, and returns the ops table with the time of each op in all passes.
func recorded(t *testing.T, family string, generated int) (*workloads.Model, []traces.Op, []int64) {
	t.Helper()
	source := gputest.Random(t, family, 1)
	m := source.Model()
	began := time.Now()
	b, err := cpu.Open(t.Context(), source, cpu.Options{Workers: 1, SampleOps: 1, Now: func() time.Duration { return time.Since(began) }})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s, err := precision.Parse("uniform:4")
	if err != nil {
		t.Fatal(err)
	}
	r, err := gpu.NewRecorder(t.Context(), b, gpu.Job{Model: m, Prompt: gputest.Prompt(m, 9), Generate: generated, Schedule: s, IgnoreEOS: true,
		WeightsSHA256: gputest.Sum(source), Tool: "test"})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := r.Write(&file, nil); err != nil {
		t.Fatal(err)
	}
	reader, err := traces.NewReader("t"+traces.Suffix, &file)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	trace, err := traces.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	sum := make([]int64, len(trace.Ops.Ops))
	for _, step := range trace.Steps {
		if len(step.OpNS) != len(sum) {
			t.Fatalf("step %d has times of %d ops, the table has %d", step.I, len(step.OpNS), len(sum))
		}
		for i, ns := range step.OpNS {
			sum[i] += ns
		}
	}
	return m.Model, trace.Ops.Ops, sum
}

// An operator has one name: times of the NPU and of a recorded run can be set side by side, row by row, whatever either of
// them computes as one.
func TestOperatorsOfNPUAndTraceJoin(t *testing.T) {
	const generated = 4
	for _, family := range gputest.Families() {
		m, table, times := recorded(t, family, generated)
		var right []string
		for _, o := range table {
			right = append(right, ops.InLayer(o.Name))
		}
		for _, set := range [][]string{{}, {"fusion=elementwise", "cores=2"}} {
			t.Run(family+" "+strings.Join(set, " "), func(t *testing.T) {
				npu := decodeOperators(t, m, generated, set...)
				var left []string
				for _, o := range npu {
					left = append(left, o.Name)
				}
				joined, seen := 0, int64(0)
				for _, row := range ops.Join(left, right) {
					var simulated float64
					for _, i := range row.Left {
						simulated += npu[i].Array + npu[i].Vector + npu[i].Memory
					}
					for _, i := range row.Right {
						seen += times[i]
					}
					switch {
					case len(row.Right) == 0 && !slices.Contains(ownOperators, row.Members[0]):
						t.Errorf("only the NPU has %v", row.Members)
					case len(row.Left) == 0 && !slices.Equal(row.Members, []string{ops.SoftmaxMerge}):
						t.Errorf("only the trace has %v", row.Members)
					case len(row.Left) > 0 && len(row.Right) > 0:
						joined++
						if simulated <= 0 {
							t.Errorf("%v take no time on the NPU", row.Members)
						}
					}
				}
				total := int64(0)
				for _, ns := range times {
					total += ns
				}
				if seen != total {
					t.Errorf("the rows have %d ns of the trace's %d", seen, total)
				}
				if joined < 8 {
					t.Errorf("%d rows have both sides, want embed, norms, projections, rope, attention, o, the MLP, lm_head, sample: %v, %v", joined,
						left, right)
				}
			})
		}
	}
}

// Of every family, those that the decode engine does not run included: the NPU's operators are the model's or its own.
func TestOperatorsOfEveryFamilyAreTheModels(t *testing.T) {
	done := map[workloads.Family]bool{}
	for _, preset := range workloads.Models() {
		if done[preset.Family] {
			continue
		}
		done[preset.Family] = true
		t.Run(string(preset.Family), func(t *testing.T) {
			m := *preset
			m.Name, m.Layers, m.Hidden, m.FFN, m.Vocab = "small", 2, 256, 512, 1000
			m.Heads, m.KVHeads, m.HeadDim, m.RotaryDim = 4, 2, 64, min(64, preset.RotaryDim)
			var names, met []string
			for _, o := range ops.Step(&m) {
				if !slices.Contains(names, o.Name) {
					names = append(names, o.Name)
				}
			}
			for _, o := range decodeOperators(t, &m, 3) {
				for _, name := range ops.Members(o.Name) {
					met = append(met, name)
					if !slices.Contains(names, name) && !slices.Contains(ownOperators, name) {
						t.Errorf("the NPU has %s, the model has %v", name, names)
					}
				}
			}
			for _, name := range names {
				// Softmax and caps run behind the tiles of the scores, and count for them.
				if !slices.Contains(met, name) && name != "softmax" && name != "attention_softcap" {
					t.Errorf("the NPU has no %s, only %v", name, met)
				}
			}
		})
	}
}

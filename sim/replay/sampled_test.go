package replay

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/replay/rows"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// drawn is a random job that is simulated soon.
type drawn struct {
	*rand.Rand
	said []string
}

func (d *drawn) of(what string, values ...any) string {
	v := fmt.Sprint(values[d.IntN(len(values))])
	d.said = append(d.said, what+"="+v)
	return v
}

// model draws a model of some layers.
func (d *drawn) model(t *testing.T) *workloads.Model {
	t.Helper()
	heads := 2 << d.IntN(2)
	keys := fmt.Sprintf(`"hidden_size": %d, "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d, "vocab_size": %s,
		"intermediate_size": %s, "max_position_embeddings": 4096, "hidden_act": "silu", "rms_norm_eps": 1e-5, "tie_word_embeddings": true`,
		heads*32, 1+d.IntN(2), heads, 1<<d.IntN(2), d.of("vocab", 128, 512), d.of("ffn", 96, 256))
	switch d.of("family", "llama", "llama", "mistral", "mixtral") {
	case "mistral":
		keys = fmt.Sprintf(`"model_type": "mistral", "sliding_window": %s, `, d.of("window", 16, 40, 100)) + keys
	case "mixtral":
		keys = `"model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 2, ` + keys
	default:
		keys = `"model_type": "llama", ` + keys
	}
	m, err := workloads.ParseConfig("m", "config.json", []byte("{"+keys+"}"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// npu draws an NPU.
func (d *drawn) npu(t *testing.T) *config.Config {
	t.Helper()
	c, err := config.Preset(d.of("npu", "edge-lpddr5", "edge-lpddr4x", "laptop-lpddr5x", "card-hbm3", "pmpd-paper", "pmpd-paper", "pmpd-paper", "rk3588"))
	if err != nil {
		t.Fatal(err)
	}
	set := func(key string, values ...any) {
		if d.IntN(2) == 0 {
			if err := c.Set([]string{key + "=" + d.of(key, values...)}); err != nil {
				d.said = d.said[:len(d.said)-1] // not together with what was drawn before
			}
		}
	}
	set("runtime.class", "ideal", "graph", "per-op")
	set("scratchpad.size", "64KiB", "256KiB", "1MiB")
	set("scratchpad.tile", "4KiB", "16KiB", "32KiB")
	set("cores", 1, 2, 3)
	set("kv.bits", 4, 8, 16)
	set("kv.group", 16, 32)
	set("array.rows", 8, 16, 64)
	set("array.cols", 8, 32)
	set("array.style", "lut", "dequant-fp16", "int8", "bit-parallel-fused")
	set("dram.channels", 1, 2)
	set("dram.refresh", "none", "per-bank")
	set("weights.layout", "packed", "plane-major")
	set("graph.context", 0, 256)
	set("dram.page", "closed", "adaptive")
	return c
}

// job draws a job with a sampling.
func (d *drawn) job(t *testing.T) Job {
	t.Helper()
	schedule := d.of("schedule", "fp16", "uniform:4", "static:4>3>2", "static:4>2@7", "random:4>3,seed=5", "uniform:3,prefill=8")
	s, err := precision.Parse(schedule)
	if err != nil {
		t.Fatal(err)
	}
	j := Job{Config: d.npu(t), Model: d.model(t), Task: workloads.CustomTask, Prompt: 1 + d.IntN(60), Generated: 8 + d.IntN(50), Schedule: s, DecodeOnly: true}
	if j.Config.DRAM.Standard == config.IdealDRAM {
		j.Generated += d.IntN(300) // soon simulated
	}
	j.Batch = []int{1, 1, 2, 3, 8}[d.IntN(5)]
	j.Sampling.Tolerance = []float64{0.001, 0.003, 0.01}[d.IntN(3)]
	d.said = append(d.said, fmt.Sprintf("prompt=%d gen=%d batch=%d passes=%s", j.Prompt, j.Generated, j.Batch, j.Sampling))
	return j
}

// TestSampledPassesAreWithinTheTolerance holds random jobs against the same with every pass. In the mean over the passes time,
// traffic and energy are within the tolerance, and simulated passes are equal.
func TestSampledPassesAreWithinTheTolerance(t *testing.T) {
	cases := 300
	if testing.Short() {
		cases = 30
	} else if simtest.Long() {
		cases = 3000
	}
	some, passes, ran := 0, 0, 0
	var worst [3]float64                                         // of the tolerance
	pools := [2]*MachinePool{new(MachinePool), new(MachinePool)} // so that the two share no steps
	for seed := 0; ran < cases; seed++ {
		d := &drawn{Rand: rand.New(rand.NewPCG(uint64(seed), 7))}
		j := d.job(t)
		sampled, err := Prepare(j)
		if err != nil {
			continue // it does not fit
		}
		ran++
		tolerance := j.Sampling.Tolerance
		j.Sampling = Sampling{}
		all, err := Prepare(j)
		if err != nil {
			t.Fatal(err)
		}
		var rs [2]*result.Result
		var of [2][]rows.Row
		for i, p := range []*Prepared{all, sampled} {
			r, passes, err := RunRows(t.Context(), []*Prepared{p}, Options{Workers: 2, Machines: pools[i]})
			if err != nil {
				t.Fatalf("%d: %v: %v", seed, d.said, err)
			}
			rs[i], of[i] = r[0], passes[0]
		}
		some, passes = some+rs[1].PassesSimulated, passes+j.Passes()
		for i, off := range [3]float64{rs[1].DecodeSeconds / rs[0].DecodeSeconds, rs[1].DRAMBytesPerToken / rs[0].DRAMBytesPerToken, rs[1].EnergyPerToken / rs[0].EnergyPerToken} {
			off = math.Abs(off - 1)
			if worst[i] = max(worst[i], off/tolerance); off > tolerance {
				t.Errorf("%d: %s is %.3g off, more than %g; %d of %d simulated: %s", seed, [3]string{"time", "traffic", "energy"}[i], off, tolerance,
					rs[1].PassesSimulated, j.Passes(), strings.Join(d.said, " "))
			}
		}
		checkRows(t, rs[1], of[0], of[1])
	}
	t.Logf("%d jobs; %d of %d passes simulated; at worst %.3g of the tolerance in time, %.3g in traffic, %.3g in energy", ran, some, passes, worst[0], worst[1], worst[2])
	if some > passes*9/10 {
		t.Errorf("%d of %d passes are simulated: nearly nothing is interpolated", some, passes)
	}
}

// checkRows checks the passes of a sampled run against those of all.
func checkRows(t *testing.T, r *result.Result, all, some []rows.Row) {
	t.Helper()
	exact, seconds := 0, 0.0
	for i := range some {
		a, s := all[i], some[i]
		seconds += s.Seconds
		if !s.Exact {
			continue
		}
		if exact++; a.Seconds != s.Seconds || a.Bytes != s.Bytes || a.Joules != s.Joules || a.BoundBy != s.BoundBy {
			t.Errorf("pass %d was simulated: %+v, of all %+v", s.Pass, s, a)
		}
	}
	if exact != r.PassesSimulated || math.Abs(seconds/r.DecodeSeconds-1) > 1e-9 {
		t.Errorf("%d exact rows of %v s, the result has %d of %v s", exact, seconds, r.PassesSimulated, r.DecodeSeconds)
	}
}

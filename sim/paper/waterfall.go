package paper

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/paper/rows"
	"github.com/pmpdsim/pmpdsim/sim/replay"
)

// Stage is a stage of the waterfall from the paper's machine to a real one. It includes the changes of all stages
// before.
type Stage struct {
	Name   string
	Set    []string // assignments to NPU keys that this stage adds; empty if it only changes what is counted
	Config *config.Config

	Prefill    bool // prefill and the first decode pass count
	Classifier bool // a learned schedule's classifier counts, once
}

// stageSpec is a stage without its configuration: the keys or sections whose values it takes from the target, and
// further assignments.
type stageSpec struct {
	name string
	keys []string
	set  []string
}

// stageSpecs returns the stages that change the configuration. Peak bandwidths differ by 6.6 % (34.1 instead of 32
// GB/s): four channels of lpddr4x-4266 are the real memory nearest to the paper's number (docs/sources.md E.1). Weights
// are packed first and bit-planes later, so that the losses of the memory and of the layout show apart.
func stageSpecs() []stageSpec {
	return []stageSpec{
		{name: "LPDDR4X-4266 x 4, timing, refresh", keys: []string{"dram"}},
		{name: "bit-planes, 1 KiB in turns", keys: []string{"weights"}},
		{name: "codebooks", keys: []string{"count.codebooks"}},
		{name: "norms, embedding, biases", keys: []string{"count.params"}},
		{name: "lm_head in fp16", keys: []string{"count.lm_head", "lm_head"}},
		{name: "KV cache in fp16", set: []string{"kv.bits=16"}},
		{name: "array, vector unit, DMA, launch", keys: []string{"clock", "process", "cores", "array", "vector", "scratchpad", "dma", "noc",
			"sequencer", "tiling", "fusion"}},
		{name: "dispatch, as measured on RK3588", keys: []string{"runtime"}},
	}
}

// Stages returns the stages from the paper's machine to a real one.
func Stages() ([]Stage, error) {
	cfg, err := config.Preset(NPU)
	if err != nil {
		return nil, err
	}
	target, err := config.Preset(rows.Target)
	if err != nil {
		return nil, err
	}
	packed := []string{"weights.layout=packed"} // without effect on an ideal memory
	if err := cfg.Set(packed); err != nil {
		return nil, err
	}
	stages := []Stage{{Name: "the paper's: 32 GB/s", Set: packed, Config: cfg}}
	for _, c := range stageSpecs() {
		next := *stages[len(stages)-1].Config
		set := append(assignments(&next, target, c.keys), c.set...)
		if err := next.Set(set); err != nil {
			return nil, fmt.Errorf("stage %s: %w", c.name, err)
		}
		stages = append(stages, Stage{Name: c.name, Set: set, Config: &next})
	}
	last := stages[len(stages)-1].Config
	return append(stages, Stage{Name: "prefill counted", Config: last, Prefill: true},
		Stage{Name: "learned classifier", Config: last, Prefill: true, Classifier: true}), nil
}

// assignments returns the assignments that give keys and sections of one configuration the values of another.
func assignments(from, to *config.Config, keys []string) []string {
	var all []string
	for _, k := range config.Keys() {
		if !slices.ContainsFunc(keys, func(key string) bool { return k.Path == key || strings.HasPrefix(k.Path, key+".") }) {
			continue
		}
		before, _ := from.Get(k.Path)
		if after, _ := to.Get(k.Path); after != before {
			all = append(all, k.Path+"="+after)
		}
	}
	return all
}

// Waterfall simulates bars at all stages, and returns a row per stage for each bar. Options.Sampling applies to real
// memories.
func Waterfall(ctx context.Context, bars []Bar, o Options) ([]rows.Waterfall, error) {
	stages, err := Stages()
	if err != nil {
		return nil, err
	}
	all := withBaselines(bars)
	perBar := make([][]rows.Waterfall, len(bars))
	var times map[key]*timing
	for i, s := range stages {
		if len(s.Set) > 0 {
			if times, err = simulate(ctx, s.Config, all, o.stage(stages, i)); err != nil {
				return nil, err
			}
		}
		for b := range bars {
			f, err := s.row(&bars[b], times)
			if err != nil {
				return nil, err
			}
			f.Stage = i
			perBar[b] = append(perBar[b], f)
		}
	}
	return slices.Concat(perBar...), nil
}

// stage returns the options of one stage. Prefill is simulated with the last configuration only.
func (o Options) stage(stages []Stage, i int) Options {
	report := o.Progress
	simulated := 0
	for _, s := range stages {
		if len(s.Set) > 0 {
			simulated++
		}
	}
	o.Prefill = i == simulated-1
	if SamplingFor(stages[i].Config).All() {
		o.Sampling = replay.Sampling{}
	}
	o.Progress = func(p replay.Progress) {
		if report != nil {
			report(replay.Progress{Passes: i, Total: simulated, Share: (float64(i) + p.Share) / float64(simulated)})
		}
	}
	return o
}

// row returns a bar at a stage, with the fp16 and uniform bars that it is compared with.
func (s *Stage) row(b *Bar, times map[key]*timing) (rows.Waterfall, error) {
	f := rows.Waterfall{Panel: b.Panel, Model: b.Model, Scheme: b.Scheme, Inferred: b.Scheme == rows.Learned, Name: s.Name, Set: s.Set,
		Config: s.Config.Fingerprint()}
	fp16, uniform := b.as(rows.FP16), b.as(rows.Uniform)
	for _, x := range []struct {
		bar *Bar
		to  *float64
	}{{b, &f.Throughput}, {&fp16, &f.FP16}, {&uniform, &f.Uniform}} {
		rate, err := s.throughput(x.bar, times)
		if err != nil {
			return f, err
		}
		*x.to = rate
	}
	f.SpeedupFP16, f.SpeedupUniform = f.Throughput/f.FP16, f.Throughput/f.Uniform
	return f, nil
}

// throughput returns a bar's tokens per second with what the stage counts.
func (s *Stage) throughput(b *Bar, times map[key]*timing) (float64, error) {
	if !s.Prefill {
		return throughput(b, times)
	}
	mix, err := b.schedules()
	if err != nil {
		return 0, err
	}
	seconds := 0.0
	for _, p := range mix {
		t := times[b.key(p.schedule)]
		one := t.prefill + t.decode(0)
		if s.Classifier && b.skippedPasses() > 0 {
			one += times[b.key(b.learnedSchedule())].passes[0] - t.passes[0]
		}
		seconds += float64(p.share * one)
	}
	return float64(b.Generated) / seconds, nil
}

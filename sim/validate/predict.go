package validate

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/validate/rows"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Options say how to predict.
type Options struct {
	NPU      *config.Config            // of every measurement; nil: the preset of its device
	Unfitted bool                      // with Defaults instead of what was fitted
	Models   string                    // a folder with NAME/config.json of models that are neither presets nor shapes; empty: none
	Workers  int                       // at least 1
	Progress func(done, total float64) // in steps; called from several goroutines; may be nil
}

// Predictor predicts measurements. It keeps what it has simulated: the same step of the same machine is simulated once.
type Predictor struct {
	Options
	models map[string]*workloads.Model
	steps  map[string]outcome
	notes  []string
	pool   replay.MachinePool
	pooled string // the machine that it is of
}

// New returns a Predictor.
func New(o Options) *Predictor {
	return &Predictor{Options: o, models: map[string]*workloads.Model{}, steps: map[string]outcome{}}
}

// Notes are what measurements need and the simulator has not, and what replaced it; each once.
func (p *Predictor) Notes() []string { return p.notes }

func (p *Predictor) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(p.notes, n) {
		p.notes = append(p.notes, n)
	}
}

// step is what is simulated of a measurement: a decode pass, or a prefill.
type step struct {
	key string
	job replay.Job
	at  int // 0: prefill, 1: the first decode pass
}

// task is a measurement on its way to a row.
type task struct {
	m       *Measurement
	cfg     *config.Config
	decode  step
	prefill []step    // empty: not measured
	shares  []float64 // with which their times add up to the prefill's
}

// Predict simulates measurements and returns their rows in the same order. change adjusts the configuration of a
// measurement, as a fit does; nil: it stays. A measurement that cannot be simulated has no prediction, and a note.
func (p *Predictor) Predict(ctx context.Context, all []Measurement, change []string) ([]rows.Row, error) {
	tasks, err := p.tasks(all, change)
	if err != nil {
		return nil, err
	}
	if err := p.simulate(ctx, tasks, true, true); err != nil {
		return nil, err
	}
	out := make([]rows.Row, len(all))
	for i, t := range tasks {
		out[i] = p.row(t)
	}
	return out, nil
}

// task resolves a measurement: its machine, its model and its steps.
func (p *Predictor) task(m *Measurement, change []string) (*task, error) {
	model, err := p.model(m)
	if err != nil {
		return nil, err
	}
	cfg, err := p.configured(m, change)
	if err != nil {
		return nil, err
	}
	s := precision.Schedule{Kind: precision.KindUniform, Bits: []int{m.Bits}}
	if m.Bits == 16 {
		s.Kind = precision.KindFP16
	}
	job := func(length int, decode bool) replay.Job {
		return replay.Job{Config: cfg, Model: model, Task: workloads.CustomTask, Prompt: length, Generated: 2, Schedule: s, DecodeOnly: decode}
	}
	prints := cfg.Fingerprint() + " " + model.Fingerprint() + " " + strconv.Itoa(m.Bits)
	t := &task{m: m, cfg: cfg, decode: step{fmt.Sprintf("%s decode %d", prints, m.Context), job(m.Context, true), 1}}
	if m.TTFT > 0 {
		lengths, shares := p.lengths(m.Prompt)
		for i, n := range lengths {
			models, parts := layers(model, n)
			for k, few := range models {
				j := job(n, false)
				j.Model = few
				t.prefill = append(t.prefill, step{fmt.Sprintf("%s %s %d prefill %d", cfg.Fingerprint(), few.Fingerprint(), m.Bits, n), j, 0})
				t.shares = append(t.shares, shares[i]*parts[k])
			}
		}
	}
	return t, nil
}

// few and most layers are simulated of prompts of more than tall tokens: a program of all 32 layers of llama-3.1-8b takes 0.5 GB at 4,096
// tokens, and 1.4 GB at 8,192. Even numbers: every second layer of gemma-2 has a window.
const (
	tall       = 2048
	fewLayers  = 2
	mostLayers = 4
)

// layers returns the models that are simulated for a prefill of n tokens, and the shares with which their times add up to that of
// all layers: layers are alike, so that time is a straight line through those of few and of most. On amd-kraken-xdna2 that is up to
// 0.3 % off what all layers take, at 4,096 tokens (llama-3.1-8b). Of models whose layers differ otherwise than by turns of two,
// all are simulated.
func layers(m *workloads.Model, n int) (models []*workloads.Model, shares []float64) {
	alike := m.WindowFrom == 0 && max(m.WindowEvery, len(m.LayerPattern)) <= fewLayers && (m.Experts == nil || len(m.Experts.Dense) == 0) &&
		(m.Stored == nil || len(m.Stored.Parts) == 0)
	if n <= tall || m.Layers <= mostLayers || !alike {
		return []*workloads.Model{m}, []float64{1}
	}
	x := float64(m.Layers-mostLayers) / (mostLayers - fewLayers)
	for _, count := range []int{fewLayers, mostLayers} {
		some := *m
		some.Layers = count
		models = append(models, &some)
	}
	return models, []float64{-x, 1 + x}
}

// longest is the longest prompt, in tokens, that is simulated.
const longest = 8192

// lengths returns the prompts that are simulated for one of n tokens, and the shares with which their times add up to
// its time. The time is close to a polynomial of the second degree, because attention is: of longer prompts it is taken
// from the one through 2,048, 4,096 and 8,192 tokens.
func (p *Predictor) lengths(n int) (lengths []int, shares []float64) {
	if n <= longest {
		return []int{n}, []float64{1}
	}
	p.note("prefills of more than %d tokens are extrapolated from three shorter ones", longest)
	x := float64(float64(n) / (longest / 4))
	return []int{longest / 4, longest / 2, longest}, []float64{(x - 2) * (x - 4) / 3, -(x - 1) * (x - 4) / 2, (x - 1) * (x - 2) / 6}
}

// model finds the model of a measurement.
func (p *Predictor) model(m *Measurement) (*workloads.Model, error) {
	if found := p.models[m.Model]; found != nil {
		return found, nil
	}
	name := m.Model
	known := slices.ContainsFunc(workloads.Models(), func(w *workloads.Model) bool { return w.Name == name }) ||
		slices.Contains(workloads.Shapes(), name)
	if !known && (strings.ContainsAny(name, `/\`) || name == ".." || name == ".") {
		return nil, m.wrong(fmt.Errorf("model %q is no name; accepted: a model (list models), or a folder of --models", name))
	}
	if !known && p.Models != "" {
		name = filepath.Join(p.Models, name)
	}
	found, err := workloads.Load(name)
	if err != nil {
		return nil, m.wrong(err)
	}
	p.models[m.Model] = found
	return found, nil
}

// machine returns the NPU of a measurement, as it is.
func (p *Predictor) machine(m *Measurement) (*config.Config, error) {
	var c *config.Config
	if p.NPU != nil {
		own := *p.NPU
		c = &own
	} else {
		var err error
		if c, err = config.Preset(Slug(m.Device)); err != nil {
			return nil, m.wrong(fmt.Errorf("device %q: %w, or an NPU for all rows (--npu)", m.Device, err))
		}
	}
	if p.Unfitted {
		return c, c.Set(Defaults(c))
	}
	return c, nil
}

// configured returns the machine of a measurement: what the row says overrides the NPU.
func (p *Predictor) configured(m *Measurement, change []string) (*config.Config, error) {
	c, err := p.machine(m)
	if err != nil {
		return nil, err
	}
	set := slices.Clone(change)
	if m.KVBits > 0 {
		set = append(set, fmt.Sprintf("kv.bits=%d", m.KVBits))
		if c.KV.KeyBits != 0 || c.KV.ValueBits != 0 {
			set = append(set, "kv.key_bits=0", "kv.value_bits=0")
		}
	}
	if m.HeadBits > 0 {
		set = append(set, fmt.Sprintf("lm_head.bits=%d", m.HeadBits))
	}
	switch m.Act {
	case "fp16", "16":
		set = append(set, "array.activations="+string(config.FP16))
	case "bf16":
		set = append(set, "array.activations="+string(config.BF16))
	case "8":
		set = append(set, "array.activations="+string(config.INT8))
	}
	if m.Act == "16" {
		p.note("activations of 16 bits are simulated as fp16")
	}
	if m.Group != "" && m.Bits < 16 {
		set = append(set, "weights.group="+m.Group)
	}
	if err := c.Set(set); err != nil {
		return nil, m.wrong(err)
	}
	return c, nil
}

// simulate runs the steps that are not known yet, a configuration after the other: its memory is free again before the next.
func (p *Predictor) simulate(ctx context.Context, tasks []*task, decode, prefill bool) error {
	byMachine := map[string][]step{}
	var machines []string
	total := 0
	add := func(t *task, s step) {
		if _, known := p.steps[s.key]; known {
			return
		}
		machine := t.cfg.Name + " " + t.cfg.Fingerprint()
		if slices.ContainsFunc(byMachine[machine], func(o step) bool { return o.key == s.key }) {
			return
		}
		if byMachine[machine] == nil {
			machines = append(machines, machine)
		}
		byMachine[machine] = append(byMachine[machine], s)
		total++
	}
	for _, t := range tasks {
		if decode {
			add(t, t.decode)
		}
		for _, s := range t.prefill {
			if prefill {
				add(t, s)
			}
		}
	}
	done := 0
	for _, name := range machines {
		if err := p.simulateMachine(ctx, byMachine[name], done, total); err != nil {
			return fmt.Errorf("%s: %w", byMachine[name][0].job.Config.Name, err)
		}
		done += len(byMachine[name])
	}
	return nil
}

// simulateMachine runs steps of a machine.
func (p *Predictor) simulateMachine(ctx context.Context, steps []step, done, total int) error {
	var prepared []*replay.Prepared
	var ran []step
	var at [][]int
	for _, s := range steps {
		one, err := p.prepare(&s)
		if err != nil {
			p.note("%s, %s, %s: not predicted: %v", s.job.Config.Name, s.job.Model.Name, s.job.Schedule, err)
			continue
		}
		prepared, ran, at = append(prepared, one), append(ran, s), append(at, []int{s.at})
	}
	if name := steps[0].job.Config.Name; name != p.pooled {
		p.pool, p.pooled = replay.MachinePool{}, name // what has been learnt of another DRAM takes memory
	}
	o := replay.Options{Workers: p.Workers, Machines: &p.pool}
	if p.Progress != nil {
		o.Progress = func(now replay.Progress) {
			p.Progress(float64(done)+float64(now.Share*float64(len(steps))), float64(total))
		}
	}
	counts, err := replay.Steps(ctx, prepared, at, o)
	if err != nil {
		return err
	}
	for i, s := range ran {
		c := &counts[i][0]
		p.steps[s.key] = outcomeOf(s.job.Config, c, s.at > 0)
	}
	return nil
}

// mostDoublings is how many times the scratchpad is doubled for a model that does not fit it.
const mostDoublings = 3

// prepare prepares a step. Where the model's activations do not fit the scratchpad, as they do on the device, a larger
// one is simulated, and a note says so.
func (p *Predictor) prepare(s *step) (*replay.Prepared, error) {
	one, err := replay.Prepare(s.job)
	if err == nil {
		return one, nil
	}
	larger := *s.job.Config
	for range mostDoublings {
		larger.Scratchpad.Size *= 2
		if len(larger.Validate()) > 0 {
			break
		}
		job := s.job
		job.Config = &larger
		if one, second := replay.Prepare(job); second == nil {
			p.note("%s, %s: simulated with scratchpad.size=%v, because with %v: %v", larger.Name, job.Model.Name, larger.Scratchpad.Size,
				s.job.Config.Scratchpad.Size, err)
			s.job = job
			return one, nil
		}
	}
	return nil, err
}

// row compares a measurement with what was simulated.
func (p *Predictor) row(t *task) rows.Row {
	m := t.m
	r := rows.Row{Device: m.Device, Model: m.Model, WeightBits: m.Bits, GroupSize: m.Group, Prompt: m.Prompt, Generated: m.Generated,
		MeasuredDecode: m.Decode, Citation: m.Citation, Excluded: m.Excluded, Fitted: !p.Unfitted && !Free(t.cfg.Name).none(),
		NPU: t.cfg.Name, Config: t.cfg.Fingerprint(), PeakBytes: m.Peak, SimulatedBytes: t.cfg.PeakBandwidth()}
	if o, ok := p.steps[t.decode.key]; ok {
		speed := 1 / o.seconds
		off := 100 * (speed/m.Decode - 1)
		r.PredictedDecode, r.DecodeError, r.BytesPerToken = &speed, &off, o.bytes
	}
	if m.TTFT > 0 {
		r.MeasuredTTFT = &m.TTFT
		if seconds := p.prefilled(t).seconds; seconds > 0 {
			off := 100 * (m.TTFT/seconds - 1)
			r.PredictedTTFT, r.PrefillError = &seconds, &off
		}
	}
	return r
}

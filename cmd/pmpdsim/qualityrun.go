package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/eval"
	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/cosim"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// qualityRun is an evaluation that is ready to start.
type qualityRun struct {
	options   *qualityOptions
	engine    *engine
	schedules []eval.Schedule    // each with each cache
	npus      [][]*config.Config // of each of the schedules
	texts     [][]int
	sum       string // of the weights
	logits    int64  // bytes of them to keep at most; 0: as many as eval keeps
}

// prepare finds everything that an evaluation needs, so that what is wrong is said before the weights are loaded.
func (o *qualityOptions) prepare(s streams) (*qualityRun, error) {
	r := &qualityRun{options: o}
	caches, err := o.load(s)
	if err != nil {
		return nil, err
	}
	if r.engine, err = o.from.engine.find(); err != nil {
		return nil, err
	}
	if err = r.parse(s, caches); err == nil {
		r.texts, err = o.from.cut(r.engine, s)
	}
	if err == nil {
		r.sum, err = r.engine.source.SHA256()
		err = flagged("weights", "", err)
	}
	if err != nil {
		r.engine.close()
	}
	return r, err
}

// cachedNPUs are the NPUs whose cache is that of the model.
type cachedNPUs struct {
	cache formats.Cache
	npus  []*config.Config
}

// load reads the caches, and the NPUs for each.
func (o *qualityOptions) load(s streams) (all []cachedNPUs, err error) {
	for i, text := range o.caches {
		of := cachedNPUs{}
		if of.cache, err = formats.ParseCache(text); err != nil {
			return nil, flagged("kv-bits", text, err)
		}
		keys, err := kvAssignments(text)
		if err != nil {
			return nil, flagged("kv-bits", text, err)
		}
		for _, npu := range o.npus {
			npu.set = slices.Concat(npu.set, keys)
			cfg, err := npu.load()
			if err != nil {
				return nil, err
			}
			if i == 0 {
				s.warnOf(cfg)
			}
			of.npus = append(of.npus, cfg)
		}
		all = append(all, of)
	}
	return all, nil
}

// parse reads the schedules.
func (r *qualityRun) parse(s streams, caches []cachedNPUs) error {
	texts := r.options.schedules
	if len(texts) == 0 {
		texts = defaultQualities(r.engine.from)
	}
	all, notes, err := r.engine.parseSchedules(texts, r.options.rules)
	if err != nil {
		return err
	}
	said(s, notes)
	most := caches[0].cache
	for _, of := range caches {
		if r.engine.cache = of.cache; r.engine.runsCache() != nil {
			return r.engine.runsCache()
		}
		if err := r.with(of, all); err != nil {
			return err
		}
		if m := r.engine.model; cpu.Need(m, 1, 1, of.cache) > cpu.Need(m, 1, 1, most) {
			most = of.cache
		}
	}
	r.engine.cache = most // for which there has to be memory
	return nil
}

// with adds schedules with a cache.
func (r *qualityRun) with(of cachedNPUs, all []precision.Schedule) error {
	for _, schedule := range all {
		job, err := r.engine.recording(schedule) // which reads the classifier
		if err != nil {
			return err
		}
		if err := gpu.Decidable(schedule, r.engine.model, job.Classifier); err != nil {
			return flagged("schedule", "", err)
		}
		r.schedules = append(r.schedules, eval.Schedule{Schedule: schedule, Classifier: job.Classifier, Cache: of.cache})
		r.npus = append(r.npus, of.npus)
	}
	return nil
}

// plain are the schedules alone, and the reference.
func (r *qualityRun) plain() []precision.Schedule {
	all := []precision.Schedule{precision.UniformSchedule(weights.Half)}
	for _, s := range r.schedules {
		all = append(all, s.Schedule)
	}
	return all
}

// run evaluates the schedules, and simulates the answers. After an error the rows are of the prompts that were done before it.
func (r *qualityRun) run(ctx context.Context, s streams) ([]rows.Row, error) {
	e := r.engine
	job := &eval.Job{Backend: e.Backend.(gpu.Scorer), Model: e.model, Texts: r.texts, Prompt: len(e.prompt), Generate: e.generate, //nolint:forcetypeassert // all are
		Schedules: slices.Concat([]eval.Schedule{{Schedule: precision.UniformSchedule(weights.Half)}}, r.schedules), Forced: true, Greedy: true, Logits: r.logits}
	p := newProgress(s.err, job.Work(), "tokens")
	job.Done = p.add
	outcomes, failed := eval.Run(ctx, job)
	p.end()
	fp16 := outcomes[0]
	if len(fp16) == 0 {
		return nil, failed
	}
	var all []rows.Row
	unmoved := map[string]float64{} // by NPU: the least share of its time that no schedule changes
	for i := range r.schedules {
		if len(outcomes[i+1]) == 0 {
			break // it was not finished, and so were none behind it
		}
		quality := r.engine.row(r.schedules[i], outcomes[i+1], fp16)
		quality.Weights = r.sum
		if len(r.npus[i]) == 0 || failed != nil {
			all = append(all, quality)
			continue
		}
		for k, cfg := range r.npus[i] {
			row := quality
			share, err := r.simulate(ctx, cfg, &row, outcomes[i+1], r.schedules[i])
			if failed = err; failed != nil && k > 0 {
				break // the schedule has rows
			}
			all = append(all, row)
			if failed != nil {
				break // what was measured of this schedule and those behind it is shown without NPUs
			}
			if least, known := unmoved[cfg.Name]; !known || share < least {
				unmoved[cfg.Name] = share
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(unmoved)) {
		if share := unmoved[name]; share > 0.5 {
			s.say("note: %s: dispatches and lm_head take %.0f %% of a decode pass or more, whatever the schedule, of a model as small as this: tokens/s hardly "+
				"tell schedules apart", name, math.Floor(100*share))
		}
	}
	return all, failed
}

// row is what a schedule comes to in quality.
func (e *engine) row(of eval.Schedule, outcomes, fp16 []eval.Outcome) rows.Row {
	row := eval.Summary(e.model, outcomes, fp16, uint64(e.seed))
	row.Schedule, row.Model, row.PrefillBits = of.String(), e.model.Name, outcomes[0].Prefill.Average(e.model.Model)
	row.Prompt, row.Generated, row.Seed = len(e.prompt), e.generate, e.seed
	row.KVBits, row.KVCache = int(of.Cache.Keys.Width()), of.Cache.String()
	row.Quantiser, row.Version = e.quantised(), codeVersion()
	if g := e.About().GPU; g != nil {
		row.Machine = g.Name
	}
	return row
}

// quantised says how the weights became planes: the bits of the seed, and the first digits of the sum of the sensitivities.
func (e *engine) quantised() string {
	text := fmt.Sprintf("seed=%d", max(e.quantiser.seed, weights.MinSeed))
	if e.sensitivitySHA != "" {
		text += ",sensitivity=" + e.sensitivitySHA[:12]
	}
	return text
}

// simulate adds how fast an NPU decodes the answers, and returns the share of their time that no schedule changes.
func (r *qualityRun) simulate(ctx context.Context, cfg *config.Config, row *rows.Row, outcomes []eval.Outcome, schedule eval.Schedule) (unmoved float64, err error) {
	answers := make([]cosim.Answer, len(outcomes))
	for i := range outcomes {
		answers[i] = cosim.Answer{Schedule: schedule.OfPrompt(i).Schedule, Evidence: outcomes[i].Evidence}
	}
	job := replay.Job{Config: cfg, Model: r.engine.model.Model, Task: workloads.CustomTask, Prompt: row.Prompt, Generated: row.Generated, Batch: 1}
	speed, err := cosim.Speeds(ctx, job, answers, replay.Options{Workers: r.options.workers, Version: codeVersion()})
	if err != nil {
		return 0, err
	}
	row.NPU, row.Config, row.Shape = cfg.Name, speed.Config, speed.Shape
	row.TokensPerSecond, row.EnergyPerToken = &speed.TokensPerSecond, &speed.EnergyPerToken
	return speed.Unmoved, nil
}

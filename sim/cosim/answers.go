package cosim

import (
	"context"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Answer is how an engine decoded an answer: the schedule, and what it saw and decided.
type Answer struct {
	Schedule precision.Schedule
	Evidence precision.Evidence
}

// Speed is how fast an NPU decodes answers, and what energy that takes.
type Speed struct {
	TokensPerSecond float64 // decoded tokens over the decode time, of all answers together
	EnergyPerToken  float64 // joules
	Unmoved         float64 // share of the decode time that is charged to dispatches, to the host and to lm_head, which no schedule changes
	Config          string  // the fingerprint of the NPU
	Shape           string  // and that of the model
}

// Speeds simulates the answers to prompts of one length, one at a time, and returns their speed together. The job is that of one
// answer but for its schedule; answers that were decoded at the same bits are simulated once.
func Speeds(ctx context.Context, job replay.Job, answers []Answer, o replay.Options) (Speed, error) {
	var alike [][]precision.Assignment
	var times []int
	var prepared []*replay.Prepared
	for _, a := range answers {
		if i := slices.IndexFunc(alike, func(at []precision.Assignment) bool { return slices.Equal(at, a.Evidence.Recorded) }); i >= 0 {
			times[i]++
			continue
		}
		j := job
		j.Schedule, j.Evidence = a.Schedule, a.Evidence
		p, err := replay.Prepare(j)
		if err != nil {
			return Speed{}, fmt.Errorf("schedule %s: %w", a.Schedule, err)
		}
		alike, times, prepared = append(alike, a.Evidence.Recorded), append(times, 1), append(prepared, p)
	}
	results, err := replay.Run(ctx, prepared, o)
	if err != nil {
		return Speed{}, err
	}
	return together(job.Config, results, times, job.Passes()), nil
}

// together adds up results, each so many times, of so many passes.
func together(cfg *config.Config, results []*result.Result, times []int, passes int) (s Speed) {
	seconds, joules, tokens, unmoved := 0.0, 0.0, 0.0, 0.0
	for i, r := range results {
		n := float64(times[i])
		seconds, joules, tokens = seconds+n*r.DecodeSeconds, joules+n*r.EnergyPerToken*float64(passes), tokens+n*float64(passes)
		by := result.NewPhase(&r.Counts.Decode, cfg).Seconds
		unmoved += n * (by["dispatch"] + by["host"] + by["head"])
		s.Config, s.Shape = r.Config, r.Shape
	}
	s.TokensPerSecond, s.EnergyPerToken, s.Unmoved = tokens/seconds, joules/tokens, unmoved/seconds
	return s
}

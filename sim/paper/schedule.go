package paper

import (
	"fmt"
	"math"

	"github.com/pmpdsim/pmpdsim/sim/paper/rows"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// weighted is a schedule and the share of the sequences that use it, 0 to 1.
type weighted struct {
	share    float64
	schedule precision.Schedule
}

// passes returns the number of a bar's decode passes.
func (b *Bar) passes() int { return replay.Job{Generated: b.Generated}.Passes() }

// skippedPasses returns how many decode passes the paper's code leaves out of a bar's time.
func (b *Bar) skippedPasses() int {
	if b.Scheme == rows.Static || b.Scheme == rows.Learned {
		return 1
	}
	return 0
}

// staticSchedule returns the static schedule that switches from the high to the low precision at a step.
func (b *Bar) staticSchedule(step int) precision.Schedule {
	return precision.Schedule{Kind: precision.KindStatic, Bits: []int{b.High, b.Low}, Steps: []int{step}}
}

// schedules returns the schedules of a bar's sequences.
func (b *Bar) schedules() ([]weighted, error) {
	switch b.Scheme {
	case rows.FP16:
		return []weighted{{1, precision.Schedule{Kind: precision.KindFP16, Bits: []int{16}}}}, nil
	case rows.Uniform:
		return []weighted{{1, precision.Schedule{Kind: precision.KindUniform, Bits: []int{b.High}}}}, nil
	case rows.Static:
		return []weighted{{1, b.staticSchedule(b.Step)}}, nil
	case rows.Learned:
		return b.learnedMix()
	}
	return nil, fmt.Errorf("scheme %q is not known; accepted: %v", b.Scheme, rows.Schemes())
}

// learnedMix returns schedules that stand for a learned one. Its classifier chooses a step of {0, L/3, 2L/3, L} for
// each sequence (pmpd/modules/scheduler); how often it chooses which is not published. The simplest mix with the
// average bits that the published bar implies is two neighbouring steps, each for a share of the sequences.
func (b *Bar) learnedMix() ([]weighted, error) {
	third := b.Generated / 3
	steps := []int{0, third, 2 * third, b.Generated}
	for i := range steps[1:] {
		below, above := b.staticSchedule(steps[i]), b.staticSchedule(steps[i+1])
		few, err := b.meanBits(below)
		if err != nil {
			return nil, err
		}
		many, err := b.meanBits(above)
		if err != nil {
			return nil, err
		}
		if b.MeanBits < few-0.05 || b.MeanBits > many { // 0.05: the digitised value may lie a little below the lowest
			continue
		}
		share := math.Max(0, (b.MeanBits-few)/(many-few))
		return []weighted{{1 - share, below}, {share, above}}, nil
	}
	return nil, fmt.Errorf("%s %s: no switch between %d and %d bits makes %.3f bits on average", b.Panel, b.Model, b.High, b.Low, b.MeanBits)
}

// learnedSchedule returns the learned schedule of the bar's precisions.
func (b *Bar) learnedSchedule() precision.Schedule {
	return precision.Schedule{Kind: precision.KindLearned, Bits: []int{b.High, b.Low}}
}

// anyEvidence returns evidence for a decision whose outcome does not matter: deciding costs the same either way.
func anyEvidence(passes int) precision.Evidence {
	signals := make([]precision.Signals, passes)
	signals[0].KV = []float64{1, 0, 0, 0}
	return precision.Evidence{Source: "the classifier's cost", Signals: signals}
}

// meanBits returns the average bits of a schedule over the decode passes that the bar counts.
func (b *Bar) meanBits(s precision.Schedule) (float64, error) {
	policy, err := s.Resolve(b.Preset, b.Generated, precision.Evidence{})
	if err != nil {
		return 0, err
	}
	sum := 0.0
	first := 1 + b.skippedPasses()
	for pass := first; pass < b.Generated; pass++ {
		sum += policy.At(pass).Average(b.Preset)
	}
	return sum / float64(b.Generated-first), nil
}

package paper

import (
	"fmt"
	"math"

	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// part is a schedule and the share of the sequences that have it.
type part struct {
	share    float64
	schedule precision.Schedule
}

// passes is the number of a bar's decode passes.
func (b *Bar) passes() int { return replay.Job{Generated: b.Generated}.Passes() }

// skipped is how many decode passes the paper's code leaves out of a bar's time.
func (b *Bar) skipped() int {
	if b.Scheme == Static || b.Scheme == Learned {
		return 1
	}
	return 0
}

// switched is the static schedule of the bar's pair.
func (b *Bar) switched(step int) precision.Schedule {
	return precision.Schedule{Kind: precision.KindStatic, Bits: []int{b.High, b.Low}, Steps: []int{step}}
}

// parts are the schedules of a bar's sequences.
func (b *Bar) parts() ([]part, error) {
	switch b.Scheme {
	case FP16:
		return []part{{1, precision.Schedule{Kind: precision.KindFP16, Bits: []int{16}}}}, nil
	case Uniform:
		return []part{{1, precision.Schedule{Kind: precision.KindUniform, Bits: []int{b.High}}}}, nil
	case Static:
		return []part{{1, b.switched(b.Step)}}, nil
	case Learned:
		return b.mixture()
	}
	return nil, fmt.Errorf("scheme %q is not known; accepted: %v", b.Scheme, Schemes())
}

// mixture stands for a learned schedule. Its classifier chooses a step of {0, L/3, 2L/3, L} for each sequence (pmpd/modules/
// scheduler), how often which is not published. The least that gives the average bits which the published bar implies is
// two neighbouring steps, each for a share of the sequences.
func (b *Bar) mixture() ([]part, error) {
	third := b.Generated / 3
	steps := []int{0, third, 2 * third, b.Generated}
	for i := range steps[1:] {
		below, above := b.switched(steps[i]), b.switched(steps[i+1])
		few, err := b.meanBits(below)
		if err != nil {
			return nil, err
		}
		many, err := b.meanBits(above)
		if err != nil {
			return nil, err
		}
		if b.MeanBits < few-0.05 || b.MeanBits > many { // the least is met but for the error of digitising
			continue
		}
		share := math.Max(0, (b.MeanBits-few)/(many-few))
		return []part{{1 - share, below}, {share, above}}, nil
	}
	return nil, fmt.Errorf("%s %s: no switch between %d and %d bits makes %.3f bits on average", b.Panel, b.Model, b.High, b.Low, b.MeanBits)
}

// deciding is the learned schedule of the bar's pair.
func (b *Bar) deciding() precision.Schedule {
	return precision.Schedule{Kind: precision.KindLearned, Bits: []int{b.High, b.Low}}
}

// anything is evidence for a decision that does not matter: what deciding costs is the same whatever comes of it.
func anything(passes int) precision.Evidence {
	signals := make([]precision.Signals, passes)
	signals[0].KV = []float64{1, 0, 0, 0}
	return precision.Evidence{Source: "the classifier's cost", Signals: signals}
}

// meanBits averages a schedule over the decode passes that the bar counts.
func (b *Bar) meanBits(s precision.Schedule) (float64, error) {
	policy, err := s.Resolve(b.Generated, precision.Evidence{})
	if err != nil {
		return 0, err
	}
	sum := 0
	first := 1 + b.skipped()
	for pass := first; pass < b.Generated; pass++ {
		sum += policy.Bits(pass)
	}
	return float64(sum) / float64(b.Generated-first), nil
}

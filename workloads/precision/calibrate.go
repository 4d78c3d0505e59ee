package precision

import (
	"fmt"
	"slices"
	"strings"
)

// PromptRuns are the runs of one prompt, one per schedule.
type PromptRuns struct {
	Prompt string
	Runs   []Run
}

// Calibrated is how one schedule did over all prompts.
type Calibrated struct {
	Schedule    Schedule `json:"schedule"`
	Quality     float64  `json:"mean_relative_quality"` // mean over prompts of the quality over that of the reference
	Lowest      float64  `json:"lowest_relative_quality"`
	Holding     float64  `json:"share_holding_bound"` // share of the prompts whose relative quality holds the bound
	AverageBits float64  `json:"avg_weight_bits"`     // mean over prompts
	Chosen      bool     `json:"chosen,omitempty"`
}

// Calibration is the result of a search.
type Calibration struct {
	Reference  Schedule     `json:"reference"` // the highest precision throughout
	Bound      float64      `json:"bound"`
	Prompts    int          `json:"prompts"`
	Candidates []Calibrated `json:"candidates"` // from the most bits to the least
}

// Calibrate is PMPD's offline search for a static schedule: every candidate is run on every prompt of a validation set, and
// the one with the fewest bits whose quality holds is taken. PMPD leaves the choice to whoever reads its scores; here it is
// the fewest average bits among the candidates whose mean relative quality is at least the bound.
func Calibrate(prompts []PromptRuns, bound float64) (*Calibration, error) {
	if len(prompts) == 0 {
		return nil, fmt.Errorf("no prompts to calibrate with")
	}
	reference, err := highest(prompts[0])
	if err != nil {
		return nil, err
	}
	c := &Calibration{Reference: reference, Bound: bound, Prompts: len(prompts)}
	for _, r := range prompts[0].Runs {
		c.Candidates = append(c.Candidates, Calibrated{Schedule: r.Schedule})
	}
	for _, p := range prompts {
		if err := c.add(p); err != nil {
			return nil, err
		}
	}
	for i := range c.Candidates { // sums until here, so that equal values have exactly their own mean
		x, n := &c.Candidates[i], float64(c.Prompts)
		x.Quality, x.AverageBits, x.Holding = x.Quality/n, x.AverageBits/n, x.Holding/n
	}
	slices.SortStableFunc(c.Candidates, func(a, b Calibrated) int {
		switch {
		case a.AverageBits > b.AverageBits:
			return -1
		case a.AverageBits < b.AverageBits:
			return 1
		default:
			return strings.Compare(a.Schedule.String(), b.Schedule.String())
		}
	})
	for i := len(c.Candidates) - 1; i >= 0; i-- {
		if c.Candidates[i].Quality >= bound {
			c.Candidates[i].Chosen = true
			break
		}
	}
	return c, nil
}

// add counts one prompt in, as sums.
func (c *Calibration) add(p PromptRuns) error {
	base, err := p.of(c.Reference)
	if err != nil {
		return err
	}
	if base.Quality <= 0 {
		return fmt.Errorf("%s: a quality of %g at the highest precision; accepted: more than 0, to hold others against", base.Source,
			base.Quality)
	}
	for i := range c.Candidates {
		x := &c.Candidates[i]
		r, err := p.of(x.Schedule)
		if err != nil {
			return err
		}
		relative := r.Quality / base.Quality
		if x.Lowest = min(x.Lowest, relative); x.Quality == 0 && x.AverageBits == 0 {
			x.Lowest = relative // the first prompt
		}
		x.Quality += relative
		x.AverageBits += r.AverageBits
		if relative >= c.Bound {
			x.Holding++
		}
	}
	if len(p.Runs) > len(c.Candidates) {
		for _, r := range p.Runs {
			if !slices.ContainsFunc(c.Candidates, func(x Calibrated) bool { return same(x.Schedule, r.Schedule) }) {
				return fmt.Errorf("%s: schedule %s was not run on every prompt; accepted: the same schedules for each", r.Source, r.Schedule)
			}
		}
	}
	return nil
}

func same(a, b Schedule) bool { return a.String() == b.String() }

// of is the one run of the prompt under a schedule.
func (p PromptRuns) of(s Schedule) (Run, error) {
	var found []Run
	for _, r := range p.Runs {
		if same(r.Schedule, s) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return Run{}, fmt.Errorf("prompt %.12s has no trace under %s; accepted: the same schedules for each prompt", p.Prompt, s)
	case 1:
		return found[0], nil
	default:
		return Run{}, fmt.Errorf("%s and %s are both of prompt %.12s under %s; accepted: one", found[0].Source, found[1].Source,
			p.Prompt, s)
	}
}

// highest is the schedule that others are compared with: the highest precision that was run throughout.
func highest(p PromptRuns) (Schedule, error) {
	var found Schedule
	most := 0
	for _, r := range p.Runs {
		most = max(most, r.Schedule.Bits[0])
		if (r.Schedule.Kind == KindUniform || r.Schedule.Kind == KindFP16) && (found.Kind == "" || r.Schedule.Bits[0] > found.Bits[0]) {
			found = r.Schedule
		}
	}
	if found.Kind == "" || found.Bits[0] < most {
		return Schedule{}, fmt.Errorf("prompt %.12s has no trace at %d bits throughout, its highest precision; accepted: one under %s",
			p.Prompt, most, uniformText(most))
	}
	return found, nil
}

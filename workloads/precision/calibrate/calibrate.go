package calibrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Candidate is how one schedule did over all prompts.
type Candidate struct {
	Schedule    precision.Schedule `json:"schedule"`
	Quality     float64            `json:"mean_relative_quality"` // mean over prompts of the quality over that of the reference
	Lowest      float64            `json:"lowest_relative_quality"`
	Holding     float64            `json:"share_holding_bound"` // share of the prompts whose relative quality holds the bound
	AverageBits float64            `json:"avg_weight_bits"`     // mean over prompts
	Chosen      bool               `json:"chosen,omitempty"`
}

// Result is what a search found.
type Result struct {
	Reference  precision.Schedule `json:"reference"` // the highest precision throughout
	Bound      float64            `json:"bound"`
	Prompts    int                `json:"prompts"`
	Candidates []Candidate        `json:"candidates"` // from the most bits to the least
}

// Search is PMPD's offline search for a static schedule: every candidate is run on every prompt of a validation set,
// and the one with the fewest bits whose quality holds is taken. PMPD leaves the choice to whoever reads its scores;
// here it is the fewest average bits among the candidates whose mean relative quality is at least the bound.
func Search(prompts []precision.PromptRuns, bound float64) (*Result, error) {
	if len(prompts) == 0 {
		return nil, fmt.Errorf("no prompts to calibrate with")
	}
	reference, err := highest(prompts[0])
	if err != nil {
		return nil, err
	}
	c := &Result{Reference: reference, Bound: bound, Prompts: len(prompts)}
	for _, r := range prompts[0].Runs {
		c.Candidates = append(c.Candidates, Candidate{Schedule: r.Schedule})
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
	slices.SortStableFunc(c.Candidates, func(a, b Candidate) int {
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
func (c *Result) add(p precision.PromptRuns) error {
	base, err := runOf(p, c.Reference)
	if err != nil {
		return err
	}
	if base.Quality <= 0 {
		return fmt.Errorf("%s: a quality of %g at the highest precision; accepted: more than 0, to hold others against", base.Source,
			base.Quality)
	}
	for i := range c.Candidates {
		x := &c.Candidates[i]
		r, err := runOf(p, x.Schedule)
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
			if !slices.ContainsFunc(c.Candidates, func(x Candidate) bool { return same(x.Schedule, r.Schedule) }) {
				return fmt.Errorf("%s: schedule %s was not run on every prompt; accepted: the same schedules for each", r.Source, r.Schedule)
			}
		}
	}
	return nil
}

func same(a, b precision.Schedule) bool { return a.String() == b.String() }

// runOf returns the one run of a prompt under a schedule.
func runOf(p precision.PromptRuns, s precision.Schedule) (precision.Run, error) {
	var found []precision.Run
	for _, r := range p.Runs {
		if same(r.Schedule, s) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return precision.Run{}, fmt.Errorf("prompt %.12s has no trace under %s; accepted: the same schedules for each prompt", p.Prompt, s)
	case 1:
		return found[0], nil
	default:
		return precision.Run{}, fmt.Errorf("%s and %s are both of prompt %.12s under %s; accepted: one", found[0].Source, found[1].Source,
			p.Prompt, s)
	}
}

// highest returns the schedule that others are compared with: the highest precision that was run throughout.
func highest(p precision.PromptRuns) (precision.Schedule, error) {
	var found precision.Schedule
	most := 0
	for _, r := range p.Runs {
		most = max(most, slices.Max(r.Schedule.Bits))
		if (r.Schedule.Kind == precision.KindUniform || r.Schedule.Kind == precision.KindFP16) && len(r.Schedule.Rules) == 0 && (found.Kind == "" || r.Schedule.Bits[0] > found.Bits[0]) {
			found = r.Schedule
		}
	}
	if found.Kind == "" || found.Bits[0] < most {
		return precision.Schedule{}, fmt.Errorf("prompt %.12s has no trace at %d bits throughout, its highest precision; accepted: one under %s",
			p.Prompt, most, precision.UniformSchedule(most))
	}
	return found, nil
}

package calibrate_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/calibrate"
)

func parse(t testing.TB, text string) precision.Schedule {
	t.Helper()
	s, err := precision.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func run(t testing.TB, schedule string, quality float64) precision.Run {
	return precision.Run{Schedule: parse(t, schedule), Quality: quality, Source: schedule}
}

// prompt is one with runs of these qualities: uniform:4 and switches at 2 and 0.
func prompt(t testing.TB, name string, four, two, zero float64) precision.PromptRuns {
	p := precision.PromptRuns{Prompt: name}
	for _, r := range []struct {
		schedule      string
		quality, bits float64
	}{{"static:4>3@2", two, 3.5}, {"uniform:4", four, 4}, {"static:4>3@0", zero, 3.25}} {
		x := run(t, r.schedule, r.quality)
		x.AverageBits, x.Source = r.bits, name+" "+r.schedule
		p.Runs = append(p.Runs, x)
	}
	return p
}

func TestSearch(t *testing.T) {
	c, err := calibrate.Search([]precision.PromptRuns{prompt(t, "a", .8, .8, .4), prompt(t, "b", .5, .49, .5)}, .98)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("candidates stand from the most bits to the least, with their means", func(t *testing.T) {
		for i, want := range []calibrate.Candidate{
			{Schedule: parse(t, "uniform:4"), Quality: 1, Lowest: 1, Holding: 1, AverageBits: 4},
			{Schedule: parse(t, "static:4>3@2"), Quality: (1 + .98) / 2, Lowest: .98, Holding: 1, AverageBits: 3.5, Chosen: true},
			{Schedule: parse(t, "static:4>3@0"), Quality: (.5 + 1) / 2, Lowest: .5, Holding: .5, AverageBits: 3.25},
		} {
			got := c.Candidates[i]
			if got.Schedule.String() != want.Schedule.String() || math.Abs(got.Quality-want.Quality) > 1e-12 || got.Lowest != want.Lowest ||
				got.Holding != want.Holding || got.AverageBits != want.AverageBits || got.Chosen != want.Chosen {
				t.Errorf("%d: got  %+v\nwant %+v", i, got, want)
			}
		}
	})
	t.Run("the reference is the highest precision throughout", func(t *testing.T) {
		if c.Reference.String() != "uniform:4" || c.Prompts != 2 || c.Bound != .98 {
			t.Errorf("%+v", c)
		}
	})
	t.Run("a bound that nothing holds chooses nothing", func(t *testing.T) {
		c, err := calibrate.Search([]precision.PromptRuns{prompt(t, "a", .8, .8, .4)}, 1.1)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range c.Candidates {
			if x.Chosen || x.Holding != 0 {
				t.Errorf("%+v", x)
			}
		}
	})
	for _, c := range []struct {
		name   string
		change func(a, b *precision.PromptRuns)
		want   string
	}{
		{"a prompt that lacks a run", func(_, b *precision.PromptRuns) { b.Runs = b.Runs[:2] },
			"prompt b has no trace under static:4>3@0; accepted: the same schedules for each prompt"},
		{"a run twice", func(a, _ *precision.PromptRuns) { a.Runs = append(a.Runs, a.Runs[0]) },
			"a static:4>3@2 and a static:4>3@2 are both of prompt a under static:4>3@2; accepted: one"},
		{"a run more", func(_, b *precision.PromptRuns) { b.Runs = append(b.Runs, run(t, "uniform:2", 1)) },
			"uniform:2: schedule uniform:2 was not run on every prompt; accepted: the same schedules for each"},
		{"no run at the highest precision", func(a, _ *precision.PromptRuns) { a.Runs = []precision.Run{a.Runs[0], run(t, "uniform:3", 1)} },
			"prompt a has no trace at 4 bits throughout, its highest precision; accepted: one under uniform:4"},
		{"a reference without quality", func(_, b *precision.PromptRuns) { b.Runs[1].Quality = 0 },
			"b uniform:4: a quality of 0 at the highest precision; accepted: more than 0, to hold others against"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			a, b := prompt(t, "a", .8, .8, .4), prompt(t, "b", .5, .49, .5)
			c.change(&a, &b)
			_, err := calibrate.Search([]precision.PromptRuns{a, b}, .9)
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	t.Run("no prompts are refused", func(t *testing.T) {
		if _, err := calibrate.Search(nil, 1); err == nil || !strings.Contains(err.Error(), "no prompts") {
			t.Error(err)
		}
	})
	t.Run("equal qualities hold a bound of 1 for any number of prompts", func(t *testing.T) {
		var all []precision.PromptRuns
		for i := range 7 {
			all = append(all, prompt(t, fmt.Sprint(i), .3, .3, .3))
		}
		c, err := calibrate.Search(all, 1)
		if err != nil || !c.Candidates[2].Chosen {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/validate/intervals"
)

// basis finds what intervals are made of, before anything runs; nil where none are asked for.
func (o *runOptions) basis(s streams, c *config.Config) (*intervals.Basis, error) {
	if !o.uncertainty {
		return nil, nil
	}
	if o.batch > 1 {
		return nil, errors.New("--uncertainty: all devices were measured with one sequence; accepted: --batch 1")
	}
	b, err := intervals.Of(c)
	if err != nil {
		return nil, flagged("uncertainty", "", err)
	}
	if len(b.Differ) > 0 {
		s.say("note: --uncertainty: the errors are of NPUs with other values than %s has, so that its intervals say too little; accepted: --set %s",
			c.Name, strings.Join(b.Differ, " --set "))
	}
	return b, nil
}

// showIntervals writes a table of intervals, and what they are made of.
func showIntervals(out io.Writer, b *intervals.Basis, rs []*result.Result) error {
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	var all []views.Uncertain
	for _, r := range rs {
		x := b.Around(r)
		u := views.Uncertain{Schedule: r.Schedule, TTFT: views.Range{Value: r.TTFTSeconds, Low: x.TTFTLow, High: x.TTFTHigh}}
		if x.TokensLow != nil {
			u.Decode = &views.Range{Value: r.TokensPerSecond, Low: *x.TokensLow, High: *x.TokensHigh}
		}
		all = append(all, u)
	}
	if err := views.IntervalsTable(out, intervals.Share, all); err != nil {
		return err
	}
	if all[0].Decode == nil {
		_, err := fmt.Fprintf(out, "\ndrawn from %s (TTFT): docs/validation.md\n", b.PrefillOf)
		return err
	}
	_, err := fmt.Fprintf(out, `
drawn from %s (tokens/s) and %s (TTFT): docs/validation.md
%.0f %% sure to decode faster are NPUs of other designs that are predicted %.2f times as fast as this one, and those that
differ from it only in DRAM's bandwidth or in widths if they are predicted %.2f times as fast
`, b.DecodeOf, b.PrefillOf, 100*intervals.Share, b.Pairs[intervals.Others], b.Pairs[intervals.SameMachine])
	return err
}

package stream

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Checked is a golden stream with our result.
type Checked struct {
	Golden
	Result *Result // nil: skipped
}

// Failed is the verdict of a row that breaks its rule; that of any other is the name of its rule.
const Failed = "FAIL"

// Verdict returns Failed, or the name of the rule that the row keeps.
func (c *Checked) Verdict() string {
	switch {
	case c.Result != nil && !c.Met(c.Result):
		return Failed
	case c.Rule == EqualDecimal:
		return Equal.String()
	}
	return c.Rule.String()
}

// CheckOptions say which golden streams are run, and how.
type CheckOptions struct {
	Standard string                  // empty: of all standards
	Quick    bool                    // only sequential and random reads
	Exact    bool                    // every clock is stepped
	Workers  int                     // streams at a time, 1 or more
	Progress func(done, total int64) // may be nil; called from several goroutines
}

// Check runs golden streams and returns them in the order of Goldens. Streams that several simulators have run are run
// once.
func Check(ctx context.Context, o CheckOptions) ([]Checked, error) {
	all, err := Goldens()
	if err != nil {
		return nil, err
	}
	var rows []Checked
	for _, g := range all {
		slow := g.Stream.Planes > 1 || g.Stream.Write > 0
		if (o.Standard == "" || g.Standard == o.Standard) && !(slow && o.Quick) {
			rows = append(rows, Checked{Golden: g})
		}
	}
	return rows, o.run(ctx, rows)
}

// run runs the rows that are not skipped.
func (o *CheckOptions) run(ctx context.Context, rows []Checked) error {
	same := map[Golden][]*Checked{}
	var order []Golden // the map has none
	for i := range rows {
		r := &rows[i]
		if r.Rule == Skipped {
			continue
		}
		what := Golden{Standard: r.Standard, Channels: r.Channels, Ranks: r.Ranks, Mapping: r.Mapping, BankHash: r.BankHash, Refresh: r.Refresh,
			Stream: r.Stream}
		if same[what] == nil {
			order = append(order, what)
		}
		same[what] = append(same[what], r)
	}
	var done atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(o.Workers)
	for _, what := range order {
		group.Go(func() error {
			result, err := what.Run(ctx, o.Exact)
			for _, r := range same[what] {
				r.Result = result
			}
			if o.Progress != nil {
				o.Progress(done.Add(1), int64(len(order)))
			}
			return err
		})
	}
	return group.Wait()
}

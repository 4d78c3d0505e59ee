package stream

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/layouts"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Layouts simulates each cell of a sweep, from power-on, and returns the rows in the order mappings, layouts, planes.
// Progress, if not nil, is called from several goroutines. Layouts fails if a layout or a mapping does not fit, or ctx
// is cancelled.
func Layouts(ctx context.Context, s *layouts.Spec, progress func(done, total int64)) ([]layouts.Row, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	rows := make([]layouts.Row, s.Cells())
	var mu sync.Mutex
	done := int64(0)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(s.Workers, 1))
	for i := range rows {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			row, err := layoutCell(s, i)
			rows[i] = row
			mu.Lock()
			defer mu.Unlock()
			if done++; progress != nil {
				progress(done, int64(len(rows)))
			}
			return err
		})
	}
	return rows, group.Wait()
}

// layoutCell simulates one cell: a pass.
func layoutCell(s *layouts.Spec, at int) (layouts.Row, error) {
	m, w, planes := s.Cell(at)
	system, err := dram.New(dram.Options{Standard: s.Standard, Channels: s.Channels, Mapping: m.Fields, BankHash: m.Hash,
		Control: dram.Control{Refresh: s.Refresh, Postponed: s.Postpone}})
	if err != nil {
		return layouts.Row{}, err
	}
	walk := s.Walk(w, planes, unit.Bytes(system.Mapping().Stripe()))
	system.Submit(dram.Transfer{Walk: walk})
	clocks := int64(0)
	for _, done := range append(system.TakeDone(), system.Settle()...) {
		clocks = max(clocks, done.Clock)
	}
	system.Finish(clocks)
	r := layouts.Row{Standard: s.Standard.Name, Channels: s.Channels, Mapping: system.Mapping().String(), BankHash: m.Hash,
		Refresh: s.Refresh.String(), Postpone: s.Postpone, Layout: w.String(), Chunk: int64(w.Chunk), Skew: int64(w.Skew),
		Planes: planes, Stored: slices.Max(s.Planes), Bytes: int64(walk.Bytes()), Clocks: clocks,
		Activates: system.Counts().Activates}
	if w.Layout == config.Packed {
		r.Chunk = 0
	}
	r.Bandwidth = float64(r.Bytes) / (float64(clocks) * float64(s.Standard.TCK) / 1e15)
	r.Efficiency = r.Bandwidth / float64(s.Standard.PeakBytesPerSecond(s.Channels))
	return r, nil
}

package main

import (
	"context"
	"errors"
	"io"

	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/validate"
	"github.com/pmpdsim/pmpdsim/sim/validate/rows"
	"github.com/pmpdsim/pmpdsim/traces"
)

// runTrace sets a recorded run beside its simulation.
func (o *validateOptions) runTrace(ctx context.Context, s streams) error {
	if o.npu == "" {
		return errors.New("validate: --npu is missing; accepted: what stands for the machine of the trace, such as the output of bench host")
	}
	if o.picture.path != "" {
		return errors.New("--output: there is no figure of a recorded run; accepted: the table, or --format csv")
	}
	cfg, err := o.machine()
	if err != nil {
		return err
	}
	t, err := traces.ReadFile(o.trace)
	if err != nil {
		return err
	}
	p := newProgress(s.err, 0, "steps")
	options := replay.Options{Workers: o.workers, Progress: p.passes}
	r, err := validate.Recorded(ctx, t, cfg, options)
	p.end()
	if err != nil {
		return stoppedOr(ctx, err)
	}
	return s.emit(func(w io.Writer) error { return o.showRecorded(w, r) })
}

// showRecorded writes passes and operators in the format that was asked for.
func (o *validateOptions) showRecorded(w io.Writer, r *rows.Recorded) error {
	switch o.format {
	case "json":
		return errors.Join(jsonLines(w, r.Passes), jsonLines(w, r.Operators))
	case "csv":
		return rows.WriteRecordedCSV(w, r)
	}
	return views.RecordedTable(w, r)
}

package main

import (
	"context"
	"errors"
	"io"

	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/validate"
)

// runRails predicts energies that were measured at chips' own supplies.
func (o *validateOptions) runRails(ctx context.Context, s streams) error {
	fits := o.leaveOut || len(o.keys.Decode)+len(o.keys.Prefill) > 0
	if o.picture.path != "" || o.format == "csv" || o.measured != "" || fits {
		return errors.New("--rails: there are four measurements, which are neither drawn nor fitted; accepted: --device, --npu, --format table or json")
	}
	options := validate.Options{Workers: o.workers}
	var err error
	if options.NPU, err = o.machine(); err != nil {
		return err
	}
	p := newProgress(s.err, 0, "steps")
	options.Progress = p.steps
	rails, err := validate.New(options).Rails(ctx, o.device)
	p.end()
	if err != nil {
		return stoppedOr(ctx, err)
	}
	return printed(s, o.format, rails, func(w io.Writer) error { return views.RailsTable(w, rails) })
}

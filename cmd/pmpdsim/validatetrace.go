package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
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
	cfg, err := config.Load(o.npu)
	if err != nil {
		return flagged("npu", o.npu, err)
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

// stoppedOr is the cause of an interruption, or else the error.
func stoppedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// showRecorded writes passes and operators in the format that was asked for. In CSV, what only operators have is empty in passes,
// and the other way round.
func (o *validateOptions) showRecorded(w io.Writer, r *rows.Recorded) error {
	switch o.format {
	case "json":
		return errors.Join(jsonLines(w, r.Passes), jsonLines(w, r.Operators))
	case "csv":
		records := [][]string{{"kind", "phase", "name", "step", "context", "weight_bits", "measured_seconds", "predicted_seconds", "error_percent"}}
		number := func(v *float64, decimals int) string {
			if v == nil {
				return ""
			}
			return strconv.FormatFloat(*v, 'f', decimals, 64)
		}
		for _, p := range r.Passes {
			records = append(records, []string{p.Kind, "", "", strconv.Itoa(p.Step), strconv.Itoa(p.Context), strconv.Itoa(p.Bits),
				fmt.Sprintf("%.9f", p.Measured), fmt.Sprintf("%.9f", p.Predicted), fmt.Sprintf("%.3f", p.Error)})
		}
		for _, p := range r.Operators {
			records = append(records, []string{p.Kind, p.Phase, p.Name, "", "", "", number(p.Measured, 9), number(p.Predicted, 9), number(p.Error, 3)})
		}
		return sheet.Write(w, records)
	}
	return views.RecordedTable(w, r)
}

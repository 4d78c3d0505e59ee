package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
	"github.com/pmpdsim/pmpdsim/sim/validate"
	"github.com/pmpdsim/pmpdsim/sim/validate/rows"
)

func validateCommand() *cli.Command {
	return &cli.Command{
		Name: "validate", Usage: "predict what others measured on real devices, and say by how much it misses", ArgsUsage: "[TRACE]",
		Description: `Predicts 116 public measurements of twelve devices (list npus: measured), each with its citation, and prints a row a
device: measurements, mean error of decode, mean absolute error (MAPE), the worst, rank correlation (Spearman), the share
of the DRAM's peak that decode reaches, and the errors of prefill. Errors are of speed, 100 x (predicted / measured - 1).
Decode is one pass at the measurement's context, prefill one pass over its prompt.

--measured FILE takes other measurements: CSV with the columns of the embedded ones (sim/validate/measured.csv), of which
device, model, weight_bits, prompt and decode_tps are needed. The device is a preset, unless --npu says what it is. Models
that are no presets are read from DIR/NAME/config.json. weight_bits, group_size (channel, codebook, 32, 64, 128), act_bits
(fp16, bf16, 16, 8), kv_bits and context_simulated of a row override what the NPU's description says.

A TRACE that was recorded on a machine is set beside its simulation, pass by pass, and operator by operator where the trace has
their times; --npu says what stands for the machine, such as the file that bench host writes. JSON: a row a pass, then a row an
operator.

docs/validation.md says what is compared with what.

EXAMPLES:
   pmpdsim bench host -o cpu-host.yaml  # 30 s
   pmpdsim record --backend cpu --model mobilellama-1.4b --prompt 8 --gen 4 --schedule uniform:4 -o cpu.trace.jsonl.zst  # not run: minutes
   pmpdsim validate cpu.trace.jsonl.zst --npu cpu-host.yaml  # not run: needs the trace
   pmpdsim validate --device lunar-lake-npu4 --rows
   pmpdsim validate -o validate.png  # 60 s
   pmpdsim validate --device rk3588 --format csv  # 10 s`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "device", Usage: "only measurements of `DEVICE`, as list npus writes it", DefaultText: "all"},
			&cli.StringFlag{Name: "measured", Usage: "measurements in `FILE`, CSV", DefaultText: "the embedded ones", TakesFile: true},
			&cli.StringFlag{Name: "npu", Usage: "`NPU` that all rows are of: a preset or a YAML file", DefaultText: "the device's preset", TakesFile: true},
			&cli.StringFlag{Name: "models", Usage: "`DIR` with NAME/config.json of models that are no presets", TakesFile: true},
			&cli.BoolFlag{Name: "rows", Usage: "also print a row for each measurement"},
			workersFlag(),
			pictureFlag("a"),
			formatFlag("table", "csv", "json"),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return action(fillValidate)(c)
			}
			return action(fillValidate, "TRACE")(c)
		},
	}
}

// validateOptions are what validate was asked for.
type validateOptions struct {
	device   string // its slug; empty: all
	measured string // empty: the embedded ones
	npu      string // empty: the device's preset
	trace    string // to set beside its simulation; empty: none
	models   string
	rows     bool
	workers  int
	picture  picture
	format   string
}

func fillValidate(c *cli.Context) (*validateOptions, error) {
	return &validateOptions{device: validate.Slug(c.String("device")), measured: c.String("measured"), npu: c.String("npu"),
		trace: c.Args().First(), models: c.String("models"), rows: c.Bool("rows"), workers: c.Int("workers"), picture: pictureFrom(c), format: c.String("format")}, nil
}

func (o *validateOptions) run(ctx context.Context, s streams) error {
	if o.trace != "" {
		return o.runTrace(ctx, s)
	}
	all, err := o.load(s)
	if err != nil {
		return err
	}
	options := validate.Options{Models: o.models, Workers: o.workers}
	if o.npu != "" {
		if options.NPU, err = config.Load(o.npu); err != nil {
			return flagged("npu", o.npu, err)
		}
	}
	if err := o.picture.check(); err != nil {
		return err
	}
	p := newProgress(s.err, 0, "steps")
	options.Progress = p.steps
	v := validate.New(options)
	predicted, err := v.Predict(ctx, all, nil)
	p.end()
	if errors.Is(err, context.Canceled) {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	for _, n := range v.Notes() {
		s.say("note: %s", n)
	}
	figure := views.MeasuredFigure(predicted)
	err = o.picture.draw(s, figure, figure.Title+": "+figure.Subtitle)
	return errors.Join(err, s.emit(func(w io.Writer) error { return o.show(w, predicted) }))
}

// load reads the measurements that are asked for.
func (o *validateOptions) load(s streams) ([]validate.Measurement, error) {
	all := validate.Embedded()
	if o.measured != "" {
		var ignored []string
		var err error
		if all, ignored, err = validate.Load(o.measured); err != nil {
			return nil, flagged("measured", o.measured, err)
		}
		if len(ignored) > 0 {
			s.say("note: %s: columns that are not known are ignored: %s", o.measured, strings.Join(ignored, ", "))
		}
	}
	if o.device == "" {
		return all, nil
	}
	var devices []string
	for _, m := range all {
		if d := validate.Slug(m.Device); !slices.Contains(devices, d) {
			devices = append(devices, d)
		}
	}
	all = slices.DeleteFunc(all, func(m validate.Measurement) bool { return validate.Slug(m.Device) != o.device })
	if len(all) == 0 {
		return nil, fmt.Errorf("--device %s: nothing was measured on it; %s", o.device, suggest.Accepted(o.device, devices))
	}
	return all, nil
}

// show writes the rows in the format that was asked for.
func (o *validateOptions) show(w io.Writer, all []rows.Row) error {
	switch o.format {
	case "csv":
		return rows.WriteCSV(w, all)
	case "json":
		return jsonLines(w, all)
	}
	if o.rows {
		if err := views.MeasuredTable(w, all); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	return views.DevicesTable(w, all)
}

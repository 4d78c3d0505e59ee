package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
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
		Description: `Predicts 116 public measurements of twelve devices (list npus marks them), each with its citation, and prints a row a
device: measurements, mean error of decode, mean absolute error (MAPE), the worst, rank correlation (Spearman), the share
of the DRAM's peak that decode reaches, and the errors of prefill; then medians of that share by the width of the weights.
Errors are of speed, 100 x (predicted / measured - 1). Decode is one pass at the measurement's context, prefill one pass over its prompt.

--measured FILE takes other measurements: CSV with the columns of the embedded ones (sim/validate/measured.csv), of which
device, model, weight_bits, prompt and decode_tps are needed. The device is a preset, unless --npu says what it is. Models
that are no presets are read from DIR/NAME/config.json. weight_bits, group_size (channel, codebook, 32, 64, 128), act_bits
(fp16, bf16, 16, 8), kv_bits and context_simulated of a row override what the NPU's description says.

Presets of five devices have keys that are fitted to their measurements, with the derivation beside them; --unfitted takes the
same defaults for all devices instead. What a measurement is excluded for is said below the table.

--fit KEYS chooses values for at most three keys of the NPU, by least squares on the errors of decode, --fit-prefill KEY one for
the time to the first token; runtime.dispatch needs an NPU with a runtime.class. -o NPU.yaml writes the fitted NPU, which says what
it was fitted to and how well. --leave-one-out fits to all models of a device but one, with all of their formats, and predicts
that one, for each: what it says of errors is of models that the fit has not seen. Without --fit it takes the device's own keys.

--rails predicts energies that were measured at chips' own supplies: of the NPU in one pass, without its DRAM; what is there as long
as a pass takes is counted over the measured time. --npu may say what the device is (docs/energy.md).

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
   pmpdsim validate --unfitted  # 60 s
   pmpdsim validate --device ax650n --leave-one-out  # 20 s
   pmpdsim validate --device ax650n --fit runtime.dispatch,noc.bandwidth -o fitted.yaml  # 20 s
   pmpdsim validate --device rk3588 --format csv  # 10 s
   pmpdsim validate --rails`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "device", Usage: "only measurements of `DEVICE`, as list npus writes it", DefaultText: "all"},
			&cli.StringFlag{Name: "measured", Usage: "measurements in `FILE`, CSV", DefaultText: "the embedded ones", TakesFile: true},
			&cli.StringFlag{Name: "npu", Usage: "`NPU` that all rows are of: a preset or a YAML file", DefaultText: "the device's preset", TakesFile: true},
			&cli.StringFlag{Name: "models", Usage: "`DIR` with NAME/config.json of models that are no presets", TakesFile: true},
			&cli.StringFlag{Name: "fit", Usage: "fit `KEYS` of the NPU (config keys, at most three) to decode, as in runtime.dispatch,noc.bandwidth"},
			&cli.StringFlag{Name: "fit-prefill", Usage: "then fit `KEY` to the time to the first token"},
			&cli.BoolFlag{Name: "leave-one-out", Usage: "fit to all models but one, and predict that one, for each; without --fit the device's own keys"},
			&cli.BoolFlag{Name: "rails", Usage: "predict the energies that were measured at chips' own supplies instead"},
			&cli.BoolFlag{Name: "unfitted", Usage: "with the defaults of classes instead of what is fitted: as a device of which nothing was measured"},
			&cli.BoolFlag{Name: "rows", Usage: "also print a row for each measurement"},
			workersFlag(),
			outputFlag("write `FILE`: a picture, by its name .png, .svg or .pdf; with --fit the fitted NPU, .yaml", ""),
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
	keys     validate.Keys
	leaveOut bool
	unfitted bool
	rails    bool // energies instead of times
	rows     bool
	workers  int
	picture  picture
	format   string
}

func fillValidate(c *cli.Context) (*validateOptions, error) {
	list := func(flag string) []string {
		if text := c.String(flag); text != "" {
			return strings.Split(text, ",")
		}
		return nil
	}
	o := &validateOptions{device: validate.Slug(c.String("device")), measured: c.String("measured"), npu: c.String("npu"),
		trace: c.Args().First(), models: c.String("models"),
		keys:     validate.Keys{Decode: list("fit"), Prefill: list("fit-prefill")},
		leaveOut: c.Bool("leave-one-out"), unfitted: c.Bool("unfitted"), rails: c.Bool("rails"), rows: c.Bool("rows"),
		workers: c.Int("workers"), picture: pictureFrom(c), format: c.String("format")}
	if err := o.keys.Check(); err != nil {
		return o, err
	}
	return o, o.exclusive(c)
}

// exclusive refuses flags that say nothing where a recorded run, or energies, are predicted.
func (o *validateOptions) exclusive(c *cli.Context) error {
	var of, accepted string
	var idle []string
	switch {
	case o.trace != "":
		of, accepted = "of a recorded run", "--npu, --workers, --format"
		idle = []string{"device", "measured", "models", "fit", "fit-prefill", "leave-one-out", "rails", "unfitted", "rows"}
	case o.rails:
		of, accepted = "of --rails", "--device, --npu, --workers, --format"
		idle = []string{"models", "unfitted", "rows"}
	}
	for _, name := range idle {
		if c.IsSet(name) {
			return fmt.Errorf("--%s: says nothing %s; accepted: %s", name, of, accepted)
		}
	}
	return nil
}

func (o *validateOptions) run(ctx context.Context, s streams) error {
	if o.trace != "" {
		return o.runTrace(ctx, s)
	}
	if o.rails {
		return o.runRails(ctx, s)
	}
	all, err := o.load(s)
	if err != nil {
		return err
	}
	options := validate.Options{Unfitted: o.unfitted, Models: o.models, Workers: o.workers}
	if options.NPU, err = o.machine(); err != nil {
		return err
	}
	if err := errors.Join(o.check(), o.checkOne(all)); err != nil {
		return err
	}
	p := newProgress(s.err, 0, "steps")
	options.Progress = p.steps
	v := validate.New(options)
	result, err := v.FitAndPredict(ctx, all, o.free, o.leaveOut)
	p.end()
	if err != nil {
		return stoppedOr(ctx, err)
	}
	for _, n := range v.Notes() {
		s.say("note: %s", n)
	}
	if o.format != "table" {
		for _, f := range result.Fits {
			s.say("note: %s", f.Text())
		}
	}
	return errors.Join(o.write(s, result), s.emit(func(w io.Writer) error { return o.show(w, result) }))
}

// machine loads the NPU of all rows; nil: each has the preset of its device.
func (o *validateOptions) machine() (*config.Config, error) {
	if o.npu == "" {
		return nil, nil
	}
	c, err := config.Load(o.npu)
	return c, flagged("npu", o.npu, err)
}

// overlay reports whether the output is the fitted NPU, not a picture.
func (o *validateOptions) overlay() bool {
	return slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(o.picture.path))
}

// check finds out before the work whether there can be what is to be written.
func (o *validateOptions) check() error {
	if o.models != "" && !isFolder(o.models) {
		return fmt.Errorf("--models %s: not a folder; accepted: one with NAME/config.json", o.models)
	}
	if !o.overlay() {
		return o.picture.check()
	}
	if len(o.keys.Decode)+len(o.keys.Prefill) == 0 && !o.leaveOut {
		return fmt.Errorf("--output %s: nothing is fitted; accepted: with --fit, or a picture", o.picture.path)
	}
	return nil
}

// checkOne refuses a fitted NPU as the output where several would be fitted, before any of them is.
func (o *validateOptions) checkOne(all []validate.Measurement) error {
	if !o.overlay() || o.npu != "" {
		return nil
	}
	var devices []string
	for _, m := range all {
		d := validate.Slug(m.Device)
		if k := o.free(d); len(k.Decode)+len(k.Prefill) > 0 && !slices.Contains(devices, d) {
			devices = append(devices, d)
		}
	}
	if len(devices) > 1 {
		return fmt.Errorf("--output %s: a file is one NPU, and there are measurements of %s; accepted: one of them as --device, or --npu",
			o.picture.path, strings.Join(devices, ", "))
	}
	return nil
}

// write writes the file of --output: the fitted NPU, or a picture.
func (o *validateOptions) write(s streams, r *validate.Result) error {
	if !o.overlay() {
		figure := views.MeasuredFigure(r.Rows)
		return o.picture.draw(s, figure, figure.Title+": "+figure.Subtitle)
	}
	if len(r.Machines) != 1 {
		return fmt.Errorf("--output %s: %d NPUs are fitted, a file is one; accepted: --device with one that can be fitted",
			o.picture.path, len(r.Machines))
	}
	about := []string{"Written by " + o.picture.command + "."}
	for _, f := range r.Fits {
		about = append(about, f.Text()+":", "  "+strings.Join(f.Models, ", "))
	}
	text, err := r.Machines[0].Overlay(about)
	if err != nil {
		return internal(err)
	}
	return s.save("output", o.picture.path, func(w io.Writer) error { _, err := w.Write(text); return err })
}

// free returns the keys that are fitted of a machine.
func (o *validateOptions) free(machine string) validate.Keys {
	if len(o.keys.Decode)+len(o.keys.Prefill) > 0 || !o.leaveOut {
		return o.keys
	}
	return validate.Free(machine)
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
func (o *validateOptions) show(w io.Writer, r *validate.Result) error {
	all := r.Rows
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
	if err := views.DevicesTable(w, all); err != nil {
		return err
	}
	if widths := rows.Widths(all); len(widths) > 1 {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := views.WidthsTable(w, widths); err != nil {
			return err
		}
	}
	return views.Fits(w, r.Fits)
}

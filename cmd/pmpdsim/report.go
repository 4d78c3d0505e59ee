package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots/report"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/study/machines"
)

func reportCommand() *cli.Command {
	return &cli.Command{Name: "report", Usage: "write results as one HTML page to look around in", ArgsUsage: "RESULTS...",
		Description: `Writes one HTML file of results of pmpdsim run --format json, or of those in the folder of a sweep. It opens in a browser without
a network. What it shows: throughput, speed-ups, which knob moves them most while all else stays as it is, the best designs, where time and
energy go, rooflines, all results, and where each number is from. The best designs and the knobs are printed, too.

Results carry their NPU, and so does the folder of a sweep. Those of version 0.1.0 name it by a fingerprint: of these the NPU's keys and
its roofs are in the page for folders of sweeps, for presets, and for presets changed by axes that are keys; --npu and --set say
what another NPU was.

EXAMPLES:
   pmpdsim report results/ -o report.html
   pmpdsim run --breakdown --format json -o run.jsonl && pmpdsim report run.jsonl -o report.html
   pmpdsim report results/ --only batch=1 --only schedule=fp16 --only schedule=uniform:4 -o report.html`,
		Flags:  append(npuFlags(), onlyFlag("take"), outputFlag("write to `FILE`, NAME.html", "required")),
		Action: actionOnResults(fillReport)}
}

// reportOptions are what report was asked for.
type reportOptions struct {
	results resultsOptions
	npu     *npuOptions // that results come from; nil: nobody says
	output  string
	command string // that the page names as its origin
}

func fillReport(c *cli.Context) (*reportOptions, error) {
	o := &reportOptions{results: resultsFrom(c), output: c.String("output"), command: pictureFrom(c).command}
	if !c.IsSet("npu") && !c.IsSet("set") {
		return o, nil
	}
	npu, err := npuFrom(c)
	o.npu = &npu
	return o, err
}

func (o *reportOptions) run(_ context.Context, s streams) error {
	if err := o.check(); err != nil {
		return err
	}
	set, err := study.Read(o.results.paths...)
	if err != nil {
		return err
	}
	for _, in := range set.Inputs {
		s.leftOut("points of "+in.Path+" that are not shown", in)
	}
	if set, err = set.Only(o.results.only...); err != nil {
		return err
	}
	if set, err = set.Arrange(); err != nil {
		return err
	}
	r := report.New(set)
	r.Program, r.Command = program(), o.command
	if r.Machines, err = o.machines(s, set); err != nil {
		return err
	}
	err = s.save("output", o.output, func(w io.Writer) error { return report.Write(w, r) })
	return errors.Join(err, s.emit(r.Summary))
}

// check finds out before results are read whether a page is asked for.
func (o *reportOptions) check() error {
	if o.output == "" {
		return errors.New("--output is missing; accepted: a file, NAME.html")
	}
	if ext := strings.ToLower(filepath.Ext(o.output)); ext != ".html" && ext != ".htm" && o.output != os.DevNull {
		return fmt.Errorf("--output: %s: the name tells no page; accepted: a name that ends in .html", o.output)
	}
	return nil
}

// machines are the NPUs of the results, as far as they are known.
func (o *reportOptions) machines(s streams, set *study.Set) ([]study.Machine, error) {
	for _, err := range machines.Complete(set) {
		s.say("note: %v", err)
	}
	known := machines.Known{}
	if o.npu != nil {
		cfg, err := o.npu.loadFor(set.Outcomes[0])
		if err != nil {
			return nil, err
		}
		if err := known.Add(cfg, set); err != nil {
			return nil, err
		}
	}
	all, notes := known.Of(set)
	for _, note := range notes {
		s.say("note: the NPU is known by its fingerprint only: %v", note)
	}
	return all, nil
}

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/study/machines"
)

// This file is what commands share that read results and draw pictures of them.

// onlyFlag chooses among results that a command takes or draws.
func onlyFlag(does string) cli.Flag {
	return &cli.StringSliceFlag{Name: "only",
		Usage: does + " results with `KEY=VALUE` only, as in model=phi-1.5; repeatable, values of one key are alternatives"}
}

// resultsOptions are the results that a command reads.
type resultsOptions struct {
	paths []string
	only  []string
}

func resultsFrom(c *cli.Context) resultsOptions {
	return resultsOptions{c.Args().Slice(), c.StringSlice("only")}
}

// actionOnResults is action for commands that take any number of results.
func actionOnResults[C command](fill func(*cli.Context) (C, error)) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.NArg() == 0 {
			return errors.New(strings.TrimPrefix(c.Command.HelpName, c.App.Name+" ") +
				": RESULTS are missing; accepted: files of run --format json, folders of sweeps")
		}
		o, err := fill(c)
		if err != nil {
			return err
		}
		return launch(c, o)
	}
}

// leftOut notes the points of inputs that have no result.
func (s streams) leftOut(what string, inputs ...study.Input) {
	s.notBelieved(inputs...)
	failed, missing := 0, 0
	for _, in := range inputs {
		failed, missing = failed+in.Failed, missing+in.Missing
	}
	if failed > 0 {
		s.say("note: %s: %d (failed)", what, failed)
	}
	if missing > 0 {
		s.say("note: %s: %d (no result yet)", what, missing)
	}
}

// notBelieved notes the lines of folders that are not as a sweep has written them.
func (s streams) notBelieved(inputs ...study.Input) {
	for _, in := range inputs {
		for _, note := range in.Notes {
			s.say("note: %s", note)
		}
	}
}

// loadFor returns the NPU that was asked for, which is, where none was named, the one that a result carries, or names.
func (o *npuOptions) loadFor(r *study.Outcome) (*config.Config, error) {
	if o.unnamed && len(o.set) == 0 {
		if cfg, err := machines.NPU(r); err != nil || cfg != nil {
			return cfg, err
		}
	}
	named := *o
	if o.unnamed {
		named.name = r.NPU
		if _, err := config.Load(r.NPU); err != nil {
			return nil, fmt.Errorf("%s: %s is no preset; accepted: --npu FILE with the NPU that was simulated", r.Place, r.NPU)
		}
	}
	return named.configured()
}

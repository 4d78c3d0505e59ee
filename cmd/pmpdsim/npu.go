package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
)

// defaultNPU is simulated when none is named: a phone, which is what progressive precision was made for.
const defaultNPU = "edge-lpddr5"

// npuFlags choose an NPU.
func npuFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "npu", Value: defaultNPU, Usage: "`NPU`: a preset (list npus) or a YAML file that changes one"},
		&cli.StringSliceFlag{Name: "set", Usage: "change a key of the NPU, as in array.rows=64 (`PATH=VALUE`; config keys); repeatable"},
	}
}

// layoutFlag chooses how weights lie in DRAM.
func layoutFlag() cli.Flag {
	return &cli.StringFlag{Name: "layout", DefaultText: "the NPU's", Usage: "weights in DRAM: `SPEC` is one of " + config.LayoutForms +
		"; short for --set weights.layout, .chunk and .skew"}
}

// shortForm is an assignment to a key of the NPU that a flag of its own stands for.
type shortForm struct{ flag, assignment string }

func shortForms(c *cli.Context) ([]shortForm, error) {
	var all []shortForm
	if bits := c.String("kv-bits"); c.IsSet("kv-bits") {
		all = append(all, shortForm{"--kv-bits " + bits, "kv.bits=" + bits})
	}
	if spec := c.String("layout"); c.IsSet("layout") {
		assignments, err := config.ParseLayout(spec)
		if err != nil {
			return nil, flagged("layout", "", err)
		}
		for _, a := range assignments {
			all = append(all, shortForm{"--layout " + spec, a})
		}
	}
	return all, nil
}

// loadNPU resolves the flags of npuFlags, and the short forms where a command has them.
func loadNPU(c *cli.Context) (*config.Config, error) {
	cfg, err := config.Load(c.String("npu"))
	if err != nil {
		return nil, flagged("npu", c.String("npu"), err)
	}
	short, err := shortForms(c)
	if err != nil {
		return nil, err
	}
	assignments := slices.Clone(c.StringSlice("set"))
	for _, s := range short {
		assignments = append(assignments, s.assignment)
	}
	if err := cfg.Set(assignments); err != nil {
		text := err.Error()
		for _, s := range short { // blame what was written
			text = strings.ReplaceAll(text, "--set "+s.assignment+": ", s.flag+": ")
		}
		return nil, errors.New(text)
	}
	return cfg, nil
}

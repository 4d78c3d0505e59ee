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

// loadNPU resolves the flags of npuFlags, and --kv-bits where a command has it.
func loadNPU(c *cli.Context) (*config.Config, error) {
	cfg, err := config.Load(c.String("npu"))
	if err != nil {
		return nil, flagged("npu", c.String("npu"), err)
	}
	assignments := slices.Clone(c.StringSlice("set"))
	const key = "kv.bits="
	if c.IsSet("kv-bits") {
		assignments = append(assignments, key+c.String("kv-bits"))
	}
	if len(assignments) == 0 {
		return cfg, nil
	}
	if err := cfg.Set(assignments); err != nil {
		if c.IsSet("kv-bits") && !slices.ContainsFunc(c.StringSlice("set"), func(s string) bool { return strings.HasPrefix(s, key) }) {
			err = errors.New(strings.ReplaceAll(err.Error(), "--set "+key, "--kv-bits "))
		}
		return nil, err
	}
	return cfg, nil
}

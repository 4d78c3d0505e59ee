package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision/calibrate"
)

// fillLimit reads what a search over losses needs.
func (o *searchOptions) fillLimit(c *cli.Context) error {
	switch {
	case o.traces != "":
		return fmt.Errorf("--losses and --traces are given; accepted: one of them")
	case o.model == "":
		return fmt.Errorf("--model is missing; accepted: the model whose matrices --losses has")
	}
	name, value, ok := strings.Cut(c.String("bound"), "<=")
	most, err := strconv.ParseFloat(value, 64)
	if !ok || err != nil || math.IsNaN(most) || math.IsInf(most, 0) || name != "loss" && name != "bits" {
		return fmt.Errorf("--bound %s: not a bound of losses; accepted: loss<=X, bits<=X", c.String("bound"))
	}
	o.limit = calibrate.Limit{Loss: math.Inf(1), Bits: most}
	if name == "loss" {
		o.limit = calibrate.Limit{Loss: most, Bits: math.Inf(1)}
	}
	return nil
}

// assign searches bits by layer and matrix.
func (o *searchOptions) assign(s streams) error {
	m, err := workloads.Load(o.model)
	if err != nil {
		return flagged("model", o.model, err)
	}
	losses, err := calibrate.ReadLosses(o.losses, m)
	if err != nil {
		return flagged("losses", "", err)
	}
	found, err := losses.Assign(o.limit)
	if err != nil {
		return fmt.Errorf("--bound: %w", err)
	}
	return printed(s, o.format, []any{found}, func(out io.Writer) error { return views.Assigned(out, m, found) })
}

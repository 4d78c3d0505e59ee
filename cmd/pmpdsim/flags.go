package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// This file defines the flags that several commands have, once each, together with the check of their values.

// What flags accept at most: far more than any machine or model has.
const (
	mostWorkers = 4096
	mostTokens  = 1 << 22 // max_position_embeddings
)

// workersFlag is on how many cores a command simulates.
func workersFlag() cli.Flag {
	return &cli.IntFlag{Name: "workers", Usage: "simulate on `N` cores; results do not depend on it", Value: runtime.GOMAXPROCS(0),
		DefaultText: "all", Action: between("workers", 1, mostWorkers)}
}

// passesFlag says which decode passes are simulated; samplingFrom reads it.
func passesFlag(absent string) cli.Flag {
	return &cli.StringFlag{Name: "passes", Usage: "decode `PASSES` to simulate: all, sampled, sampled:PERCENT%, or a number of each group of like ones", DefaultText: absent}
}

func samplingFrom(c *cli.Context) (replay.Sampling, error) {
	text := c.String("passes")
	if text == "" && !c.IsSet("passes") {
		return replay.Sampling{}, nil
	}
	sampling, err := replay.ParseSampling(text)
	return sampling, flagged("passes", "", err)
}

// formatFlag is the form of what a command prints; the first is the default.
func formatFlag(accepted ...string) cli.Flag {
	return &cli.StringFlag{Name: "format", Value: accepted[0], Usage: "`FORMAT` of the output: " + strings.Join(accepted, " or "),
		Action: oneOf("format", "format", accepted...)}
}

// outputFlag is the file that a command writes; absent says what happens without it.
func outputFlag(usage, absent string) fileFlag {
	return fileFlag{StringFlag: &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: usage, DefaultText: absent}}
}

// alsoFlag is a file that a command writes beside its output.
func alsoFlag(name, usage string) cli.Flag {
	return fileFlag{StringFlag: &cli.StringFlag{Name: name, Usage: usage}}
}

// pictureFlag is where a command draws its picture; pictureFrom reads it.
func pictureFlag(article string) cli.Flag {
	return outputFlag("draw "+article+" picture into `FILE`, by its name .png, .svg or .pdf", "")
}

// traceOutputFlag is where a command writes a trace; it has to be given.
func traceOutputFlag() cli.Flag {
	return outputFlag("write to `FILE`, usually *"+traces.Suffix+"; NAME.jsonl: not compressed", "required")
}

// modelFlag is one model; absent names what is taken without it, where value is empty.
func modelFlag(usage, value, absent string) cli.Flag {
	return &cli.StringFlag{Name: "model", Usage: usage, Value: value, DefaultText: absent, TakesFile: true}
}

// modelsFlag is several models; absent names those that are taken without it.
func modelsFlag(usage, absent string) cli.Flag {
	return &cli.StringSliceFlag{Name: "model", Usage: usage, DefaultText: absent, TakesFile: true}
}

// modelsOr are the values of modelsFlag, or others if there are none.
func modelsOr(c *cli.Context, others []string) []string {
	if names := c.StringSlice("model"); len(names) > 0 {
		return names
	}
	return others
}

// bitsFlag is several weight precisions; weightBits reads them.
func bitsFlag(value string) cli.Flag {
	return &cli.StringFlag{Name: "bits", Value: value, Usage: "weight precisions: `BITS,...`"}
}

func weightBits(c *cli.Context) ([]int, error) {
	return integers("bits", c.String("bits"), "2 to 8, or 16", func(n int) bool { return n >= 2 && n <= 8 || n == 16 })
}

// channelsFlag is how many DRAM channels there are.
func channelsFlag() cli.Flag {
	return &cli.IntFlag{Name: "channels", Value: 1, Usage: "`N` channels, 1 to 1024", Action: func(_ *cli.Context, n int) error {
		if n < 1 || n > 1024 {
			return fmt.Errorf("--channels %d: not a number of channels; accepted: 1 to 1024", n)
		}
		return nil
	}}
}

// refreshFlag is how DRAM is refreshed.
func refreshFlag() cli.Flag {
	return &cli.StringFlag{Name: "refresh", Value: spec.AllBank.String(), Usage: "`MODE` of refresh: all-bank, per-bank (LPDDR, HBM), same-bank (DDR5) or none"}
}

// postponeFlag is how many refreshes DRAM may put off.
func postponeFlag() cli.Flag {
	return &cli.IntFlag{Name: "postpone", Usage: "`N` refreshes may wait for requests"}
}

// tracesFlag is a directory with traces.
func tracesFlag(usage, absent string) cli.Flag {
	return &cli.StringFlag{Name: "traces", Usage: usage, DefaultText: absent, TakesFile: true}
}

// traceFlag is a trace that is read.
func traceFlag(usage string) cli.Flag {
	return &cli.StringFlag{Name: "trace", Usage: usage, DefaultText: "the embedded one", TakesFile: true}
}

// acceptedTrace is what traceOutputFlag takes.
const acceptedTrace = "a file, usually NAME" + traces.Suffix

// requiredOutput is the value of --output where it has to be given; accepted says what it may be.
func requiredOutput(c *cli.Context, accepted string) (string, error) {
	if path := c.String("output"); path != "" {
		return path, nil
	}
	return "", errors.New("--output is missing; accepted: " + accepted)
}

// scheduleFlag is one schedule; parseSchedule reads it.
func scheduleFlag() cli.Flag {
	return &cli.StringFlag{Name: "schedule", Usage: "precision `SCHEDULE` (list schedules)", DefaultText: "static with the model's pair"}
}

// schedulesFlag is several schedules.
func schedulesFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "schedule", Usage: "precision `SCHEDULE` (list schedules); repeatable", DefaultText: "the model's three"}
}

// parseSchedule reads a schedule for a model; no text is the static one of the model's pair.
func parseSchedule(text string, m *workloads.Model) (precision.Schedule, error) {
	if text == "" {
		text = string(precision.KindStatic)
	}
	s, err := precision.ParseFor(text, m)
	return s, flagged("schedule", "", err)
}

// between is the check of a flag whose value is a number in a range.
func between(name string, least, most int) func(*cli.Context, int) error {
	return func(_ *cli.Context, n int) error {
		if n < least || n > most {
			return fmt.Errorf("--%s %d: out of range; accepted: %d to %d", name, n, least, most)
		}
		return nil
	}
}

// notNegative is the check of a flag whose value is a seed.
func notNegative(name string) func(*cli.Context, int64) error {
	return func(_ *cli.Context, n int64) error {
		if n < 0 {
			return fmt.Errorf("--%s %d: negative; accepted: 0 or more", name, n)
		}
		return nil
	}
}

// oneOf is the check of a flag whose value is one of some names; what says what they name.
func oneOf(name, what string, accepted ...string) func(*cli.Context, string) error {
	return func(_ *cli.Context, v string) error {
		if !slices.Contains(accepted, v) {
			return fmt.Errorf("--%s %s: unknown %s; accepted: %s", name, v, what, strings.Join(accepted, ", "))
		}
		return nil
	}
}

// optional returns a flag's value, or nil if the flag is not on the command line.
func optional[T any](c *cli.Context, name string, value func(string) T) *T {
	if !c.IsSet(name) {
		return nil
	}
	v := value(name)
	return &v
}

// flagged puts the flag that a wrong value came from in front of an error, unless the error starts with the place in a file.
func flagged(flag, value string, err error) error {
	if err == nil || value != "" && strings.HasPrefix(err.Error(), value+":") {
		return err
	}
	return fmt.Errorf("--%s: %w", flag, err)
}

// integers reads the value of a flag: different numbers that a check accepts.
func integers(flag, value, accepted string, check func(int) bool) ([]int, error) {
	var all []int
	for word := range strings.SplitSeq(value, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || !check(n) || slices.Contains(all, n) {
			return nil, fmt.Errorf("--%s %s: %q is not possible; accepted: different numbers, each %s", flag, value, word, accepted)
		}
		all = append(all, n)
	}
	return all, nil
}

// standardFlag chooses a DRAM standard.
func standardFlag(value string) cli.Flag {
	return &cli.StringFlag{Name: "standard", Value: value, Usage: "DRAM `STANDARD` (list dram), or the file of a part (dram part)", TakesFile: true}
}

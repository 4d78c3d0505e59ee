package main

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/plots"
)

func configCommand() *cli.Command {
	return &cli.Command{Name: "config", Usage: "show what an NPU is made of",
		Description: `An NPU is a preset, or a YAML file that names a preset as its base and changes some of its keys.

EXAMPLES:
   pmpdsim config show --npu edge-lpddr4x --set dram.channels=2 > my.yaml
   pmpdsim config keys`,
		Subcommands: []*cli.Command{configShowCommand(), configKeysCommand()}}
}

func configShowCommand() *cli.Command {
	return &cli.Command{
		Name: "show", Usage: "print the resolved configuration of an NPU",
		Description: `Prints every key with the value that a run would use. The output is a complete file for --npu.

EXAMPLES:
   pmpdsim config show
   pmpdsim config show --npu my.yaml --set array.rows=64 --format json`,
		Flags: append(npuFlags(), formatFlag("yaml", "json")),
		Action: action(func(c *cli.Context) (*configShow, error) {
			o, err := npuFrom(c)
			return &configShow{o, c.String("format")}, err
		}),
	}
}

// configShow are the options of config show.
type configShow struct {
	npu    npuOptions
	format string
}

func (o *configShow) run(_ context.Context, s streams) error {
	cfg, err := o.npu.load()
	if err != nil {
		return err
	}
	return printed(s, o.format, []*config.Config{cfg}, func(w io.Writer) error {
		data, err := cfg.YAML()
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
}

// keyItem is a key as JSON.
type keyItem struct {
	Path  string `json:"path"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

func configKeysCommand() *cli.Command {
	return &cli.Command{
		Name: "keys", Usage: "list the keys that --set and files accept",
		Description: `Lists every key, what its value looks like, and its value in an NPU. dram.timing.* are those of the DRAM
standard, in clocks; 0: it has none.

EXAMPLES:
   pmpdsim config keys
   pmpdsim config keys --npu card-hbm3 --format json`,
		Flags: append(npuFlags(), formatFlag("table", "json")),
		Action: action(func(c *cli.Context) (*configKeys, error) {
			o, err := npuFrom(c)
			return &configKeys{o, c.String("format")}, err
		}),
	}
}

// configKeys are the options of config keys.
type configKeys struct {
	npu    npuOptions
	format string
}

func (o *configKeys) run(_ context.Context, s streams) error {
	cfg, err := o.npu.load()
	if err != nil {
		return err
	}
	t := &plots.Table{Columns: []plots.Column{{Name: "key"}, {Name: cfg.Name, Width: 42}, {Name: "accepted", Width: 42}}}
	var items []keyItem
	for _, k := range config.Keys() {
		value, _ := cfg.Get(k.Path)
		if timing, ok := strings.CutPrefix(k.Path, "dram.timing."); ok && value == "" && cfg.Standard() != nil {
			value = strconv.FormatInt(cfg.Standard().Timing.Clocks()[slices.Index(spec.TimingNames(), timing)], 10)
		}
		items = append(items, keyItem{k.Path, k.Type, value})
		t.Add(k.Path, value, k.Type)
	}
	return printed(s, o.format, items, t.Write)
}

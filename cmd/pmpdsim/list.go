package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/array"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// listing is one thing that can be listed: its items as a table, and as values for JSON.
type listing struct {
	name, usage, description string

	items func() (*plots.Table, []any, error)
	note  string // below the table
}

func listCommand() *cli.Command {
	c := &cli.Command{Name: "list", Usage: "list what the program knows by name",
		Description: `Lists the presets and names that the flags of other commands accept. --format json prints one object per
item, one a line, with the sources of its numbers.

EXAMPLES:
   pmpdsim list npus
   pmpdsim list models --format json`}
	for _, l := range []listing{npuListing(), modelListing(), familyListing(), taskListing(), scheduleListing(), dramListing(), styleListing(), formatListing()} {
		c.Subcommands = append(c.Subcommands, l.command())
	}
	return c
}

func (l listing) command() *cli.Command {
	return &cli.Command{
		Name: l.name, Usage: l.usage, Flags: []cli.Flag{formatFlag("table", "json")},
		Description: l.description + "\n\nEXAMPLES:\n   pmpdsim list " + l.name + "\n   pmpdsim list " + l.name + " --format json",
		Action:      action(func(c *cli.Context) (*listOptions, error) { return &listOptions{l, c.String("format")}, nil }),
	}
}

// listOptions are what list was asked for.
type listOptions struct {
	what   listing
	format string
}

func (o *listOptions) run(_ context.Context, s streams) error {
	table, values, err := o.what.items()
	if err != nil {
		return internal(err)
	}
	return printed(s, o.format, values, func(w io.Writer) error {
		if err := table.Write(w); err != nil || o.what.note == "" {
			return err
		}
		_, err := fmt.Fprintf(w, "\n%s\n", o.what.note)
		return err
	})
}

// peakBits are the weight precisions whose peaks are listed.
func peakBits() []unit.Bits { return []unit.Bits{2, 3, 4, 8, 16} }

// npuItem is an NPU preset as JSON.
type npuItem struct {
	Name        string             `json:"name"`
	Description string             `json:"description"`
	Source      string             `json:"source"`
	Clock       int64              `json:"clock_hz"`
	Style       string             `json:"array_style"`
	Rows        int                `json:"array_rows"`
	Cols        int                `json:"array_cols"`
	PeakOps     map[string]float64 `json:"peak_ops_per_second"` // by weight bits; a MAC is two
	DRAM        string             `json:"dram_standard"`
	Channels    int                `json:"dram_channels"`
	Bandwidth   float64            `json:"peak_bytes_per_second"`
	Capacity    int64              `json:"capacity_bytes"`
	Ridge       map[string]float64 `json:"ridge_ops_per_byte"` // by weight bits
	Measured    bool               `json:"measured"`           // a device that can be bought, beside measurements of others
}

func npuListing() listing {
	return listing{name: "npus", usage: "NPU presets",
		description: `Peak TOPS count a multiply-accumulate as two operations. The ridge of the roofline is the operations per byte
of DRAM traffic at which array and memory are equally busy; decoding one token does 16/bits of them per
byte of weights, so it is bound by memory wherever the ridge is higher.`,
		note: "*: devices that can be bought; pmpdsim validate compares predictions with what others measured. The others are imagined.\n" +
			"TOPS: two operations per multiply-accumulate.\n" +
			"Ridge: operations per byte of DRAM traffic at which array and memory are equally busy, with 4-bit weights.",
		items: func() (*plots.Table, []any, error) {
			t := &plots.Table{Columns: []plots.Column{{Name: "npu"}, {Name: "clock", Right: true}, {Name: "array", Right: true},
				{Name: "style"}, {Name: "TOPS at 2/3/4/8/16 bits"}, {Name: "DRAM"}, {Name: "GB/s", Right: true},
				{Name: "capacity", Right: true}, {Name: "ridge", Right: true}}}
			var values []any
			for _, c := range config.Presets(config.Names()) {
				v := npuItem{Name: c.Name, Description: c.Description, Source: strings.TrimSpace(c.Source), Clock: int64(c.Clock),
					Style: string(c.Array.Style), Rows: c.Array.Rows, Cols: c.Array.Cols, PeakOps: map[string]float64{},
					DRAM: c.DRAM.Standard, Channels: c.DRAM.Channels, Bandwidth: c.PeakBandwidth(), Capacity: int64(c.DRAM.Capacity),
					Ridge: map[string]float64{}, Measured: slices.Contains(config.Devices(), c.Name)}
				name := c.Name
				if v.Measured {
					name += "*"
				}
				var tops []string
				for _, b := range peakBits() {
					peak := 2 * array.PeakMACsPerSecond(c, b)
					key := strconv.Itoa(int(b))
					v.PeakOps[key], v.Ridge[key] = peak, 2*array.Ridge(c, b)
					tops = append(tops, plots.Significant(peak/1e12))
				}
				values = append(values, v)
				t.Add(name, c.Clock.String(), fmt.Sprintf("%dx%d", c.Array.Rows, c.Array.Cols), string(c.Array.Style),
					strings.Join(tops, "/"), views.DRAM(c), views.Gigabytes(c.PeakBandwidth()), c.DRAM.Capacity.String(),
					plots.Significant(2*array.Ridge(c, 4)))
			}
			return t, values, nil
		}}
}

func modelListing() listing {
	return listing{name: "models", usage: "model presets",
		description: `Any Hugging Face config.json of the families that list families names works as --model, too.
Block linears are the weights that a schedule changes; pair is the default static schedule.`,
		note:  workloads.TinyModel + " has trained weights, too, which the program carries (record, cosim).",
		items: views.Models}
}

func familyListing() listing {
	note := "The text part runs of"
	column := len(note)
	for _, f := range workloads.Wrappers() {
		if column += 1 + len(f); column > 110 {
			note, column = note+"\n", len(f)
		} else {
			note += " "
		}
		note += string(f)
	}
	return listing{name: "families", usage: "families of models, by the model_type of config.json",
		description: `What config.json may be of, and in what the blocks differ from llama's where it has nothing but a model_type. In
layers, f sees every position and w a window, capitals do not rotate; the letters repeat.`,
		note: "Layers: f sees every position, w a window, capitals do not rotate; the letters repeat.\n" + note +
			",\nand of others whose text_config, llm_config or language_config is of one of these families.",
		items: views.Families}
}

func taskListing() listing {
	return listing{name: "tasks", usage: "tasks, which are lengths of prompt and generation",
		description: "A task stands for the mean number of its prompts' tokens and the number of tokens that the paper generates.",
		items:       views.Tasks}
}

func scheduleListing() listing {
	return listing{name: "schedules", usage: "kinds of precision schedules",
		description: "How --schedule is written. Each kind takes ,prefill=N for the weight bits of prefill.",
		note: "Weight bits: " + strings.Trim(fmt.Sprint(precision.WeightBits()), "[]") + ". Any kind takes ,prefill=N, or all of them --prefill N.\n" +
			"Rules by layer and matrix may follow: 'uniform:4;down_proj=+1;layers=0-1:8'; or --precision (docs/schedules.md).",
		items: func() (*plots.Table, []any, error) {
			t := &plots.Table{Columns: []plots.Column{{Name: "schedule"}, {Name: "example"}, {Name: "meaning", Width: 46}}}
			var values []any
			for _, k := range precision.Kinds() {
				values = append(values, k)
				t.Add(k.Syntax, k.Example, k.Description)
			}
			return t, values, nil
		}}
}

func dramListing() listing {
	return listing{name: "dram", usage: "DRAM standards",
		description: "Values of dram.standard, with the capacity and the peak of one channel. There is also " + config.IdealDRAM +
			", nothing but a bandwidth, and your own:\nthe file of a part (dram part). Verified values are of public configurations or sheets of that rate, estimated ones of a\n" +
			"simulator whose author says so, derived ones of another rate's. Those of " + spec.Ramulator + " are its own tables, to compare with it, not to design with.",
		note:  "Sources, timings and densities of one: pmpdsim dram part show NAME.",
		items: views.Standards}
}

// styleItem is a compute style as JSON.
type styleItem struct {
	Name    config.Style `json:"name"`
	MAC     string       `json:"cycles_per_mac"`
	Tile    string       `json:"least_cycles_per_tile,omitempty"`
	Switch  string       `json:"precision_change"`
	Meaning string       `json:"description"`
	Omitted string       `json:"left_out"`
	Paper   string       `json:"source"`
}

func styleListing() listing {
	return listing{name: "styles", usage: "styles of the compute array",
		description: "Values of array.style: what a PE does with operand widths, and how PEs share a product.",
		note:        array.Geometry,
		items: func() (*plots.Table, []any, error) {
			t := &plots.Table{Columns: []plots.Column{{Name: "style"}, {Name: "cycles of a MAC", Width: 28}, {Name: "least cycles of a tile", Width: 22},
				{Name: "change of precision", Width: 14}, {Name: "meaning", Width: 29}}}
			var values []any
			for _, s := range config.Styles() {
				d, err := array.Describe(s)
				if err != nil {
					return nil, nil, err
				}
				values = append(values, styleItem{Name: d.Style, MAC: d.MAC, Tile: d.Tile, Switch: d.Switch, Meaning: d.Meaning,
					Omitted: d.Omitted, Paper: d.Paper})
				t.Add(string(d.Style), d.MAC, d.Tile, d.Switch, d.Meaning+" ("+d.Paper+")")
			}
			return t, values, nil
		}}
}

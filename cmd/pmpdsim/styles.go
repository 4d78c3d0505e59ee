package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/energy"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func stylesCommand() *cli.Command {
	return &cli.Command{
		Name: "styles", Usage: "compare the compute styles in decode: style x bits x model x batch",
		Description: `Simulates one decode pass on one NPU for every compute style, weight precision, model and batch, and prints how long
it takes, how busy array and memory are, what bounds it, and what it costs in energy and area. Where the array is busy
all the time a style has stopped being bound by memory. An array is busy, too, while its tiles wait for the scratchpad's
lanes, for tables or for look-ups.

Every style gets the NPU's rows, columns and scratchpad; with --iso-area as many columns as fit into the area of the
NPU's own array. --array-style runs that style alone.

-o also draws a picture: how busy the array is, in coloured cells over styles and bits, a panel per model and batch.

EXAMPLES:
   pmpdsim styles
   pmpdsim styles --iso-area --array 16x16 --batch 1,4,16 --model vicuna-7b -o styles.png
   pmpdsim styles --npu card-hbm3 --bits 2,4 --format csv`,
		Flags: slices.Concat(npuFlags(), machineFlags(), []cli.Flag{
			&cli.StringSliceFlag{Name: "model", Usage: "`MODEL` (list models); repeatable", DefaultText: strings.Join(styleModels(), ", ")},
			&cli.StringFlag{Name: "bits", Value: "2,3,4,16", Usage: "weight precisions: `BITS,...`"},
			&cli.StringFlag{Name: "batch", Value: "1", Usage: "sequences that decode together: `N,...`"},
			&cli.IntFlag{Name: "context", Value: 1024, Usage: "`TOKENS` in the cache"},
			&cli.IntFlag{Name: "workers", Usage: "simulate on `N` cores; results do not depend on it", Value: runtime.GOMAXPROCS(0), DefaultText: "all"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "draw a picture into `FILE`, by its name .png, .svg or .pdf"},
			formatFlag("table", "csv", "json"),
		}),
		Action: runStyles,
	}
}

// styleModels are compared if none is named: the paper's smallest, and its largest.
func styleModels() []string { return []string{"mobilellama-1.4b", "vicuna-7b"} }

// styleSweep is what was asked for.
type styleSweep struct {
	npus    []*config.Config // one for each style
	own     config.Array     // the NPU's, before it got another style
	isoArea bool
	models  []*workloads.Model
	bits    []int
	batches []int
	context int
}

// stylePoint is one result: a row of the table.
type stylePoint struct {
	Model      string  `json:"model"`
	Batch      int     `json:"batch"`
	Style      string  `json:"array_style"`
	Rows       int     `json:"array_rows"`
	Cols       int     `json:"array_cols"`
	Bits       int     `json:"weight_bits"`
	TPOT       float64 `json:"tpot_seconds"`
	Tokens     float64 `json:"tokens_per_second"`
	Memory     float64 `json:"dram_efficiency"` // bandwidth / peak
	Array      float64 `json:"array_busy"`      // share of the time
	BoundBy    string  `json:"bound_by"`
	Joules     float64 `json:"energy_joules_per_token"`
	Area       float64 `json:"area_mm2"`
	ArrayArea  float64 `json:"array_area_mm2"`
	KVBits     int     `json:"kv_bits"`
	Activation string  `json:"activations"`
	NPU        string  `json:"npu"`
	Config     string  `json:"config_fingerprint"`
	Context    int     `json:"context_tokens"`
}

func runStyles(c *cli.Context) error {
	if err := arguments(c); err != nil {
		return err
	}
	s, err := loadStyleSweep(c)
	if err != nil {
		return err
	}
	picture, format, err := pictureOf(c)
	if err != nil {
		return err
	}
	points, err := s.run(c)
	if err != nil {
		return err
	}
	if picture != "" {
		figure := s.figure(points)
		origin := plots.Origin{Title: figure.Title + ": " + figure.Subtitle, Command: commandLine(c), Program: c.App.Name + " " + c.App.Version}
		if err := emit(nil, picture, func(w io.Writer) error { return plots.Write(w, figure, format, origin) }); err != nil {
			return err
		}
	}
	return emit(c.App.Writer, "", func(w io.Writer) error {
		switch c.String("format") {
		case "csv":
			return writePoints(w, points)
		case "json":
			return jsonLines(w, points)
		}
		return s.table(w, points)
	})
}

func loadStyleSweep(c *cli.Context) (*styleSweep, error) {
	if n := c.Int("workers"); n < 1 {
		return nil, fmt.Errorf("--workers %d: too few; accepted: 1 or more", n)
	}
	s := &styleSweep{context: c.Int("context"), isoArea: c.Bool("iso-area")}
	if err := s.loadNPUs(c); err != nil {
		return nil, err
	}
	names := c.StringSlice("model")
	if len(names) == 0 {
		names = styleModels()
	}
	for _, name := range names {
		m, err := workloads.Load(name)
		if err != nil {
			return nil, flagged("model", name, err)
		}
		if err := m.CheckLengths(s.context, 2); err != nil {
			return nil, fmt.Errorf("--context: %w", err)
		}
		s.models = append(s.models, m)
	}
	var err error
	if s.bits, err = integers("bits", c.String("bits"), "2 to 8, or 16", func(n int) bool { return n >= 2 && n <= 8 || n == 16 }); err != nil {
		return nil, err
	}
	most := replay.MostSequences
	s.batches, err = integers("batch", c.String("batch"), fmt.Sprintf("1 to %d", most), func(n int) bool { return n >= 1 && n <= most })
	return s, err
}

// loadNPUs makes an NPU for each style, or for the one of --array-style.
func (s *styleSweep) loadNPUs(c *cli.Context) error {
	styles := config.Styles()
	if c.IsSet("array-style") {
		cfg, err := configured(c, "")
		if err != nil {
			return err
		}
		styles = []config.Style{cfg.Array.Style}
	}
	for _, style := range styles {
		cfg, err := configured(c, "array-style")
		if err != nil {
			return err
		}
		s.own = cfg.Array
		budget := energy.AreaOf(cfg).Array()
		if err := restyle(cfg, style, c.Bool("iso-area")); err != nil {
			return err
		}
		s.npus = append(s.npus, cfg)
		if area := energy.AreaOf(cfg).Array(); c.Bool("iso-area") && area > budget {
			say(c.App.ErrWriter, "note: %s takes %s mm2 with one column, more than the %s mm2 that there are", style, squareMillimetres(area),
				squareMillimetres(budget))
		}
	}
	return nil
}

// run simulates all points, in the order of the table: model, batch, style, bits.
func (s *styleSweep) run(c *cli.Context) ([]stylePoint, error) {
	var jobs []*replay.Prepared
	for _, m := range s.models {
		for _, batch := range s.batches {
			for _, cfg := range s.npus {
				for _, bits := range s.bits {
					schedule, err := precision.Parse(scheduleOf(bits))
					if err != nil {
						return nil, internal(err)
					}
					j := replay.Job{Config: cfg, Model: m, Task: customTask, Prompt: s.context, Generated: 2, Batch: batch, Schedule: schedule, DecodeOnly: true}
					p, err := replay.Prepare(j)
					if err != nil {
						return nil, fmt.Errorf("%s, %s: %w", cfg.Array.Style, m.Name, err)
					}
					jobs = append(jobs, p)
				}
			}
		}
	}
	rs, err := simulate(c.Context, streamsOf(c), jobs, replay.Options{Workers: c.Int("workers")})
	if err != nil {
		return nil, err
	}
	points := make([]stylePoint, len(rs))
	for i, r := range rs {
		points[i] = s.point(jobs[i].Config, r)
	}
	return points, nil
}

func scheduleOf(bits int) string {
	if bits == 16 {
		return "fp16"
	}
	return fmt.Sprintf("uniform:%d", bits)
}

func (s *styleSweep) point(cfg *config.Config, r *result.Result) stylePoint {
	area := energy.AreaOf(cfg)
	d := &r.Counts.Decode
	return stylePoint{Model: r.Model, Batch: r.Batch, Style: string(cfg.Array.Style), Rows: cfg.Array.Rows, Cols: cfg.Array.Cols,
		Bits: int(r.AvgWeightBits), TPOT: r.TPOTSeconds, Tokens: r.TokensPerSecond, Memory: r.DRAMEfficiency,
		Array: float64(d.ArrayBusy) / float64(cfg.Cores) / float64(d.Cycles), BoundBy: r.BoundBy, Joules: r.EnergyPerToken, Area: area.Total(),
		ArrayArea: area.Array(), KVBits: r.KVBits, Activation: string(cfg.Array.Activations), NPU: r.NPU, Config: r.Config, Context: s.context}
}

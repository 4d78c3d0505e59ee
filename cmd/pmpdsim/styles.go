package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/compile"
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
all the time a style has stopped being bound by memory.

Every style gets the NPU's rows and columns, and scratchpad lanes for its array; with --iso-area as many columns as fit
into the area of the NPU's own array.

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
	s := &styleSweep{context: c.Int("context")}
	for _, style := range config.Styles() {
		cfg, err := loadNPU(c)
		if err != nil {
			return nil, err
		}
		if c.IsSet("array-style") && cfg.Array.Style != style {
			continue
		}
		if err := restyle(cfg, style, c.Bool("iso-area")); err != nil {
			return nil, err
		}
		s.npus = append(s.npus, cfg)
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
	if s.bits, err = integers(c, "bits", "2 to 8, or 16", func(n int) bool { return n >= 2 && n <= 8 || n == 16 }); err != nil {
		return nil, err
	}
	most := compile.MostSequences
	s.batches, err = integers(c, "batch", fmt.Sprintf("1 to %d", most), func(n int) bool { return n >= 1 && n <= most })
	return s, err
}

// integers reads a flag of different numbers that a check accepts.
func integers(c *cli.Context, flag, accepted string, check func(int) bool) ([]int, error) {
	var all []int
	for word := range strings.SplitSeq(c.String(flag), ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || !check(n) || slices.Contains(all, n) {
			return nil, fmt.Errorf("--%s %s: %q is not possible; accepted: different numbers, each %s", flag, c.String(flag), word, accepted)
		}
		all = append(all, n)
	}
	return all, nil
}

// restyle gives an NPU's array another style, with the area of the one that it has if that is asked for.
func restyle(cfg *config.Config, style config.Style, isoArea bool) error {
	to := []string{"array.style=" + string(style)}
	if isoArea {
		rows, cols := energy.IsoArea(cfg, style)
		to = append(to, fmt.Sprintf("array.rows=%d", rows), fmt.Sprintf("array.cols=%d", cols))
	}
	return cfg.Set(to)
}

// run simulates all points, in the order of the table: model, batch, style, bits.
func (s *styleSweep) run(c *cli.Context) ([]stylePoint, error) {
	var jobs []replay.Job
	for _, m := range s.models {
		for _, batch := range s.batches {
			for _, cfg := range s.npus {
				for _, bits := range s.bits {
					schedule, err := precision.Parse(scheduleOf(bits))
					if err != nil {
						return nil, internal(err)
					}
					j := replay.Job{Config: cfg, Model: m, Task: customTask, Prompt: s.context, Generated: 2, Batch: batch, Schedule: schedule, DecodeOnly: true}
					if _, _, err := compilerOf(j); err != nil {
						return nil, fmt.Errorf("%s, %s: %w", cfg.Array.Style, m.Name, err)
					}
					jobs = append(jobs, j)
				}
			}
		}
	}
	rs, err := simulate(c, jobs)
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

// table has a row for each point, apart by model and batch.
func (s *styleSweep) table(w io.Writer, points []stylePoint) error {
	cfg := s.npus[0]
	if _, err := fmt.Fprintf(w, "NPU     %s: %v, %d cores, %s activations\nDRAM    %s, %s GB/s peak\npass    decode, %d tokens in the cache, KV %d bits\n",
		cfg.Name, cfg.Clock, cfg.Cores, cfg.Array.Activations, memoryText(cfg), gigabytes(cfg.PeakBandwidth()), s.context, cfg.KV.Bits); err != nil {
		return err
	}
	per := len(s.npus) * len(s.bits)
	for some := range slices.Chunk(points, per) {
		t := &plots.Table{Columns: []plots.Column{{Name: "style"}, {Name: "array", Right: true}, {Name: "array mm2", Right: true}, {Name: "bits", Right: true},
			{Name: "TPOT", Right: true}, {Name: "tokens/s", Right: true}, {Name: "BW %", Right: true}, {Name: "array busy %", Right: true},
			{Name: "bound"}, {Name: "mJ/token", Right: true}}}
		for i, p := range some {
			style, size, area := p.Style, fmt.Sprintf("%dx%d", p.Rows, p.Cols), plots.Significant(p.ArrayArea)
			if i%len(s.bits) > 0 {
				style, size, area = "", "", ""
			}
			t.Add(style, size, area, strconv.Itoa(p.Bits), plots.Time.Text(p.TPOT), plots.Significant(p.Tokens), fmt.Sprintf("%.1f", 100*p.Memory),
				fmt.Sprintf("%.1f", 100*p.Array), p.BoundBy, plots.Significant(1e3*p.Joules))
		}
		if _, err := fmt.Fprintf(w, "\n%s, batch %d\n", some[0].Model, some[0].Batch); err != nil {
			return err
		}
		if err := t.Write(w); err != nil {
			return err
		}
	}
	return nil
}

// figure shows how busy the array is.
func (s *styleSweep) figure(points []stylePoint) *plots.HeatMap {
	cfg := s.npus[0]
	h := &plots.HeatMap{Title: "How busy the array is in decode", Subtitle: fmt.Sprintf("%s, %s, %d tokens in the cache", cfg.Name, memoryText(cfg), s.context),
		X: "weight bits", Scale: "% of the time"}
	for _, b := range s.bits {
		h.XNames = append(h.XNames, strconv.Itoa(b))
	}
	for _, n := range slices.Backward(s.npus) {
		h.YNames = append(h.YNames, string(n.Array.Style))
	}
	for _, m := range s.models {
		h.Down = append(h.Down, m.Name)
	}
	at := func(model, batch, style, bits int) float64 {
		return points[((model*len(s.batches)+batch)*len(s.npus)+style)*len(s.bits)+bits].Array
	}
	for b, batch := range s.batches {
		h.Across = append(h.Across, []string{fmt.Sprintf("batch %d", batch)})
		var panels [][][]float64
		for m := range s.models {
			var cells [][]float64
			for n := range slices.Backward(s.npus) {
				var row []float64
				for i := range s.bits {
					row = append(row, at(m, b, n, i))
				}
				cells = append(cells, row)
			}
			panels = append(panels, cells)
		}
		h.Cells = append(h.Cells, panels)
	}
	return h
}

func writePoints(w io.Writer, points []stylePoint) error {
	c := csv.NewWriter(w)
	records := [][]string{{"npu", "model", "batch", "context_tokens", "kv_bits", "activations", "array_style", "array_rows", "array_cols", "weight_bits",
		"tpot_seconds", "tokens_per_second", "dram_efficiency", "array_busy", "bound_by", "energy_joules_per_token", "array_area_mm2", "area_mm2",
		"config_fingerprint"}}
	real := func(v float64) string { return strconv.FormatFloat(v, 'g', 9, 64) }
	for _, p := range points {
		records = append(records, []string{p.NPU, p.Model, strconv.Itoa(p.Batch), strconv.Itoa(p.Context), strconv.Itoa(p.KVBits), p.Activation, p.Style,
			strconv.Itoa(p.Rows), strconv.Itoa(p.Cols), strconv.Itoa(p.Bits), real(p.TPOT), real(p.Tokens), real(p.Memory), real(p.Array), p.BoundBy,
			real(p.Joules), real(p.ArrayArea), real(p.Area), p.Config})
	}
	return c.WriteAll(records)
}

package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots"
)

// heatmapHelp describes plot heatmap.
const heatmapHelp = `A cell for each pair of values of two keys: npu, model, task, prompt, gen, batch, kv-bits, schedule, or an axis of the
sweep. Where only two differ there is nothing to choose. A cell holds one result: --only chooses, --over averages. Colours go
from the least value that is drawn to the largest; a dash is where there is no result.

VALUES:
   ` + "%s" + `

EXAMPLES:
   pmpdsim plot heatmap results/ --x dram.channels --y array.rows --only schedule=uniform:4 -o heatmap.png
   pmpdsim plot heatmap results.jsonl --x batch --y schedule --value tokens_per_joule --log -o heatmap.pdf`

func heatmapCommand() *cli.Command {
	return plotKind("heatmap", "one number over two keys: axes of a sweep, NPUs, models, schedules", fmt.Sprintf(heatmapHelp, quantityLines()), heatmap,
		&cli.StringFlag{Name: "x", Usage: "`KEY` that goes to the right", DefaultText: "one of the two that differ"},
		&cli.StringFlag{Name: "y", Usage: "`KEY` that goes upwards, names downwards", DefaultText: "the other"},
		&cli.StringFlag{Name: "value", Usage: "`NAME` of the number", Value: "tokens_per_second"},
		&cli.BoolFlag{Name: "log", Usage: "logarithmic scale of colours"}, overFlag())
}

// quantity is a number of a result, as it is called there.
type quantity struct {
	name, title string
	scale       string  // with the unit of the figure
	one         float64 // that unit, in the unit of the result
	of          func(*outcome) float64
}

// quantities are what heat maps show. A result that does not have one has not a number.
func quantities() []quantity {
	return []quantity{
		{"tokens_per_second", "Tokens per second", "tokens/s in decode", 1, func(o *outcome) float64 { return o.TokensPerSecond }},
		{"tokens_per_joule", "Tokens per joule", "tokens/J in decode", 1, func(o *outcome) float64 { return o.TokensPerJoule }},
		{"energy_joules_per_token", "Energy per token", "mJ per token in decode", 1e-3, func(o *outcome) float64 { return o.EnergyPerToken }},
		{"speedup_vs_fp16", "Speed-up over fp16", "times as fast as fp16 in decode", 1, overFP16},
		{"speedup_vs_uniform", "Speed-up over uniform at the highest precision", "times as fast as uniform in decode", 1, overUniform},
		{"ttft_seconds", "Time to first token", "ms to the first token", 1e-3, func(o *outcome) float64 { return o.TTFTSeconds }},
		{"tpot_seconds", "Time per output token", "ms per output token", 1e-3, func(o *outcome) float64 { return o.TPOTSeconds }},
		{"dram_bytes_per_token", "DRAM traffic per token", "MB per token in decode", 1e6, func(o *outcome) float64 { return o.DRAMBytesPerToken }},
		{"dram_efficiency", "DRAM bandwidth reached", "% of the peak in decode", 1e-2, func(o *outcome) float64 { return o.DRAMEfficiency }},
		{"row_hit_rate", "DRAM commands that find their row open", "% of decode's reads and writes", 1e-2, func(o *outcome) float64 { return o.RowHitRate }},
		{"array_utilisation", "How busy the array is", "% of its PEs' cycles in decode", 1e-2, func(o *outcome) float64 { return o.ArrayUtilisation }},
		{"avg_weight_bits", "Average weight bits", "bits in decode", 1, func(o *outcome) float64 { return o.AvgWeightBits }},
		{"area_mm2", "Area of the NPU", "mm2", 1, func(o *outcome) float64 { return o.AreaMM2 }},
	}
}

func quantityNames() string {
	return strings.Join(quantityList(), ", ")
}

func quantityList() (names []string) {
	for _, q := range quantities() {
		names = append(names, q.name)
	}
	return names
}

// quantityLines are names, some a line.
func quantityLines() string {
	var lines []string
	for some := range slices.Chunk(quantityList(), 5) {
		lines = append(lines, strings.Join(some, " "))
	}
	return strings.Join(lines, "\n   ")
}

func quantityOf(name string) (quantity, error) {
	for _, q := range quantities() {
		if q.name == name {
			return q, nil
		}
	}
	return quantity{}, fmt.Errorf("--value %s: no number of a result; accepted: %s", name, quantityNames())
}

// Most columns and rows of cells on one page.
const (
	mostColumns = 40
	mostRows    = 60
)

func heatmap(c *cli.Context, all []*outcome, common string) (*painting, error) {
	q, err := quantityOf(c.String("value"))
	if err != nil {
		return nil, err
	}
	x, y, err := heatAxes(c, all)
	if err != nil {
		return nil, err
	}
	cells, err := gatherCells(all, x, y)
	if err != nil {
		return nil, err
	}
	columns, rows := valuesOf(all, x), valuesOf(all, y)
	if err := fewEnough(len(columns), mostColumns, "columns"); err != nil {
		return nil, err
	}
	if err := fewEnough(len(rows), mostRows, "rows"); err != nil {
		return nil, err
	}
	d := &painting{title: q.title, heads: append([]string{y, x}, spreadHeads(all, q.name)...)}
	figure := &plots.HeatMap{Title: q.title, Subtitle: common, X: x, XNames: columns, Down: []string{y}, Across: [][]string{nil}, Scale: q.scale,
		Colours: &plots.Colours{Log: c.Bool("log"), Text: plots.Significant}}
	if s := valuesOf(all, "schedule"); len(s) == 1 && x != "schedule" && y != "schedule" {
		figure.Subtitle = strings.TrimPrefix(common+", "+s[0], ", ")
	}
	if text := meanOf(all); text != "" {
		figure.Subtitle += ", " + text
	}
	var grid [][]float64
	there := false
	for _, row := range rows {
		var line []float64
		for _, column := range columns {
			o, v := cells[[2]string{column, row}], math.NaN()
			if o != nil {
				s := o.spread(q.of)
				v = s.mean / q.one
				there = there || !math.IsNaN(v)
				d.add(append([]string{row, column}, spreadCells(all, o, s)...)...)
			}
			line = append(line, v)
		}
		grid, figure.YNames = append(grid, line), append(figure.YNames, row)
	}
	if !there {
		return nil, fmt.Errorf("%s: no result has %s; accepted: results of runs with its baseline beside others, or another --value", all[0].place, q.name)
	}
	if !areNumbers(rows) { // names are read downwards
		slices.Reverse(grid)
		slices.Reverse(figure.YNames)
	}
	figure.Cells = [][][][]float64{{grid}}
	d.figure = figure
	return d, nil
}

// valuesOf are the values of a key: numbers and quantities by size, schedules from many bits to few.
func valuesOf(all []*outcome, key string) []string {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b *outcome) int {
		if key == "schedule" {
			return cmp.Or(cmp.Compare(b.AvgWeightBits, a.AvgWeightBits), cmp.Compare(a.Schedule, b.Schedule))
		}
		return compareValues(a.value(key).value, b.value(key).value)
	})
	return distinct(sorted, func(o *outcome) string { return o.value(key).value })
}

func areNumbers(values []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool { _, ok := amount(v); return !ok })
}

// follows tells that a key may follow from one of others: lengths from task, model and trace, the trace from task and model, and
// what an NPU is from its name and the axes.
func follows(key string, others ...string) bool {
	return slices.ContainsFunc(others, func(from string) bool {
		switch key {
		case "prompt", "gen":
			return from == "model" || from == "task" || from == overTrace
		case overTrace:
			return from == "model" || from == "task"
		case "kv-bits", "config":
			return ofNPU(from) && from != "kv-bits" && from != "config"
		default:
			return false
		}
	})
}

// heatAxes are the two keys to draw over: those asked for, and else the two that differ.
func heatAxes(c *cli.Context, all []*outcome) (x, y string, err error) {
	x, y = c.String("x"), c.String("y")
	known := append(keyNames(all), "schedule")
	for _, f := range []struct{ flag, key string }{{"x", x}, {"y", y}} {
		if f.key != "" && !slices.Contains(known, f.key) {
			return "", "", fmt.Errorf("--%s %s: unknown key; accepted: %s", f.flag, f.key, strings.Join(known, ", "))
		}
	}
	if x != "" && x == y {
		return "", "", fmt.Errorf("--x %s --y %s: the same key twice; accepted: two keys of %s", x, y, strings.Join(known, ", "))
	}
	var open []string
	for _, key := range known {
		if key != x && key != y && len(valuesOf(all, key)) > 1 {
			open = append(open, key)
		}
	}
	choice := open
	if len(choice) > 2 {
		choice = slices.DeleteFunc(slices.Clone(open), func(key string) bool { return follows(key, append(open, x, y)...) })
	}
	switch {
	case x != "" && y != "":
	case x != "" && len(choice) == 1:
		y = choice[0]
	case y != "" && len(choice) == 1:
		x = choice[0]
	case x == "" && y == "" && len(choice) == 2:
		x, y = choice[1], choice[0]
		if areNumbers(valuesOf(all, y)) && !areNumbers(valuesOf(all, x)) { // long names belong to the side
			x, y = y, x
		}
	case len(open) == 0:
		return "", "", fmt.Errorf("nothing else differs among the results; accepted: --x KEY --y KEY with keys of %s", strings.Join(known, ", "))
	default:
		return "", "", fmt.Errorf("two keys make the axes, and these differ: %s; accepted: --x KEY --y KEY", varying(all, open))
	}
	return x, y, nil
}

// varying lists keys with their values, of many the first.
func varying(all []*outcome, keys []string) string {
	var texts []string
	for _, key := range keys {
		values := valuesOf(all, key)
		if len(values) > 4 {
			values = append(values[:3:3], "…")
		}
		texts = append(texts, key+" ("+strings.Join(values, ", ")+")")
	}
	return strings.Join(texts, ", ")
}

// gatherCells finds the one result of each cell. Neighbours must not differ in more than the axes say.
func gatherCells(all []*outcome, x, y string) (map[[2]string]*outcome, error) {
	place := func(o *outcome) [2]string { return [2]string{o.value(x).value, o.value(y).value} }
	cells := map[[2]string][]*outcome{}
	for _, o := range all {
		cells[place(o)] = append(cells[place(o)], o)
	}
	var others []string
	for _, key := range append(keyNames(all), "schedule") {
		if key != x && key != y {
			others = append(others, key)
		}
	}
	for _, o := range all {
		if some := cells[place(o)]; len(some) > 1 {
			differ := slices.DeleteFunc(slices.Clone(others), func(key string) bool { return len(valuesOf(some, key)) < 2 })
			return nil, fmt.Errorf("%s %s, %s %s: %d results for one cell, such as %s and %s, which differ in %s; accepted: one for each cell (choose with %s)",
				x, o.value(x).value, y, o.value(y).value, len(some), some[0].place, some[1].place, varying(some, differ), howToChoose(some, differ))
		}
	}
	more := slices.DeleteFunc(slices.Clone(others), func(key string) bool { return follows(key, x, y) || len(valuesOf(all, key)) < 2 })
	if len(more) > 0 {
		return nil, fmt.Errorf("cells differ in %s, too; accepted: results that differ in %s and %s alone (choose with %s)", varying(all, more), x, y,
			howToChoose(all, more))
	}
	one := map[[2]string]*outcome{}
	for at, some := range cells {
		one[at] = some[0]
	}
	return one, nil
}

// howToChoose gives an example.
func howToChoose(some []*outcome, keys []string) string {
	var flags []string
	for _, key := range keys {
		if follows(key, keys...) {
			continue
		}
		flags = append(flags, "--only "+quoted(key+"="+valuesOf(some, key)[0]))
	}
	return strings.Join(flags, " ")
}

package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu/bench"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/plots"
)

func gpuBenchCommand() *cli.Command {
	return &cli.Command{
		Name: "bench", Usage: "measure matrix-vector products and decode passes on the GPU",
		Description: `Measures the products of the models' decode passes, one row for each shape and precision: the median time of several
repeats over weights that the L2 cache does not hold; (bytes read + written) / time, also in percent of what a copy on the
same GPU reaches; the speed-up over fp16; and the time that the lower of two ceilings leaves in percent of the time taken.
The ceilings are the copy's bandwidth, and for 2 to 4 bits the instructions that unpack the weights, at the highest clock. The gap
between two kernels of a graph is in the times, as in a decode pass. Heads stay in fp16.

--passes also times whole decode passes, with random weights in the models' true shapes, next to their floor: bytes at the
copy's bandwidth plus a gap for each kernel. Clocks are left as they are.

EXAMPLES:
   pmpdsim gpu bench
   pmpdsim gpu bench --model vicuna-7b --model phi-1.5 --bits 16,4,3,2 --format json
   pmpdsim gpu bench --model mobilellama-1.4b --passes --context 1024`,
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "model", Usage: "`MODEL` whose shapes are measured (list models), or a config.json; repeatable", DefaultText: strings.Join(benchModels(), ", ")},
			&cli.StringFlag{Name: "bits", Value: "16,8,4,3,2", Usage: "weight precisions: `BITS,...`"},
			&cli.IntFlag{Name: "repeats", Value: 21, Usage: "medians are of `N` repeats"},
			&cli.BoolFlag{Name: "passes", Usage: "time decode passes, too"},
			&cli.IntFlag{Name: "context", Value: 1024, Usage: "`TOKENS` in the cache of those passes"},
			deviceFlag(),
			formatFlag("table", "json"),
		},
		Action: runGPUBench,
	}
}

// benchModels are measured if none is named: what the paper ran, smallest and largest.
func benchModels() []string { return []string{"mobilellama-1.4b", "vicuna-7b"} }

func runGPUBench(c *cli.Context) error {
	if err := arguments(c); err != nil {
		return err
	}
	o, err := benchOptions(c)
	if err != nil {
		return err
	}
	p := newProgress(c.App.ErrWriter, int64(len(o.Products)*len(o.Bits)), "products")
	o.Seen = func(done, total int) { p.update(int64(done), int64(total)) }
	r, err := bench.Run(c.Context, *o)
	p.end()
	if c.Context.Err() != nil {
		return stopped(c.Context, err)
	}
	if err != nil {
		return onGPU(err)
	}
	return emit(c.App.Writer, "", func(w io.Writer) error {
		if c.String("format") == "json" {
			return benchJSON(w, r)
		}
		return benchTable(w, r)
	})
}

func benchOptions(c *cli.Context) (*bench.Options, error) {
	o := &bench.Options{Device: c.Int("device"), Repeats: c.Int("repeats"), Context: c.Int("context")}
	if o.Repeats < 1 {
		return nil, fmt.Errorf("--repeats %d: too few; accepted: 1 or more", o.Repeats)
	}
	names := c.StringSlice("model")
	if len(names) == 0 {
		names = benchModels()
	}
	var models []*weights.Model
	for _, name := range names {
		m, err := weights.Load(name)
		if err != nil {
			return nil, flagged("model", name, err)
		}
		if err := m.Fits(o.Context + bench.Warm + o.Repeats); c.Bool("passes") && err != nil {
			return nil, fmt.Errorf("--context %d: %w", o.Context, err)
		}
		models = append(models, m)
	}
	var err error
	o.Bits, err = integers("bits", c.String("bits"), "2 to 8, or 16", func(n int) bool { return n >= weights.MinBits && n <= weights.Planes || n == weights.Half })
	if err != nil {
		return nil, err
	}
	if o.Products = bench.Shapes(models); c.Bool("passes") {
		o.Passes = models
	}
	return o, nil
}

// benchRow is a product or a pass as JSON; what was not measured is left out.
type benchRow struct {
	Kind       string   `json:"kind"`
	Name       string   `json:"name"`
	Out        int      `json:"out,omitzero"`
	In         int      `json:"in,omitzero"`
	Bits       int      `json:"weight_bits"`
	Context    int      `json:"context_tokens,omitzero"`
	Kernels    int      `json:"kernels,omitzero"`
	Bytes      int64    `json:"bytes"`
	Seconds    *float64 `json:"seconds,omitzero"`
	Bandwidth  *float64 `json:"bytes_per_second,omitzero"`
	OfCopy     *float64 `json:"of_copy,omitzero"`    // share of the copy's bandwidth
	OverHalf   *float64 `json:"over_fp16,omitzero"`  // speed-up
	OfCeiling  *float64 `json:"of_ceiling,omitzero"` // share of the lower ceiling; of a pass: of its floor
	Ceiling    string   `json:"ceiling,omitzero"`
	Throughput *float64 `json:"tokens_per_second,omitzero"`
}

// benchMachine is the first line of the JSON.
type benchMachine struct {
	Kind     string   `json:"kind"`
	GPU      string   `json:"gpu"`
	Emulated bool     `json:"emulated"`
	Copy     *float64 `json:"copy_bytes_per_second,omitzero"`
	NodeGap  *float64 `json:"node_gap_seconds,omitzero"`
	Event    *float64 `json:"event_seconds,omitzero"`
	ClockHz  *float64 `json:"multiprocessor_clocks_per_second,omitzero"`
}

func benchJSON(w io.Writer, r *bench.Report) error {
	m := benchMachine{Kind: "gpu", GPU: r.Device.Name, Emulated: r.Device.Emulated()}
	if c := r.Ceilings; c != nil {
		gap, event := c.NodeGap.Seconds(), c.Event.Seconds()
		m.Copy, m.NodeGap, m.Event = &c.CopyBps, &gap, &event
		if c.ClockHz > 0 {
			m.ClockHz = &c.ClockHz
		}
	}
	if err := jsonLines(w, []benchMachine{m}); err != nil {
		return err
	}
	return jsonLines(w, benchRows(r))
}

func benchRows(r *bench.Report) (rows []benchRow) {
	for i := range r.Products {
		p := &r.Products[i]
		row := benchRow{Kind: "product", Name: p.Name, Out: p.Out, In: p.In, Bits: p.Bits, Bytes: p.Bytes}
		row.timed(r, p.Took, p.Bytes, r.Half(p))
		if p.Took != nil {
			floor, bound := r.Ceilings.Floor(p)
			row.share(floor, *p.Took)
			row.Ceiling = string(bound)
		}
		rows = append(rows, row)
	}
	for i := range r.Passes {
		p := &r.Passes[i]
		row := benchRow{Kind: "pass", Name: p.Model, Bits: p.Bits, Context: p.Positions, Kernels: p.Nodes, Bytes: p.Bytes}
		row.timed(r, p.Took, p.Bytes, r.HalfPass(p))
		if p.Took != nil {
			row.share(p.Floor(r.Ceilings), *p.Took)
			tokens := 1 / p.Took.Seconds()
			row.Throughput = &tokens
		}
		rows = append(rows, row)
	}
	return rows
}

// timed fills in what follows from a time and from that of fp16.
func (row *benchRow) timed(r *bench.Report, took *time.Duration, bytes int64, half *time.Duration) {
	if took == nil {
		return
	}
	s := took.Seconds()
	rate := float64(bytes) / s
	share := rate / r.Ceilings.CopyBps
	row.Seconds, row.Bandwidth, row.OfCopy = &s, &rate, &share
	if half != nil {
		over := half.Seconds() / s
		row.OverHalf = &over
	}
}

func (row *benchRow) share(floor, took time.Duration) {
	share := floor.Seconds() / took.Seconds()
	row.OfCeiling = &share
}

func benchTable(w io.Writer, r *bench.Report) error {
	if _, err := fmt.Fprintf(w, "GPU   %s\n", r.Device.Name); err != nil {
		return err
	}
	if c := r.Ceilings; c != nil {
		if _, err := fmt.Fprintf(w, "copy  %s GB/s, read and written\ngraph %s a kernel, %s an event\n", gigabytes(c.CopyBps),
			plots.Time.Text(c.NodeGap.Seconds()), plots.Time.Text(c.Event.Seconds())); err != nil {
			return err
		}
	}
	rows := benchRows(r)
	n := len(r.Products)
	products := &plots.Table{Columns: append([]plots.Column{{Name: "product"}, {Name: "out", Right: true}, {Name: "in", Right: true}},
		benchColumns("ceiling %", plots.Column{Name: "bound"})...)}
	for _, row := range rows[:n] {
		products.Add(append([]string{row.Name, strconv.Itoa(row.Out), strconv.Itoa(row.In)}, append(row.cells(), row.Ceiling)...)...)
	}
	passes := &plots.Table{Columns: append([]plots.Column{{Name: "pass"}, {Name: "context", Right: true}, {Name: "kernels", Right: true}},
		benchColumns("floor %", plots.Column{Name: "tokens/s", Right: true})...)}
	for _, row := range rows[n:] {
		passes.Add(append([]string{row.Name, strconv.Itoa(row.Context), strconv.Itoa(row.Kernels)}, append(row.cells(), figure(row.Throughput, 1))...)...)
	}
	for _, t := range []*plots.Table{products, passes} {
		if len(t.Rows) == 0 {
			continue
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := t.Write(w); err != nil {
			return err
		}
	}
	return nil
}

func benchColumns(share string, last plots.Column) []plots.Column {
	var columns []plots.Column
	for _, name := range []string{"bits", "MB", "us", "GB/s", "copy %", "x fp16", share} {
		columns = append(columns, plots.Column{Name: name, Right: true})
	}
	return append(columns, last)
}

func (row *benchRow) cells() []string {
	return []string{strconv.Itoa(row.Bits), plots.Significant(float64(row.Bytes) / 1e6), figure(row.Seconds, 1e6), figure(row.Bandwidth, 1e-9),
		figure(row.OfCopy, 100), figure(row.OverHalf, 1), figure(row.OfCeiling, 100)}
}

// figure writes what was measured; a dash: it was not.
func figure(v *float64, scale float64) string {
	if v == nil {
		return "-"
	}
	return plots.Significant(*v * scale)
}

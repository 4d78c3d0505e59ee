package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu/bench"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/plots/views"
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

With --format json every row is written as soon as it is measured. A measurement that fails or is interrupted shows what was measured.

EXAMPLES:
   pmpdsim gpu bench  # needs a GPU
   pmpdsim gpu bench --model vicuna-7b --model phi-1.5 --bits 16,4,3,2 --format json  # needs a GPU
   pmpdsim gpu bench --model mobilellama-1.4b --passes --context 1024  # needs a GPU`,
		Flags: []cli.Flag{
			modelsFlag("`MODEL` whose shapes are measured (list models), or a config.json; repeatable", strings.Join(benchModels(), ", ")),
			bitsFlag("16,8,4,3,2"),
			&cli.IntFlag{Name: "repeats", Value: 21, Usage: "medians are of `N` repeats", Action: between("repeats", 1, 10_000)},
			&cli.BoolFlag{Name: "products", Value: true, Usage: "measure products"},
			&cli.BoolFlag{Name: "passes", Usage: "time decode passes, too"},
			&cli.IntFlag{Name: "context", Value: 1024, Usage: "`TOKENS` in the cache of those passes", Action: between("context", 1, mostTokens)},
			deviceFlag(),
			formatFlag("table", "json"),
		},
		Action: action(fillGPUBench),
	}
}

// benchModels are measured if none is named: what the paper ran, smallest and largest.
func benchModels() []string { return []string{"mobilellama-1.4b", "vicuna-7b"} }

// gpuBenchOptions are what gpu bench was asked for.
type gpuBenchOptions struct {
	models   []string
	products bool
	passes   bool
	format   string
	measure  bench.Options
}

func fillGPUBench(c *cli.Context) (*gpuBenchOptions, error) {
	o := &gpuBenchOptions{models: modelsOr(c, benchModels()), products: c.Bool("products"), passes: c.Bool("passes"), format: c.String("format"),
		measure: bench.Options{Device: c.Int("device"), Repeats: c.Int("repeats"), Context: c.Int("context")}}
	if !o.products && !o.passes {
		return nil, errors.New("--products=false: nothing is measured; accepted: with --passes")
	}
	var err error
	o.measure.Bits, err = weightBits(c)
	return o, err
}

func (o *gpuBenchOptions) run(ctx context.Context, s streams) error {
	models, err := loadWeights(o.models)
	if err != nil {
		return err
	}
	m := o.measure
	if o.products {
		m.Products = bench.Shapes(models)
	}
	if o.passes {
		m.Passes = models
	}
	for _, x := range m.Passes {
		if err := cuda.Fits(x, m.Context+bench.Warm+m.Repeats); err != nil {
			return fmt.Errorf("--context %d: %w", m.Context, err)
		}
	}
	p := newProgress(s.err, int64(len(m.Products)*len(m.Bits)), "products")
	m.Seen = func(done, total int) { p.update(int64(done), int64(total)) }
	var b benched
	shown := s.showRows(ctx, o.format, b.table)
	m.Machine = func(g bench.Machine) error { return shown.add(g, func() { b.gpu = g }) }
	m.Row = func(r bench.Row) error { return shown.add(r, func() { b.rows = append(b.rows, r) }) }
	err = bench.Run(ctx, m)
	p.end()
	if err != nil {
		err = stoppedOr(ctx, onGPU(err))
	}
	return errors.Join(err, shown.end())
}

// benched is what was measured.
type benched struct {
	gpu  bench.Machine
	rows []bench.Row
}

func (b *benched) table(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "GPU   %s\n", b.gpu.GPU); err != nil {
		return err
	}
	if m := b.gpu; m.Copy != nil {
		if _, err := fmt.Fprintf(w, "copy  %s GB/s, read and written\ngraph %s a kernel, %s an event\n", views.Gigabytes(*m.Copy),
			plots.Time.Text(*m.NodeGap), plots.Time.Text(*m.Event)); err != nil {
			return err
		}
	}
	products := &plots.Table{Columns: append([]plots.Column{{Name: "product"}, {Name: "out", Right: true}, {Name: "in", Right: true}},
		benchColumns("ceiling %", plots.Column{Name: "bound"})...)}
	passes := &plots.Table{Columns: append([]plots.Column{{Name: "pass"}, {Name: "context", Right: true}, {Name: "kernels", Right: true}},
		benchColumns("floor %", plots.Column{Name: "tokens/s", Right: true})...)}
	for _, row := range b.rows {
		if row.Kind == "product" {
			products.Add(append([]string{row.Name, strconv.Itoa(row.Out), strconv.Itoa(row.In)}, append(benchCells(&row), row.Ceiling)...)...)
		} else {
			passes.Add(append([]string{row.Name, strconv.Itoa(row.Context), strconv.Itoa(row.Kernels)}, append(benchCells(&row), figure(row.Throughput, 1))...)...)
		}
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

func benchCells(row *bench.Row) []string {
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

package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/pmpdsim/pmpdsim/npu/array"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/plan"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/gemm"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
)

// show writes the table, and the explanations that were asked for.
func (o *gemmOptions) show(w io.Writer, cfg *config.Config, rows []*gemm.Row) error {
	if _, err := fmt.Fprintf(w, "NPU     %s: %v, %s, %s, %s activations\nDRAM    %s, %s GB/s peak\n\n", cfg.Name, cfg.Clock, views.Cores(cfg),
		arrayOf(cfg), cfg.Array.Activations, views.Memory(cfg), views.Gigabytes(cfg.PeakBandwidth())); err != nil {
		return err
	}
	if err := gemmTable(rows).Write(w); err != nil {
		return err
	}
	if !o.explain {
		return nil
	}
	for _, r := range rows {
		if err := explainProduct(w, cfg, r); err != nil {
			return err
		}
	}
	return nil
}

func arrayOf(cfg *config.Config) string {
	return fmt.Sprintf("%dx%d %s, %s", cfg.Array.Rows, cfg.Array.Cols, cfg.Array.Style, cfg.Array.Dataflow)
}

// gemmTable has a row for each product and precision.
func gemmTable(rows []*gemm.Row) *plots.Table {
	t := &plots.Table{Columns: []plots.Column{{Name: "M x K x N"}}}
	for _, name := range []string{"bits", "time", "cycles", "array", "fill", "drain", "dispatch", "first", "wait", "last", "PE %", "DRAM", "peak %"} {
		t.Columns = append(t.Columns, plots.Column{Name: name, Right: true})
	}
	t.Columns = append(t.Columns, plots.Column{Name: "bound"}, plots.Column{Name: "SCALE-Sim", Right: true}, plots.Column{Name: "ratio", Right: true})
	for _, r := range rows {
		cells := []string{size(r), strconv.Itoa(r.Bits), plots.Time.Text(r.Seconds)}
		for _, n := range []int64{r.Cycles, r.Array, r.Fill, r.Drain, r.Dispatch, r.First, r.Wait, r.Last} {
			cells = append(cells, strconv.FormatInt(n, 10))
		}
		t.Add(append(cells, fmt.Sprintf("%.1f", 100*r.Utilisation), plots.Bytes.Text(float64(r.Bytes.All)), fmt.Sprintf("%.1f", 100*r.Efficiency),
			r.BoundBy, strconv.FormatInt(r.ScaleSim, 10), fmt.Sprintf("%.3f", ratioOf(r)))...)
	}
	return t
}

func size(r *gemm.Row) string { return fmt.Sprintf("%dx%dx%d", r.M, r.K, r.N) }

// ratioOf is how long the array takes as a share of what SCALE-Sim's equation says.
func ratioOf(r *gemm.Row) float64 { return float64(r.Array) / float64(r.ScaleSim) }

// explainProduct says how a product was cut, what it moved, and what SCALE-Sim's equation is made of.
func explainProduct(w io.Writer, cfg *config.Config, r *gemm.Row) error {
	x, err := array.EquationOf(cfg, r.Share(cfg.Cores))
	if err != nil {
		return err
	}
	where := "on chip"
	if r.Bytes.Read+r.Bytes.Written > 0 {
		where = fmt.Sprintf("in DRAM, %s read and %s written", plots.Bytes.Text(float64(r.Bytes.Read)), plots.Bytes.Text(float64(r.Bytes.Written)))
	}
	lines := []string{
		fmt.Sprintf("\n%s at %d bits", size(r), r.Bits),
		fmt.Sprintf("cycles       %d = dispatch %d + first operands %d + array %d + waits %d + last results %d", r.Cycles, r.Dispatch, r.First, r.Array,
			r.Wait, r.Last),
		fmt.Sprintf("array        %d, of which fill %d, drain %d, held up by unpacking %d; %s of %s GMAC/s at peak", r.Array, r.Fill, r.Drain, r.Unpack,
			views.Gigabytes(r.Rate), views.Gigabytes(r.Peak)),
		fmt.Sprintf("weights      %s, codebooks or scales %s", plots.Bytes.Text(float64(r.Bytes.Weights)), plots.Bytes.Text(float64(r.Bytes.Codebooks))),
		"activations  " + where,
		fmt.Sprintf("SCALE-Sim    (2R + C + T - 2) * folds = (2*%d + %d + %d - 2) * %d*%d = %d cycles%s", x.Rows, x.Cols, x.Stream, x.Down, x.Across,
			r.ScaleSim, rateOf(&x)),
	}
	if cfg.Cores > 1 {
		lines[len(lines)-1] += fmt.Sprintf(", of a core's share of the %s", r.Tiling.Split)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return plots.TilingTable(w, &result.Tiling{Bits: r.Bits, Operators: []plan.Choice{r.Tiling}})
}

// rateOf says what a multiplication takes where it is not a cycle.
func rateOf(x *array.Equation) string {
	if x.Rate.Cycles == 1 && x.Rate.Lanes == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d cycles and %d lanes a PE)", x.Rate.Cycles, x.Rate.Lanes)
}

// gemmCSV writes the rows with a head.
func gemmCSV(w io.Writer, rows []*gemm.Row) error {
	records := [][]string{{"npu", "m", "k", "n", "weight_bits", "seconds", "cycles", "dispatch_cycles", "first_load_cycles", "array_cycles",
		"array_wait_cycles", "last_store_cycles", "array_fill_cycles", "array_drain_cycles", "array_unpack_cycles", "scalesim_cycles", "macs",
		"macs_per_second", "peak_macs_per_second", "array_utilisation", "weight_bytes", "codebook_bytes", "activation_read_bytes",
		"activation_written_bytes", "dram_bytes", "dram_efficiency", "bound_by", "config_fingerprint"}}
	for _, r := range rows {
		record := []string{r.NPU}
		whole := func(all ...int64) {
			for _, n := range all {
				record = append(record, strconv.FormatInt(n, 10))
			}
		}
		real := func(all ...float64) {
			for _, v := range all {
				record = append(record, strconv.FormatFloat(v, 'g', -1, 64))
			}
		}
		whole(int64(r.M), int64(r.K), int64(r.N), int64(r.Bits))
		real(r.Seconds)
		whole(r.Cycles, r.Dispatch, r.First, r.Array, r.Wait, r.Last, r.Fill, r.Drain, r.Unpack, r.ScaleSim, r.MACs)
		real(r.Rate, r.Peak, r.Utilisation)
		whole(r.Bytes.Weights, r.Bytes.Codebooks, r.Bytes.Read, r.Bytes.Written, r.Bytes.All)
		real(r.Efficiency)
		records = append(records, append(record, r.BoundBy, r.Config))
	}
	return sheet.Write(w, records)
}

package views

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/study/styles"
	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
)

// StylesTable writes a row for each point, apart by model and batch.
func StylesTable(w io.Writer, c *styles.Comparison, points []styles.Point) error {
	cfg := c.NPUs[0]
	if _, err := fmt.Fprintf(w, "NPU     %s: %v, %s, %s activations\nDRAM    %s, %s GB/s peak\npass    decode, %d tokens in the cache, KV %v\n",
		cfg.Name, cfg.Clock, Cores(cfg), cfg.Array.Activations, Memory(cfg), Gigabytes(cfg.PeakBandwidth()), c.Context, cfg.KV); err != nil {
		return err
	}
	misfits := 0
	for some := range slices.Chunk(points, len(c.NPUs)*len(c.Bits)) {
		t := &plots.Table{Columns: []plots.Column{{Name: "style"}, {Name: "array", Right: true}, {Name: "array mm2", Right: true}, {Name: "bits", Right: true},
			{Name: "TPOT", Right: true}, {Name: "tokens/s", Right: true}, {Name: "BW %", Right: true}, {Name: "array busy %", Right: true},
			{Name: "bound"}, {Name: "energy/token", Right: true}}}
		for i, p := range some {
			style, size, area := p.Style, fmt.Sprintf("%dx%d", p.Rows, p.Cols), Area(p.ArrayArea)
			if i%len(c.Bits) > 0 {
				style, size, area = "", "", ""
			}
			bits := strconv.Itoa(p.Bits)
			if !p.Fits {
				bits, misfits = "* "+bits, misfits+1
			}
			t.Add(style, size, area, bits, plots.Time.Text(p.TPOT), plots.Significant(p.Tokens), fmt.Sprintf("%.1f", 100*p.Memory),
				fmt.Sprintf("%.1f", 100*p.Array), p.BoundBy, plots.Energy.Text(p.Joules))
		}
		if _, err := fmt.Fprintf(w, "\n%s, batch %d\n", some[0].Model, some[0].Batch); err != nil {
			return err
		}
		if err := t.Write(w); err != nil {
			return err
		}
	}
	if misfits > 0 {
		_, err := fmt.Fprintf(w, "\n* %d of %d do not fit the DRAM of %s, %s (dram.capacity), and were simulated as if they did\n", misfits, len(points), cfg.Name,
			plots.Memory.Text(float64(cfg.DRAM.Capacity)))
		return err
	}
	return nil
}

// StylesFigure shows how busy the array is: a panel for each model and batch.
func StylesFigure(c *styles.Comparison, points []styles.Point) *plots.HeatMap {
	cfg := c.NPUs[0]
	size := fmt.Sprintf("%d x %d PEs", c.Own.Rows, c.Own.Cols)
	if c.IsoArea {
		size = fmt.Sprintf("area of %s of %s", size, c.Own.Style)
	}
	h := &plots.HeatMap{Title: "How busy the array is in decode", Subtitle: fmt.Sprintf("%s, %s, %s, %d tokens in the cache", cfg.Name, size, DRAM(cfg), c.Context),
		X: "weight bits", Scale: "% of the time"}
	for _, b := range c.Bits {
		h.XNames = append(h.XNames, strconv.Itoa(b))
	}
	for _, n := range slices.Backward(c.NPUs) {
		h.YNames = append(h.YNames, string(n.Array.Style))
	}
	for _, m := range c.Models {
		h.Down = append(h.Down, m.Name)
	}
	for b, batch := range c.Batches {
		h.Across = append(h.Across, []string{fmt.Sprintf("batch %d", batch)})
		var panels [][][]float64
		var frames [][][]bool
		for m := range c.Models {
			var cells [][]float64
			var hollow [][]bool
			for n := range slices.Backward(c.NPUs) {
				var row []float64
				var misfits []bool
				for i := range c.Bits {
					p := points[c.At(m, b, n, i)]
					row, misfits = append(row, p.Array), append(misfits, !p.Fits)
				}
				cells, hollow = append(cells, row), append(hollow, misfits)
			}
			panels, frames = append(panels, cells), append(frames, hollow)
		}
		h.Cells, h.Hollow = append(h.Cells, panels), append(h.Hollow, frames)
	}
	if slices.ContainsFunc(points, func(p styles.Point) bool { return !p.Fits }) {
		h.Subtitle += "; " + plots.Hollow
	}
	return h
}

// StylesCSV writes the points with a head.
func StylesCSV(w io.Writer, points []styles.Point) error {
	records := [][]string{{"npu", "model", "batch", "context_tokens", "kv_bits", "activations", "array_style", "array_rows", "array_cols", "weight_bits",
		"tpot_seconds", "tokens_per_second", "dram_efficiency", "array_busy", "bound_by", "energy_joules_per_token", "array_area_mm2", "area_mm2",
		"config_fingerprint", fitsHead}}
	for _, p := range points {
		records = append(records, []string{p.NPU, p.Model, strconv.Itoa(p.Batch), strconv.Itoa(p.Context), strconv.Itoa(p.KVBits), p.Activation, p.Style,
			strconv.Itoa(p.Rows), strconv.Itoa(p.Cols), strconv.Itoa(p.Bits), real(p.TPOT), real(p.Tokens), real(p.Memory), real(p.Array), p.BoundBy,
			real(p.Joules), real(p.ArrayArea), real(p.Area), p.Config, strconv.FormatBool(p.Fits)})
	}
	return sheet.Write(w, records)
}

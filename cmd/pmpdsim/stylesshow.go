package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/pmpdsim/pmpdsim/plots"
)

// squareMillimetres writes an area with three digits: arrays differ by factors of a thousand.
func squareMillimetres(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

// table has a row for each point, apart by model and batch.
func (s *styleSweep) table(w io.Writer, points []stylePoint) error {
	cfg := s.npus[0]
	if _, err := fmt.Fprintf(w, "NPU     %s: %v, %s, %s activations\nDRAM    %s, %s GB/s peak\npass    decode, %d tokens in the cache, KV %d bits\n",
		cfg.Name, cfg.Clock, coresText(cfg), cfg.Array.Activations, memoryText(cfg), gigabytes(cfg.PeakBandwidth()), s.context, cfg.KV.Bits); err != nil {
		return err
	}
	per := len(s.npus) * len(s.bits)
	for some := range slices.Chunk(points, per) {
		t := &plots.Table{Columns: []plots.Column{{Name: "style"}, {Name: "array", Right: true}, {Name: "array mm2", Right: true}, {Name: "bits", Right: true},
			{Name: "TPOT", Right: true}, {Name: "tokens/s", Right: true}, {Name: "BW %", Right: true}, {Name: "array busy %", Right: true},
			{Name: "bound"}, {Name: "energy/token", Right: true}}}
		for i, p := range some {
			style, size, area := p.Style, fmt.Sprintf("%dx%d", p.Rows, p.Cols), squareMillimetres(p.ArrayArea)
			if i%len(s.bits) > 0 {
				style, size, area = "", "", ""
			}
			t.Add(style, size, area, strconv.Itoa(p.Bits), plots.Time.Text(p.TPOT), plots.Significant(p.Tokens), fmt.Sprintf("%.1f", 100*p.Memory),
				fmt.Sprintf("%.1f", 100*p.Array), p.BoundBy, plots.Energy.Text(p.Joules))
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
	size := fmt.Sprintf("%d x %d PEs", s.own.Rows, s.own.Cols)
	if s.isoArea {
		size = fmt.Sprintf("area of %s of %s", size, s.own.Style)
	}
	h := &plots.HeatMap{Title: "How busy the array is in decode", Subtitle: fmt.Sprintf("%s, %s, %s, %d tokens in the cache", cfg.Name, size, dramText(cfg), s.context),
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

package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/dram/layouts"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/plots/views"
)

// machine names the memory: 1 x lpddr5-6400, 12.8 GB/s peak, all-bank refresh.
func (s *layoutSweep) machine() string {
	refresh := s.Refresh.String() + " refresh"
	switch {
	case s.Refresh == spec.NoRefresh:
		refresh = "no refresh"
	case s.Postpone > 0:
		refresh += fmt.Sprintf(", %d postponed", s.Postpone)
	}
	return fmt.Sprintf("%d x %s, %s GB/s peak, %s", s.Channels, s.Standard.Name,
		views.Gigabytes(float64(s.Standard.PeakBytesPerSecond(s.Channels))), refresh)
}

// head names a mapping in lines of text.
func head(m layouts.Mapping) []string {
	lines := []string{m.Fields}
	if m.Name != "" {
		lines = []string{m.Name, m.Fields}
	}
	if m.Hash {
		lines[0] += " + hash"
	}
	return lines
}

// at is the row of a cell.
func (s *layoutSweep) at(rows []layouts.Row, mapping, layout, planes int) *layouts.Row {
	return &rows[(mapping*len(s.Layouts)+layout)*len(s.Planes)+planes]
}

// table writes a table per mapping, a row per layout.
func (s *layoutSweep) table(w io.Writer, rows []layouts.Row) error {
	if _, err := fmt.Fprintf(w, "%s: %% of the peak, by the planes that a pass reads\n", s.machine()); err != nil {
		return err
	}
	for m, mapping := range s.Mappings {
		name := head(mapping)[0]
		if mapping.Name != "" {
			name += ": " + mapping.Fields
		}
		t := &plots.Table{Columns: []plots.Column{{Name: "layout"}}}
		for _, n := range s.Planes {
			t.Columns = append(t.Columns, plots.Column{Name: strconv.Itoa(n), Right: true})
		}
		for l, layout := range s.Layouts {
			cells := []string{layout.String()}
			for p := range s.Planes {
				cells = append(cells, fmt.Sprintf("%.1f", 100*s.at(rows, m, l, p).Efficiency))
			}
			t.Add(cells...)
		}
		if _, err := fmt.Fprintf(w, "\n%s\n\n", name); err != nil {
			return err
		}
		if err := t.Write(w); err != nil {
			return err
		}
	}
	return nil
}

// writeCSV writes the rows with a head. Shares have six decimals, so that every platform writes the same.
func writeCSV(w io.Writer, rows []layouts.Row) error {
	c := csv.NewWriter(w)
	records := [][]string{{"standard", "channels", "mapping", "bank_hash", "refresh", "postpone", "layout", "chunk_bytes", "skew_bytes", "planes",
		"stored", "bytes", "clocks", "activates", "efficiency", "bandwidth_bytes_per_second"}}
	whole := func(n int64) string { return strconv.FormatInt(n, 10) }
	for _, r := range rows {
		records = append(records, []string{r.Standard, strconv.Itoa(r.Channels), r.Mapping, strconv.FormatBool(r.BankHash), r.Refresh,
			strconv.Itoa(r.Postpone), r.Layout, whole(r.Chunk), whole(r.Skew), strconv.Itoa(r.Planes), strconv.Itoa(r.Stored), whole(r.Bytes),
			whole(r.Clocks), whole(r.Activates), fmt.Sprintf("%.6f", r.Efficiency), fmt.Sprintf("%.0f", r.Bandwidth)})
	}
	return c.WriteAll(records)
}

// figure is the picture of the rows, and what it is called.
func (s *layoutSweep) figure(rows []layouts.Row) (plots.Figure, plots.Origin) {
	var across [][]string
	for _, m := range s.Mappings {
		across = append(across, head(m))
	}
	if s.named {
		b := s.bars(rows)
		b.Across = across
		return b, plots.Origin{Title: b.Title + ": " + b.Subtitle}
	}
	h := s.heatMap(rows)
	h.Across = across
	return h, plots.Origin{Title: h.Title + ": " + h.Subtitle}
}

// heatMap has a panel per mapping and skew, with chunks to the right and planes upwards.
func (s *layoutSweep) heatMap(rows []layouts.Row) *plots.HeatMap {
	h := &plots.HeatMap{Title: "Bandwidth of planes that are read in turns", Subtitle: s.machine(),
		X: "bytes of a plane in a turn, on each channel", Scale: "% of the peak"}
	for _, chunk := range s.chunks {
		text := chunk.String()
		h.XNames = append(h.XNames, text[:len(text)-1]) // 1KiB: 1Ki
	}
	for _, n := range s.Planes {
		h.YNames = append(h.YNames, strconv.Itoa(n))
	}
	for _, skew := range s.skews {
		name := "planes, no skew"
		if skew > 0 {
			name = "planes, skew " + skew.String()
		}
		h.Down = append(h.Down, name)
	}
	for m := range s.Mappings {
		var panels [][][]float64
		for k := range s.skews {
			var cells [][]float64
			for p := range s.Planes {
				var row []float64
				for c := range s.chunks {
					row = append(row, s.at(rows, m, k*len(s.chunks)+c, p).Efficiency)
				}
				cells = append(cells, row)
			}
			panels = append(panels, cells)
		}
		h.Cells = append(h.Cells, panels)
	}
	return h
}

// bars has a panel per mapping, with a group per layout.
func (s *layoutSweep) bars(rows []layouts.Row) *plots.Bars {
	b := &plots.Bars{Title: "Bandwidth of a pass over quantised weights", Subtitle: s.machine(), X: "% of the peak", Legend: "planes read"}
	for _, l := range s.Layouts {
		chunk, skew, skewed := strings.Cut(l.String(), "+")
		lines := []string{chunk}
		if skewed {
			lines = append(lines, "+"+skew)
		}
		b.Groups = append(b.Groups, lines)
	}
	for _, n := range s.Planes {
		b.Series = append(b.Series, strconv.Itoa(n))
	}
	for m := range s.Mappings {
		var groups [][]float64
		for l := range s.Layouts {
			var bars []float64
			for p := range s.Planes {
				bars = append(bars, s.at(rows, m, l, p).Efficiency)
			}
			groups = append(groups, bars)
		}
		b.Values = append(b.Values, groups)
	}
	return b
}

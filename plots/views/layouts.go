package views

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/dram/layouts"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
)

// Layouts is a sweep over layouts of weights, with its rows.
type Layouts struct {
	*layouts.Spec
	Rows   []layouts.Row
	Chunks []unit.Bytes // of a grid of chunks and skews; none where layouts are compared by name
	Skews  []unit.Bytes
}

func (l *Layouts) at(mapping, layout, planes int) *layouts.Row {
	return &l.Rows[l.At(mapping, layout, planes)]
}

// memory names the channels: 1 x lpddr5-6400, 12.8 GB/s peak, all-bank refresh.
func (l *Layouts) memory() string {
	refresh := l.Refresh.String() + " refresh"
	switch {
	case l.Refresh == spec.NoRefresh:
		refresh = "no refresh"
	case l.Postpone > 0:
		refresh += fmt.Sprintf(", %d postponed", l.Postpone)
	}
	return fmt.Sprintf("%d x %s, %s GB/s peak, %s", l.Channels, l.Standard.Name,
		Gigabytes(float64(l.Standard.PeakBytesPerSecond(l.Channels))), refresh)
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

// Table writes a table per mapping, a row per layout.
func (l *Layouts) Table(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%s: %% of the peak, by the planes that a pass reads\n", l.memory()); err != nil {
		return err
	}
	for m, mapping := range l.Mappings {
		name := head(mapping)[0]
		if mapping.Name != "" {
			name += ": " + mapping.Fields
		}
		t := &plots.Table{Columns: []plots.Column{{Name: "layout"}}}
		for _, n := range l.Planes {
			t.Columns = append(t.Columns, plots.Column{Name: strconv.Itoa(n), Right: true})
		}
		for i, layout := range l.Layouts {
			cells := []string{layout.String()}
			for p := range l.Planes {
				cells = append(cells, fmt.Sprintf("%.1f", 100*l.at(m, i, p).Efficiency))
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

// CSV writes the rows with a head. Shares have six decimals, so that every platform writes the same.
func (l *Layouts) CSV(w io.Writer) error {
	records := [][]string{{"standard", "channels", "mapping", "bank_hash", "refresh", "postpone", "layout", "chunk_bytes", "skew_bytes", "planes",
		"stored", "bytes", "clocks", "activates", "efficiency", "bandwidth_bytes_per_second"}}
	whole := func(n int64) string { return strconv.FormatInt(n, 10) }
	for _, r := range l.Rows {
		records = append(records, []string{r.Standard, strconv.Itoa(r.Channels), r.Mapping, strconv.FormatBool(r.BankHash), r.Refresh,
			strconv.Itoa(r.Postpone), r.Layout, whole(r.Chunk), whole(r.Skew), strconv.Itoa(r.Planes), strconv.Itoa(r.Stored), whole(r.Bytes),
			whole(r.Clocks), whole(r.Activates), fmt.Sprintf("%.6f", r.Efficiency), fmt.Sprintf("%.0f", r.Bandwidth)})
	}
	return sheet.Write(w, records)
}

// Figure is the picture of the rows, and what it is called.
func (l *Layouts) Figure() (figure plots.Figure, title string) {
	var across [][]string
	for _, m := range l.Mappings {
		across = append(across, head(m))
	}
	if len(l.Chunks) == 0 {
		b := l.bars()
		b.Across = across
		return b, b.Title + ": " + b.Subtitle
	}
	h := l.heatMap()
	h.Across = across
	return h, h.Title + ": " + h.Subtitle
}

// heatMap has a panel per mapping and skew, with chunks to the right and planes upwards.
func (l *Layouts) heatMap() *plots.HeatMap {
	h := &plots.HeatMap{Title: "Bandwidth of planes that are read in turns", Subtitle: l.memory(),
		X: "bytes of a plane in a turn, on each channel", Scale: "% of the peak"}
	for _, chunk := range l.Chunks {
		text := chunk.String()
		h.XNames = append(h.XNames, text[:len(text)-1]) // 1KiB: 1Ki
	}
	for _, n := range l.Planes {
		h.YNames = append(h.YNames, strconv.Itoa(n))
	}
	for _, skew := range l.Skews {
		name := "planes, no skew"
		if skew > 0 {
			name = "planes, skew " + skew.String()
		}
		h.Down = append(h.Down, name)
	}
	for m := range l.Mappings {
		var panels [][][]float64
		for k := range l.Skews {
			var cells [][]float64
			for p := range l.Planes {
				var row []float64
				for c := range l.Chunks {
					row = append(row, l.at(m, k*len(l.Chunks)+c, p).Efficiency)
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
func (l *Layouts) bars() *plots.Bars {
	b := &plots.Bars{Title: "Bandwidth of a pass over quantised weights", Subtitle: l.memory(), X: "% of the peak", Legend: "planes read"}
	for _, w := range l.Layouts {
		chunk, skew, skewed := strings.Cut(w.String(), "+")
		lines := []string{chunk}
		if skewed {
			lines = append(lines, "+"+skew)
		}
		b.Groups = append(b.Groups, lines)
	}
	for _, n := range l.Planes {
		b.Series = append(b.Series, strconv.Itoa(n))
	}
	for m := range l.Mappings {
		var groups [][]float64
		for i := range l.Layouts {
			var bars []float64
			for p := range l.Planes {
				bars = append(bars, l.at(m, i, p).Efficiency)
			}
			groups = append(groups, bars)
		}
		b.Values = append(b.Values, groups)
	}
	return b
}

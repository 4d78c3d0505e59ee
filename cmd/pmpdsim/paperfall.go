package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/paper"
)

// fallName names the bar that a waterfall follows.
func fallName(f *paper.WaterfallRow) string {
	name := fmt.Sprintf("%s, %s, %s", f.Panel, f.Model, f.Scheme)
	if f.Inferred {
		name += " (inferred)"
	}
	return name
}

// fallTable has a row for each stage of one bar.
func fallTable(w io.Writer, rows []paper.WaterfallRow) error {
	if _, err := fmt.Fprintf(w, "%s\nfrom the paper's machine to %s with a cache in fp16; each stage on top of those above\n\n", fallName(&rows[0]),
		paper.Target); err != nil {
		return err
	}
	t := &plots.Table{Columns: append([]plots.Column{{Name: "stage"}}, right("tokens/s", "change %", "× fp16", "change %", "× uniform")...)}
	for i := range rows {
		r := &rows[i]
		slower, less := "", ""
		if i > 0 {
			slower = plots.Signed(100 * (r.Throughput/rows[i-1].Throughput - 1))
			less = plots.Signed(100 * (r.SpeedupFP16/rows[i-1].SpeedupFP16 - 1))
		}
		t.Add(r.Name, fixed(r.Throughput, 2), slower, fixed(r.SpeedupFP16, 2), less, fixed(r.SpeedupUniform, 2))
	}
	return t.Write(w)
}

// fallsTable has a row for each stage, with throughputs and speed-ups over fp16 of all bars.
func fallsTable(w io.Writer, rows []paper.WaterfallRow, bars int) error {
	stages := len(rows) / bars
	for _, x := range []struct {
		title string
		of    func(*paper.WaterfallRow) float64
	}{{"tokens/s", func(f *paper.WaterfallRow) float64 { return f.Throughput }}, {"× fp16", func(f *paper.WaterfallRow) float64 { return f.SpeedupFP16 }},
		{"× uniform", func(f *paper.WaterfallRow) float64 { return f.SpeedupUniform }}} {
		t := &plots.Table{Columns: []plots.Column{{Name: x.title}}}
		for b := range bars {
			f := &rows[b*stages]
			t.Columns = append(t.Columns, plots.Column{Name: f.Panel + "\n" + short(f.Model), Right: true})
		}
		for s := range stages {
			cells := []string{rows[s].Name}
			for b := range bars {
				cells = append(cells, fixed(x.of(&rows[b*stages+s]), 2))
			}
			t.Add(cells...)
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

// short is a model's name without its size.
func short(model string) string {
	name, _, _ := strings.Cut(model, "-")
	return name
}

// fallFigure is the waterfall of one bar.
func fallFigure(rows []paper.WaterfallRow) *plots.Waterfall {
	f := &plots.Waterfall{Title: "From the paper's bar to a real machine", Subtitle: fallName(&rows[0]) + "; each stage on top of those above",
		Final: "what remains"}
	throughput := plots.WaterfallPanel{Name: "tokens/s", Decimals: 2}
	speedup := plots.WaterfallPanel{Name: "times fp16", Decimals: 2}
	for i := range rows {
		r := &rows[i]
		f.Stages = append(f.Stages, r.Name)
		throughput.Values = append(throughput.Values, r.Throughput)
		speedup.Values = append(speedup.Values, r.SpeedupFP16)
	}
	f.Panels = []plots.WaterfallPanel{throughput, speedup}
	return f
}

// presetTable has a row for each preset.
func presetTable(w io.Writer, rows []paper.Remains) error {
	if _, err := fmt.Fprintf(w, "speed-ups of the %d static bars; decode: as the paper counts; whole: prefill and every decode pass\n\n", rows[0].Bars); err != nil {
		return err
	}
	t := &plots.Table{Columns: append([]plots.Column{{Name: "NPU"}}, right("decode × fp16", "× uniform up to", "whole × fp16", "× uniform up to")...)}
	for _, r := range rows {
		span := func(h paper.Headline) string { return fmt.Sprintf("%.2f to %.2f", h.LeastFP16, h.MostFP16) }
		t.Add(r.NPU, span(r.Decode), fixed(r.Decode.MostUniform, 2), span(r.Whole), fixed(r.Whole.MostUniform, 2))
	}
	return t.Write(w)
}

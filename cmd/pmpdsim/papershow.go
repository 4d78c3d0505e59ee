package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/paper"
)

func right(names ...string) []plots.Column {
	var all []plots.Column
	for _, n := range names {
		all = append(all, plots.Column{Name: n, Right: true})
	}
	return all
}

func fixed(v float64, decimals int) string { return strconv.FormatFloat(v, 'f', decimals, 64) }

// barTable has a row for each bar, and below it what the residuals and the headline come to.
func barTable(w io.Writer, cfg *config.Config, rows []paper.Row) error {
	if _, err := fmt.Fprintf(w, "NPU   %s: %s, %s GB/s peak, KV %d bits, lm_head %s\nunit  tokens/s as the paper counts them; (..): inferred from the published bar\n\n",
		cfg.Name, views.Memory(cfg), views.Gigabytes(cfg.PeakBandwidth()), cfg.KV.Bits, views.Head(cfg)); err != nil {
		return err
	}
	off := "residual %"
	if rows[0].Residual == nil {
		off = "difference %"
	}
	t := &plots.Table{Columns: append([]plots.Column{{Name: "panel"}, {Name: "model"}, {Name: "scheme"}},
		right("bits", "published", "simulated", off, "× fp16 publ.", "sim.", "× unif. publ.", "sim.")...)}
	for i := range rows {
		r := &rows[i]
		panel, model := r.Panel, r.Model
		if i > 0 && panel == rows[i-1].Panel {
			panel = ""
			if model == rows[i-1].Model {
				model = ""
			}
		}
		difference := fmt.Sprintf("%+.2f", 100*(r.Simulated/r.Published-1))
		if r.Inferred {
			difference = "(" + difference + ")"
		}
		t.Add(panel, model, schemeText(r), fixed(r.AvgBits, 2), fixed(r.Published, 2), fixed(r.Simulated, 2), difference, fixed(r.PublishedFP16, 2),
			fixed(r.SimulatedFP16, 2), fixed(r.PublishedUniform, 2), fixed(r.SimulatedUniform, 2))
	}
	if err := t.Write(w); err != nil {
		return err
	}
	return barSummary(w, rows)
}

func schemeText(r *paper.Row) string {
	if r.Step != nil {
		return fmt.Sprintf("%s %d/%d", r.Scheme, *r.Step, r.Generated)
	}
	return string(r.Scheme)
}

func barSummary(w io.Writer, rows []paper.Row) error {
	published, simulated := paper.Headlines(rows)
	var b strings.Builder
	b.WriteString("\n")
	for _, s := range []struct {
		name string
		sum  paper.Summary
	}{{"fp16 and uniform", paper.Summarise(rows, paper.FP16, paper.Uniform)}, {"static", paper.Summarise(rows, paper.Static)}} {
		if s.sum.Bars > 0 {
			fmt.Fprintf(&b, "residuals of %d %s bars: %.2f %% rms, %.2f %% at most\n", s.sum.Bars, s.name, s.sum.RMS, s.sum.Largest)
		}
	}
	fmt.Fprintf(&b, "static bars over fp16:    published %.2f to %.2f (abstract: 3.8 to 8.0), simulated %.2f to %.2f\n", published.LeastFP16,
		published.MostFP16, simulated.LeastFP16, simulated.MostFP16)
	fmt.Fprintf(&b, "static bars over uniform: published up to %.2f (abstract: 1.54, of rounded labels), simulated up to %.2f\n",
		published.MostUniform, simulated.MostUniform)
	_, err := io.WriteString(w, b.String())
	return err
}

// barFigure is the paper's figure with both values.
func barFigure(cfg *config.Config, rows []paper.Row) *plots.Pairs {
	f := &plots.Pairs{Title: "NPU throughput of the PMPD paper's figure, published and simulated",
		Subtitle: fmt.Sprintf("%s: %s, %s GB/s peak", cfg.Name, views.Memory(cfg), views.Gigabytes(cfg.PeakBandwidth())), Y: "decoded tokens/s",
		Labels: "above bars: times fp16, simulated (black) and as printed in the paper (grey)", Inferred: []string{string(paper.Learned)}}
	for _, s := range paper.Schemes() {
		f.Series = append(f.Series, string(s))
	}
	for i := range rows {
		r := &rows[i]
		if i == 0 || r.Panel != rows[i-1].Panel {
			f.Panels = append(f.Panels, plots.PairPanel{Name: r.Panel})
		}
		p := &f.Panels[len(f.Panels)-1]
		if r.Scheme == paper.FP16 {
			p.Groups = append(p.Groups, plots.PairGroup{Name: r.Model})
		}
		bar := plots.Pair{Value: r.Simulated, Published: r.Published}
		if r.Scheme != paper.FP16 {
			bar.Label, bar.Beside = fixed(r.SimulatedFP16, 1), r.Label
		}
		g := &p.Groups[len(p.Groups)-1]
		g.Bars = append(g.Bars, bar)
	}
	return f
}

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

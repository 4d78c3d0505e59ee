package views

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/paper/rows"
)

func right(names ...string) []plots.Column {
	var all []plots.Column
	for _, n := range names {
		all = append(all, plots.Column{Name: n, Right: true})
	}
	return all
}

func fixed(v float64, decimals int) string { return strconv.FormatFloat(v, 'f', decimals, 64) }

// BarsTable has a row for each bar, and below it what the residuals and the headline come to.
func BarsTable(w io.Writer, cfg *config.Config, all []rows.Bar) error {
	if _, err := fmt.Fprintf(w, "NPU   %s: %s, %s GB/s peak, KV %v, lm_head %s\nunit  tokens/s as the paper counts them; (..): inferred from the published bar\n\n",
		cfg.Name, Memory(cfg), Gigabytes(cfg.PeakBandwidth()), cfg.KV, Head(cfg)); err != nil {
		return err
	}
	off := "residual %"
	if all[0].Residual == nil {
		off = "difference %"
	}
	t := &plots.Table{Columns: append([]plots.Column{{Name: "panel"}, {Name: "model"}, {Name: "scheme"}},
		right("bits", "published", "simulated", off, "× fp16 publ.", "sim.", "× unif. publ.", "sim.")...)}
	for i := range all {
		r := &all[i]
		panel, model := r.Panel, r.Model
		if i > 0 && panel == all[i-1].Panel {
			panel = ""
			if model == all[i-1].Model {
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
	return barsSummary(w, all)
}

func schemeText(r *rows.Bar) string {
	text := string(r.Scheme)
	if r.Step != nil {
		text = fmt.Sprintf("%s %d/%d", r.Scheme, *r.Step, r.Generated)
	}
	if !r.Fits {
		text += " *"
	}
	return text
}

func barsSummary(w io.Writer, all []rows.Bar) error {
	published, simulated := rows.Headlines(all)
	var b strings.Builder
	b.WriteString("\n")
	for _, s := range []struct {
		name string
		sum  rows.Summary
	}{{"fp16 and uniform", rows.Summarise(all, rows.FP16, rows.Uniform)}, {"static", rows.Summarise(all, rows.Static)}} {
		if s.sum.Bars > 0 {
			fmt.Fprintf(&b, "residuals of %d %s bars: %.2f %% rms, %.2f %% at most\n", s.sum.Bars, s.name, s.sum.RMS, s.sum.Largest)
		}
	}
	fmt.Fprintf(&b, "static bars over fp16:    published %.2f to %.2f (abstract: 3.8 to 8.0), simulated %.2f to %.2f\n", published.LeastFP16,
		published.MostFP16, simulated.LeastFP16, simulated.MostFP16)
	fmt.Fprintf(&b, "static bars over uniform: published up to %.2f (abstract: 1.54, of rounded labels), simulated up to %.2f\n",
		published.MostUniform, simulated.MostUniform)
	misfits := 0
	for i := range all {
		if !all[i].Fits {
			misfits++
		}
	}
	if misfits > 0 {
		fmt.Fprintf(&b, "* %d of %d bars do not fit the NPU's DRAM (dram.capacity), were simulated as if they did, and are in no range above\n", misfits, len(all))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// BarsFigure is the paper's figure with both values.
func BarsFigure(cfg *config.Config, all []rows.Bar) *plots.Pairs {
	f := &plots.Pairs{Title: "NPU throughput of the PMPD paper's figure, published and simulated",
		Subtitle: fmt.Sprintf("%s: %s, %s GB/s peak", cfg.Name, Memory(cfg), Gigabytes(cfg.PeakBandwidth())), Y: "decoded tokens/s",
		Labels: "above bars: times fp16, simulated (black) and as printed in the paper (grey)", Inferred: []string{string(rows.Learned)}}
	for _, s := range rows.Schemes() {
		f.Series = append(f.Series, string(s))
	}
	if slices.ContainsFunc(all, func(r rows.Bar) bool { return !r.Fits }) {
		f.Subtitle += "; " + plots.Hollow
	}
	for i := range all {
		r := &all[i]
		if i == 0 || r.Panel != all[i-1].Panel {
			f.Panels = append(f.Panels, plots.PairPanel{Name: r.Panel})
		}
		p := &f.Panels[len(f.Panels)-1]
		if r.Scheme == rows.FP16 {
			p.Groups = append(p.Groups, plots.PairGroup{Name: r.Model})
		}
		bar := plots.Pair{Value: r.Simulated, Published: r.Published, Hollow: !r.Fits}
		if r.Scheme != rows.FP16 {
			bar.Label, bar.Beside = fixed(r.SimulatedFP16, 1), r.Label
		}
		g := &p.Groups[len(p.Groups)-1]
		g.Bars = append(g.Bars, bar)
	}
	return f
}

// waterfallName names the bar that a waterfall follows.
func waterfallName(f *rows.Waterfall) string {
	name := fmt.Sprintf("%s, %s, %s", f.Panel, f.Model, f.Scheme)
	if f.Inferred {
		name += " (inferred)"
	}
	return name
}

// WaterfallTable has a row for each stage of one bar.
func WaterfallTable(w io.Writer, all []rows.Waterfall) error {
	if _, err := fmt.Fprintf(w, "%s\nfrom the paper's machine to %s with a cache in fp16; each stage on top of those above\n\n", waterfallName(&all[0]),
		rows.Target); err != nil {
		return err
	}
	t := &plots.Table{Columns: append([]plots.Column{{Name: "stage"}}, right("tokens/s", "change %", "× fp16", "change %", "× uniform")...)}
	for i := range all {
		r := &all[i]
		slower, less := "", ""
		if i > 0 {
			slower = plots.Signed(100 * (r.Throughput/all[i-1].Throughput - 1))
			less = plots.Signed(100 * (r.SpeedupFP16/all[i-1].SpeedupFP16 - 1))
		}
		t.Add(r.Name, fixed(r.Throughput, 2), slower, fixed(r.SpeedupFP16, 2), less, fixed(r.SpeedupUniform, 2))
	}
	return t.Write(w)
}

// WaterfallsTable has a row for each stage, with throughputs and speed-ups over fp16 of all bars.
func WaterfallsTable(w io.Writer, all []rows.Waterfall, bars int) error {
	stages := len(all) / bars
	for _, x := range []struct {
		title string
		of    func(*rows.Waterfall) float64
	}{{"tokens/s", func(f *rows.Waterfall) float64 { return f.Throughput }}, {"× fp16", func(f *rows.Waterfall) float64 { return f.SpeedupFP16 }},
		{"× uniform", func(f *rows.Waterfall) float64 { return f.SpeedupUniform }}} {
		t := &plots.Table{Columns: []plots.Column{{Name: x.title}}}
		for b := range bars {
			f := &all[b*stages]
			t.Columns = append(t.Columns, plots.Column{Name: f.Panel + "\n" + short(f.Model), Right: true})
		}
		for s := range stages {
			cells := []string{all[s].Name}
			for b := range bars {
				cells = append(cells, fixed(x.of(&all[b*stages+s]), 2))
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

// WaterfallFigure is the waterfall of one bar.
func WaterfallFigure(all []rows.Waterfall) *plots.Waterfall {
	f := &plots.Waterfall{Title: "From the paper's bar to a real machine", Subtitle: waterfallName(&all[0]) + "; each stage on top of those above",
		Final: "what remains"}
	throughput := plots.WaterfallPanel{Name: "tokens/s", Decimals: 2}
	speedup := plots.WaterfallPanel{Name: "times fp16", Decimals: 2}
	for i := range all {
		r := &all[i]
		f.Stages = append(f.Stages, r.Name)
		throughput.Values = append(throughput.Values, r.Throughput)
		speedup.Values = append(speedup.Values, r.SpeedupFP16)
	}
	f.Panels = []plots.WaterfallPanel{throughput, speedup}
	return f
}

// PresetsTable has a row for each preset.
func PresetsTable(w io.Writer, all []rows.Remains) error {
	if _, err := fmt.Fprintf(w, "speed-ups of the %d static bars; decode: as the paper counts; whole: prefill and every decode pass\n\n", all[0].Bars); err != nil {
		return err
	}
	t := &plots.Table{Columns: append([]plots.Column{{Name: "NPU"}}, right("decode × fp16", "× uniform up to", "whole × fp16", "× uniform up to")...)}
	for _, r := range all {
		if r.Fit < r.Bars {
			r.NPU += fmt.Sprintf(" (%d that fit)", r.Fit)
		}
		span := func(h rows.Headline) string { return fmt.Sprintf("%.2f to %.2f", h.LeastFP16, h.MostFP16) }
		t.Add(r.NPU, span(r.Decode), fixed(r.Decode.MostUniform, 2), span(r.Whole), fixed(r.Whole.MostUniform, 2))
	}
	return t.Write(w)
}

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

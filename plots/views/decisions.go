package views

import (
	"fmt"
	"io"
	"strconv"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/calibrate"
)

// Decided is a schedule over a trace, as JSON.
type Decided struct {
	Schedule       string               `json:"schedule"`
	Trace          string               `json:"trace"`
	TraceSHA256    string               `json:"trace_sha256"`
	TraceSource    string               `json:"trace_source"`
	Model          string               `json:"model"`
	AvgWeightBits  float64              `json:"avg_weight_bits"`
	PrefillBits    int                  `json:"prefill_weight_bits"`
	Static         string               `json:"static,omitempty"` // the same bits, as a static schedule
	Counterfactual int                  `json:"counterfactual_passes"`
	Cost           precision.Cost       `json:"cost"`
	Decisions      []precision.Decision `json:"decisions"`
}

// Write writes what was decided as text; provenance says what the trace is worth.
func (d *Decided) Write(out io.Writer, provenance string) error {
	passes := &plots.Table{Columns: []plots.Column{{Name: "pass"}, {Name: "bits", Right: true}, {Name: "why", Width: 84},
		{Name: "counterfactual"}}}
	for _, r := range rangesOf(d.Decisions) {
		last := d.Decisions[r.to-1]
		pass, mark := strconv.Itoa(r.from), ""
		if r.to > r.from {
			pass += "-" + strconv.Itoa(r.to)
		}
		if last.Counterfactual {
			mark = "yes"
		}
		passes.Add(pass, strconv.Itoa(last.Bits), last.Reason, mark)
	}
	about := &plots.Table{Columns: []plots.Column{{Name: "schedule"}, {Name: d.Schedule, Width: 96}}}
	about.Add("trace", provenance)
	about.Add("average", fmt.Sprintf("%.3f bits over %d decode passes, prefill at %d", d.AvgWeightBits, len(d.Decisions), d.PrefillBits))
	if d.Static != "" && d.Static != d.Schedule {
		about.Add("the same as", d.Static)
	}
	if n := d.Counterfactual; n > 0 {
		about.Add("counterfactual", fmt.Sprintf("%d passes: the trace went another way from pass %d on", n, len(d.Decisions)-n+1))
	}
	about.Add("deciding costs", costText(d.Cost))
	if err := about.Write(out); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	return passes.Write(out)
}

// costText is a cost in words.
func costText(c precision.Cost) string {
	if c == (precision.Cost{}) {
		return "nothing"
	}
	text := fmt.Sprintf("%d vector values", c.VectorElements)
	if c.MACs > 0 {
		text = fmt.Sprintf("%.3g M MACs, %s of fp32 weights, ", float64(c.MACs)/1e6, plots.Memory.Text(float64(c.WeightBytes))) + text
	}
	if c.Passes == 1 {
		return text + fmt.Sprintf(", once after decode pass %d", c.Pass)
	}
	return text + fmt.Sprintf(" after each of decode passes %d-%d", c.Pass, c.Pass+c.Passes-1)
}

// span is a range of passes.
type span struct{ from, to int }

// rangesOf draws passes together that go on as the one before: the first pass, and the first after a switch or after
// the recorded run was left, stand alone.
func rangesOf(all []precision.Decision) []span {
	var spans []span
	for i, d := range all {
		pass := i + 1
		changed := i == 0 || d.Bits != all[i-1].Bits || d.Counterfactual != all[i-1].Counterfactual
		if last := len(spans) - 1; !changed && spans[last].from > 1 && !opens(all, spans[last].from) {
			spans[last].to = pass
			continue
		}
		spans = append(spans, span{pass, pass})
	}
	return spans
}

// opens reports whether a pass differs from the one before.
func opens(all []precision.Decision, pass int) bool {
	return pass == 1 || all[pass-1].Bits != all[pass-2].Bits || all[pass-1].Counterfactual != all[pass-2].Counterfactual
}

// Calibration writes the candidates of a search, the best of them marked.
func Calibration(out io.Writer, measure traces.Measure, found *calibrate.Result) error {
	t := &plots.Table{Columns: []plots.Column{{Name: "schedule"}, {Name: "avg bits", Right: true}, {Name: "mean " + string(measure), Right: true},
		{Name: "lowest", Right: true}, {Name: "prompts that hold", Right: true}, {Name: ""}}}
	best := "none holds the bound"
	for _, x := range found.Candidates {
		mark := ""
		if x.Chosen {
			mark, best = "best", x.Schedule.String()
		}
		t.Add(x.Schedule.String(), fmt.Sprintf("%.3f", x.AverageBits), fmt.Sprintf("%.4f", x.Quality), fmt.Sprintf("%.4f", x.Lowest),
			fmt.Sprintf("%.1f %%", 100*x.Holding), mark)
	}
	if err := t.Write(out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nprompts  %d; %s in relation to %s, bound %g\nbest     %s\n", found.Prompts, measure, found.Reference,
		found.Bound, best)
	return err
}

package paper

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
)

// Row is a bar with its simulated result. Throughputs are in tokens per second, as the paper counts them.
type Row struct {
	Panel     string  `json:"panel"`
	Model     string  `json:"model"`
	Scheme    Scheme  `json:"scheme"`
	Published float64 `json:"published"`
	Simulated float64 `json:"simulated"`

	Residual *float64 `json:"residual_percent,omitempty"` // simulated over published; nil on other NPUs than the paper's
	AvgBits  float64  `json:"avg_bits"`                   // mean over the passes that the bar counts
	Step     *int     `json:"switch_step,omitempty"`      // static
	Inferred bool     `json:"inferred"`                   // the schedule follows from the published bar: no evidence

	PublishedFP16    float64 `json:"published_vs_fp16"`
	SimulatedFP16    float64 `json:"simulated_vs_fp16"`
	PublishedUniform float64 `json:"published_vs_uniform"`
	SimulatedUniform float64 `json:"simulated_vs_uniform"`
	Label            string  `json:"label,omitempty"` // speed-up over fp16, as printed in the figure

	Schedules string `json:"schedules"`
	Prompt    int    `json:"prompt_tokens"`
	Generated int    `json:"generated_tokens"`
	Counted   int    `json:"passes_counted"` // decode passes in the bar's time
	NPU       string `json:"npu"`
	Config    string `json:"config_fingerprint"`
}

// NPU is the preset of the paper's machine.
const NPU = "pmpd-paper"

// Run simulates bars on an NPU. Rows have residuals if it is the paper's NPU.
func Run(ctx context.Context, cfg *config.Config, bars []Bar, o Options) ([]Row, error) {
	times, err := simulate(ctx, cfg, withBaselines(bars), o)
	if err != nil {
		return nil, err
	}
	own, err := config.Preset(NPU)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, 0, len(bars))
	for i := range bars {
		b := &bars[i]
		r := Row{Panel: b.Panel, Model: b.Model, Scheme: b.Scheme, Published: b.Published, Inferred: b.Scheme == Learned,
			Label: b.Label, Prompt: b.Prompt, Generated: b.Generated, Counted: b.passes() - b.skippedPasses(),
			NPU: cfg.Name, Config: cfg.Fingerprint()}
		if b.Scheme == Static {
			r.Step = &b.Step
		}
		if err := r.fill(b, times); err != nil {
			return nil, err
		}
		if r.Config == own.Fingerprint() {
			off := 100 * (r.Simulated/r.Published - 1)
			r.Residual = &off
		}
		rows = append(rows, r)
	}
	return rows, compare(rows, bars, times)
}

// fill sets the fields that depend on the times.
func (r *Row) fill(b *Bar, times map[key]*timing) error {
	mix, err := b.schedules()
	if err != nil {
		return err
	}
	for _, p := range mix {
		bits, err := b.meanBits(p.schedule)
		if err != nil {
			return err
		}
		r.AvgBits += p.share * bits
		text := p.schedule.String()
		if len(mix) > 1 {
			text = fmt.Sprintf("%.1f %% %s", 100*p.share, text)
		}
		if r.Schedules != "" {
			r.Schedules += " + "
		}
		r.Schedules += text
	}
	r.Simulated, err = throughput(b, times)
	return err
}

// throughput returns a bar's tokens per second as the paper counts them.
func throughput(b *Bar, times map[key]*timing) (float64, error) {
	mix, err := b.schedules()
	if err != nil {
		return 0, err
	}
	seconds := 0.0
	for _, p := range mix {
		seconds += p.share * times[b.key(p.schedule)].decode(b.skippedPasses())
	}
	return float64(b.Generated) / seconds, nil
}

// withBaselines adds to each bar the fp16 and uniform bars of the same panel and model.
func withBaselines(bars []Bar) []Bar {
	var all []Bar
	for _, b := range bars {
		all = append(all, b, b.as(FP16), b.as(Uniform))
	}
	return all
}

// as returns the bar of another scheme beside it. Only what simulating it needs is set.
func (b *Bar) as(s Scheme) Bar {
	other := *b
	other.Scheme = s
	return other
}

// compare sets the speed-ups of rows over the fp16 and uniform bars of the same panel and model.
func compare(rows []Row, bars []Bar, times map[key]*timing) error {
	figure, err := Figure()
	if err != nil {
		return err
	}
	for i := range rows {
		r, b := &rows[i], &bars[i]
		for _, base := range []struct {
			scheme               Scheme
			published, simulated *float64
		}{{FP16, &r.PublishedFP16, &r.SimulatedFP16}, {Uniform, &r.PublishedUniform, &r.SimulatedUniform}} {
			beside, err := Find(figure, b.Panel, b.Model, base.scheme)
			if err != nil {
				return err
			}
			rate, err := throughput(&beside, times)
			if err != nil {
				return err
			}
			*base.published, *base.simulated = r.Published/beside.Published, r.Simulated/rate
		}
	}
	return nil
}

// Summary is the residuals of rows against the published bars. Inferred rows do not count.
type Summary struct {
	Bars         int
	RMS, Largest float64 // percent
}

// Summarise sums up the residuals of the rows of some schemes.
func Summarise(rows []Row, schemes ...Scheme) Summary {
	var s Summary
	for i := range rows {
		r := &rows[i]
		if r.Inferred || r.Residual == nil || !slices.Contains(schemes, r.Scheme) {
			continue
		}
		s.Bars++
		s.RMS += *r.Residual * *r.Residual
		s.Largest = math.Max(s.Largest, math.Abs(*r.Residual))
	}
	if s.Bars > 0 {
		s.RMS = math.Sqrt(s.RMS / float64(s.Bars))
	}
	return s
}

// Headline is the range of speed-ups of the static bars: that of the paper's abstract.
type Headline struct {
	LeastFP16   float64 `json:"least_vs_fp16"`
	MostFP16    float64 `json:"most_vs_fp16"`
	MostUniform float64 `json:"most_vs_uniform"`
}

// Headlines returns the published and the simulated headline. Learned bars do not count: they follow from published
// ones.
func Headlines(rows []Row) (published, simulated Headline) {
	for i := range rows {
		r := &rows[i]
		if r.Scheme != Static {
			continue
		}
		published.add(r.PublishedFP16, r.PublishedUniform)
		simulated.add(r.SimulatedFP16, r.SimulatedUniform)
	}
	return published, simulated
}

func (h *Headline) add(fp16, uniform float64) {
	if h.LeastFP16 == 0 || fp16 < h.LeastFP16 {
		h.LeastFP16 = fp16
	}
	h.MostFP16, h.MostUniform = math.Max(h.MostFP16, fp16), math.Max(h.MostUniform, uniform)
}

package paper

import (
	"context"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/paper/rows"
)

// NPU is the preset of the paper's machine.
const NPU = "pmpd-paper"

// Run simulates bars on an NPU. Rows have residuals if it is the paper's NPU.
func Run(ctx context.Context, cfg *config.Config, bars []Bar, o Options) ([]rows.Bar, error) {
	times, err := simulate(ctx, cfg, withBaselines(bars), o)
	if err != nil {
		return nil, err
	}
	own, err := config.Preset(NPU)
	if err != nil {
		return nil, err
	}
	all := make([]rows.Bar, 0, len(bars))
	for i := range bars {
		b := &bars[i]
		r := rows.Bar{Panel: b.Panel, Model: b.Model, Scheme: b.Scheme, Published: b.Published, Inferred: b.Scheme == rows.Learned,
			Label: b.Label, Prompt: b.Prompt, Generated: b.Generated, Counted: b.passes() - b.skippedPasses(),
			NPU: cfg.Name, Config: cfg.Fingerprint()}
		if b.Scheme == rows.Static {
			r.Step = &b.Step
		}
		if err := fill(&r, b, times); err != nil {
			return nil, err
		}
		if r.Config == own.Fingerprint() {
			off := 100 * (r.Simulated/r.Published - 1)
			r.Residual = &off
		}
		all = append(all, r)
	}
	return all, compare(all, bars, times)
}

// fill sets the fields that depend on the times.
func fill(r *rows.Bar, b *Bar, times map[key]*timing) error {
	mix, err := b.schedules()
	if err != nil {
		return err
	}
	for _, p := range mix {
		bits, err := b.meanBits(p.schedule)
		if err != nil {
			return err
		}
		r.AvgBits += float64(p.share * bits)
		text := p.schedule.String()
		if len(mix) > 1 {
			text = fmt.Sprintf("%.1f %% %s", 100*p.share, text)
		}
		if r.Schedules != "" {
			r.Schedules += " + "
		}
		r.Schedules += text
	}
	if r.Fits, err = fits(b, times); err != nil {
		return err
	}
	r.Simulated, err = throughput(b, times)
	return err
}

// fits reports whether all schedules of a bar's sequences fit the DRAM.
func fits(b *Bar, times map[key]*timing) (bool, error) {
	mix, err := b.schedules()
	return !slices.ContainsFunc(mix, func(p weighted) bool { return !times[b.key(p.schedule)].fits }), err
}

// throughput returns a bar's tokens per second as the paper counts them.
func throughput(b *Bar, times map[key]*timing) (float64, error) {
	mix, err := b.schedules()
	if err != nil {
		return 0, err
	}
	seconds := 0.0
	for _, p := range mix {
		seconds += float64(p.share * times[b.key(p.schedule)].decode(b.skippedPasses()))
	}
	return float64(b.Generated) / seconds, nil
}

// withBaselines adds to each bar the fp16 and uniform bars of the same panel and model.
func withBaselines(bars []Bar) []Bar {
	var all []Bar
	for _, b := range bars {
		all = append(all, b, b.as(rows.FP16), b.as(rows.Uniform))
	}
	return all
}

// as returns the bar of another scheme beside it. Only what simulating it needs is set.
func (b *Bar) as(s rows.Scheme) Bar {
	other := *b
	other.Scheme = s
	return other
}

// compare sets the speed-ups of rows over the fp16 and uniform bars of the same panel and model.
func compare(all []rows.Bar, bars []Bar, times map[key]*timing) error {
	figure, err := Figure()
	if err != nil {
		return err
	}
	for i := range all {
		r, b := &all[i], &bars[i]
		for _, base := range []struct {
			scheme               rows.Scheme
			published, simulated *float64
		}{{rows.FP16, &r.PublishedFP16, &r.SimulatedFP16}, {rows.Uniform, &r.PublishedUniform, &r.SimulatedUniform}} {
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

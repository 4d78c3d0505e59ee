package paper

import (
	"context"
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/paper/rows"
	"github.com/pmpdsim/pmpdsim/sim/replay"
)

// Presets simulates the static bars of bars on every NPU. It samples decode passes, except with an ideal memory.
func Presets(ctx context.Context, npus []*config.Config, bars []Bar, o Options) ([]rows.Remains, error) {
	var static []Bar
	for _, b := range bars {
		if b.Scheme == rows.Static {
			static = append(static, b)
		}
	}
	report := o.Progress
	o.Prefill = true
	var all []rows.Remains
	for i, cfg := range npus {
		o.Sampling = SamplingFor(cfg)
		o.Progress = func(p replay.Progress) {
			if report != nil {
				report(replay.Progress{Passes: i, Total: len(npus), Share: (float64(i) + p.Share) / float64(len(npus))})
			}
		}
		times, err := simulate(ctx, cfg, withBaselines(static), o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", cfg.Name, err)
		}
		r := rows.Remains{NPU: cfg.Name, Bars: len(static), Config: cfg.Fingerprint()}
		decode, whole := Stage{Config: cfg}, Stage{Config: cfg, Prefill: true}
		for b := range static {
			ok, err := fits(&static[b], times)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			r.Fit++
			for _, x := range []struct {
				stage *Stage
				to    *rows.Headline
			}{{&decode, &r.Decode}, {&whole, &r.Whole}} {
				f, err := x.stage.row(&static[b], times)
				if err != nil {
					return nil, err
				}
				x.to.Add(f.SpeedupFP16, f.SpeedupUniform)
			}
		}
		all = append(all, r)
	}
	return all, nil
}

package validate

import (
	"bytes"
	"context"
	_ "embed" // rails.csv
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/pmpdsim/pmpdsim/npu/energy"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
	"github.com/pmpdsim/pmpdsim/sim/validate/rows"
)

//go:embed rails.csv
var railsCSV []byte

// rail is a measurement of a chip's own supply.
type rail struct {
	Measurement
	prefill         bool
	seconds, joules float64 // of a pass
}

// rails reads the embedded measurements.
func rails() ([]rail, error) {
	records, err := csv.NewReader(bytes.NewReader(railsCSV)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("rails.csv: %w", err)
	}
	var all []rail
	for i, r := range records[1:] {
		m := rail{prefill: r[5] == "prefill"}
		m.File, m.Line = "rails.csv", i+2
		m.Device, m.Model, m.Group, m.Citation = r[0], r[1], r[3], r[9]
		for _, n := range []struct {
			to   *int
			text string
		}{{&m.Bits, r[2]}, {&m.KVBits, r[4]}, {&m.Context, r[6]}} {
			if *n.to, err = strconv.Atoi(n.text); err != nil {
				return nil, m.wrong(err)
			}
		}
		for _, n := range []struct {
			to   *float64
			text string
		}{{&m.seconds, r[7]}, {&m.joules, r[8]}} {
			if *n.to, err = strconv.ParseFloat(n.text, 64); err != nil {
				return nil, m.wrong(err)
			}
		}
		m.Decode = 1 / m.seconds
		if m.prefill {
			m.Prompt, m.TTFT = m.Context, m.seconds
		}
		all = append(all, m)
	}
	return all, nil
}

// Rails predicts what was measured at chips' own supplies: the energy of the NPU in one pass, without its DRAM. What is
// there as long as a pass takes (leakage, energy.static, energy.clock) is counted over the measured time, so that
// errors of time do not add to those of energy. device is a Slug; empty: all that have any.
func (p *Predictor) Rails(ctx context.Context, device string) ([]rows.Rail, error) {
	all, err := rails()
	if err != nil {
		return nil, err
	}
	var devices []string
	for i := range all {
		if d := Slug(all[i].Device); !slices.Contains(devices, d) {
			devices = append(devices, d)
		}
	}
	if device != "" && !slices.Contains(devices, device) {
		return nil, fmt.Errorf("device %q: no energy was measured on it; %s", device, suggest.Accepted(device, devices))
	}
	all = slices.DeleteFunc(all, func(r rail) bool { return device != "" && Slug(r.Device) != device })
	var out []rows.Rail
	for i := range all {
		m := &all[i]
		t, err := p.task(&m.Measurement, nil)
		if err != nil {
			return nil, err
		}
		s, phase := t.decode, "decode"
		if m.prefill {
			s, phase = t.prefill[0], "prefill"
		}
		prepared, err := p.prepare(&s)
		if err != nil {
			return nil, m.wrong(err)
		}
		counts, err := replay.Steps(ctx, []*replay.Prepared{prepared}, [][]int{{s.at}}, replay.Options{Workers: p.Workers})
		if err != nil {
			return nil, err
		}
		c := counts[0][0]
		simulated := c.Cycles.Seconds(t.cfg.Clock)
		c.Cycles = unit.Cycles(math.Round(m.seconds * float64(t.cfg.Clock)))
		joules := energy.Of(t.cfg, &c).OnChip().Joules()
		out = append(out, rows.Rail{Device: m.Device, Model: m.Model, WeightBits: m.Bits, Phase: phase, Context: m.Context, Measured: m.joules,
			Predicted: joules, Error: 100 * (joules/m.joules - 1), Seconds: m.seconds, Simulated: simulated, Citation: m.Citation})
		if p.Progress != nil {
			p.Progress(float64(i+1), float64(len(all)))
		}
	}
	return out, nil
}

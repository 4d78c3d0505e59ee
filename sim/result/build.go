package result

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/energy"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

// Passes returns the number of decode passes: prefill gives the first token.
func (r *Result) Passes() int { return r.GeneratedTokens - 1 }

// PrefillAlone reports whether nothing was decoded.
func (r *Result) PrefillAlone() bool { return r.GeneratedTokens == 1 }

// Fill computes every derived number of r from its counts and its footprint. Bits are those of a weight on average in each decode
// pass, names the operators of the programs. It fails on times and energies that are too large to tell.
func (r *Result) Fill(c *config.Config, bits []float64, names []string) error {
	p, d := &r.Counts.Prefill, &r.Counts.Decode
	if err := check(c, &r.Counts); err != nil {
		return err
	}
	passes := float64(len(bits))
	tokens := passes * float64(r.Batch)
	sum := 0.0
	for _, b := range bits {
		sum += b
	}
	r.AvgWeightBits = ratio(sum, passes)
	r.PrefillSeconds = p.Cycles.Seconds(c.Clock)
	r.DecodeSeconds = d.Cycles.Seconds(c.Clock)
	r.TTFTSeconds = r.PrefillSeconds
	r.TPOTSeconds = ratio(r.DecodeSeconds, passes)
	r.TokensPerSecond = ratio(tokens, r.DecodeSeconds)
	r.Cycles = int64(p.Cycles + d.Cycles)
	r.DRAMBytes = int64(p.DRAMBytes() + d.DRAMBytes())
	r.DRAMBytesPerToken = ratio(float64(d.DRAMBytes()), tokens)
	r.DRAMEfficiency = ratio(ratio(float64(d.DRAMBytes()), r.DecodeSeconds), c.PeakBandwidth())
	pes := float64(c.Array.Rows) * float64(c.Array.Cols) * float64(c.Cores)
	r.ArrayUtilisation = ratio(float64(d.PECycles), pes*float64(d.Cycles))
	used := Joules(d, c)
	r.EnergyJoules = Joules(p, c) + used
	r.EnergyPerToken, r.TokensPerJoule = ratio(used, tokens), ratio(tokens, used)
	r.AreaMM2 = energy.AreaOf(c).Total()
	if !r.PrefillAlone() {
		hits := ratio(float64(d.DRAM.RowHits), float64(d.DRAM.Reads+d.DRAM.Writes))
		r.RowHitRate, r.BoundBy = &hits, BoundBy(d, c)
	}
	r.Fits = r.Footprint.Fits()
	r.Format = visible.Line(r.Format) // a file may name its method in any signs
	r.Operators = Operators{Prefill: operatorsOf(p, c, names), Decode: operatorsOf(d, c, names)}
	return nil
}

// Joules is the energy of NPU and DRAM that counts come to.
func Joules(n *stats.Counts, c *config.Config) float64 { return energy.Of(c, n).Total().Joules() }

// check refuses counts of a phase that are more than a result can tell.
func check(c *config.Config, counts *Phases) error {
	if err := energy.Check(c, &counts.Prefill); err != nil {
		return fmt.Errorf("prefill: %w", err)
	}
	if err := energy.Check(c, &counts.Decode); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}

// Breakdown adds the breakdown of both phases to r, as far as there are both.
func (r *Result) Breakdown(c *config.Config) {
	r.Prefill = NewPhase(&r.Counts.Prefill, c)
	if !r.PrefillAlone() {
		r.Decode = NewPhase(&r.Counts.Decode, c)
	}
}

// Baselines are the results that speed-ups refer to: fp16 and uniform:N on the same NPU, model and lengths. Nil is one
// that was not run.
type Baselines struct {
	FP16    *Result
	Uniform func(bits int) *Result
}

// Compare sets the speed-ups of r in decode, against fp16 and against uniform:highest, where highest is the highest
// precision of r's decode. A speed-up against a baseline that was not run is absent, and so is one of prefill alone.
func (r *Result) Compare(b Baselines, highest int) {
	if r.PrefillAlone() {
		return
	}
	if b.FP16 != nil {
		r.SpeedupFP16 = speedup(r, b.FP16)
	}
	if u := b.Uniform(highest); u != nil {
		r.SpeedupUniform = speedup(r, u)
	}
	r.against(b, highest)
}

func speedup(r, base *Result) *float64 {
	s := ratio(base.TPOTSeconds, r.TPOTSeconds)
	return &s
}

package plots

import (
	"cmp"
	"io"

	"github.com/pmpdsim/pmpdsim/sim/result"
)

// Compare writes one row per schedule: the table that the whole program is for. Rows of results that do not fit their DRAM
// are marked, and a line below says what they lack.
func Compare(w io.Writer, rs []*result.Result) error {
	pick := func(name string, u Unit, decimals int, get func(*result.Result) *float64) column {
		c := column{name: name, unit: u, fixed: decimals}
		for _, r := range rs {
			c.values = append(c.values, get(r))
		}
		return c
	}
	words := func(name string, get func(*result.Result) string) column {
		c := column{name: name, texts: []string{}}
		for _, r := range rs {
			c.texts = append(c.texts, get(r))
		}
		return c
	}
	const byUnit = -1
	decoded := func(name string, u Unit, decimals int, get func(*result.Result) *float64) column { // nothing of prefill alone
		return pick(name, u, decimals, func(r *result.Result) *float64 {
			if r.PrefillAlone() {
				return nil
			}
			return get(r)
		})
	}
	table := columns([]column{
		words("schedule", starred),
		decoded("bits", Plain, 2, func(r *result.Result) *float64 { return &r.AvgWeightBits }),
		pick("TTFT", Time, byUnit, func(r *result.Result) *float64 { return &r.TTFTSeconds }),
		decoded("TPOT", Time, byUnit, func(r *result.Result) *float64 { return &r.TPOTSeconds }),
		decoded("tokens/s", Plain, byUnit, func(r *result.Result) *float64 { return &r.TokensPerSecond }),
		pick("× fp16", Plain, 2, func(r *result.Result) *float64 { return r.SpeedupFP16 }),
		pick("× uniform", Plain, 2, func(r *result.Result) *float64 { return r.SpeedupUniform }),
		decoded("DRAM/token", Bytes, byUnit, func(r *result.Result) *float64 { return &r.DRAMBytesPerToken }),
		decoded("BW", Percent, byUnit, func(r *result.Result) *float64 { return &r.DRAMEfficiency }),
		decoded("array", Percent, 2, func(r *result.Result) *float64 { return &r.ArrayUtilisation }),
		decoded("energy/token", Energy, byUnit, func(r *result.Result) *float64 { return &r.EnergyPerToken }),
		words("bound", func(r *result.Result) string { return cmp.Or(r.BoundBy, "-") }),
	})
	return withMisfits(w, table, rs)
}

package plots

import (
	"io"

	"github.com/pmpdsim/pmpdsim/sim/result"
)

// Decoded is what a machine that really decoded measured under one schedule. What was not measured is nil.
type Decoded struct {
	Machine         string   `json:"machine"`
	Source          string   `json:"source"`                      // gpu, emulated, cpu
	Cache           string   `json:"kv_cache"`                    // of keys and values, as record --kv-bits has it
	TPOT            *float64 `json:"tpot_seconds,omitempty"`      // mean time of a decode pass
	TokensPerSecond *float64 `json:"tokens_per_second,omitempty"` // its inverse
	Speedup         *float64 `json:"speedup_vs_fp16,omitempty"`   // of decode
	Agree           *float64 `json:"agree,omitempty"`             // share of the passes whose token is fp16's
	NLL             *float64 `json:"nll,omitempty"`               // of the tokens under fp16, nats
	TraceSHA256     string   `json:"trace_sha256"`
}

// Beside writes one row per schedule: the machine that decoded, and the NPU that was simulated beside it.
func Beside(w io.Writer, decoded []*Decoded, rs []*result.Result) error {
	real := func(name string, u Unit, decimals int, get func(*Decoded) *float64) column {
		c := column{name: name, unit: u, fixed: decimals}
		for _, d := range decoded {
			c.values = append(c.values, get(d))
		}
		return c
	}
	simulated := func(name string, u Unit, decimals int, get func(*result.Result) *float64) column {
		c := column{name: name, unit: u, fixed: decimals}
		for _, r := range rs {
			c.values = append(c.values, get(r))
		}
		return c
	}
	schedules, machine := column{name: "schedule"}, "machine"
	for i, r := range rs {
		schedules.texts = append(schedules.texts, starred(r))
		machine = decoded[i].Machine
	}
	const byUnit = -1
	table := columns([]column{
		schedules,
		simulated("bits", Plain, 2, func(r *result.Result) *float64 { return &r.AvgWeightBits }),
		real(machine+": TPOT", Time, byUnit, func(d *Decoded) *float64 { return d.TPOT }),
		real("tokens/s", Plain, byUnit, func(d *Decoded) *float64 { return d.TokensPerSecond }),
		real("× fp16", Plain, 2, func(d *Decoded) *float64 { return d.Speedup }),
		simulated("NPU: TPOT", Time, byUnit, func(r *result.Result) *float64 { return &r.TPOTSeconds }),
		simulated("tokens/s", Plain, byUnit, func(r *result.Result) *float64 { return &r.TokensPerSecond }),
		simulated("× fp16", Plain, 2, func(r *result.Result) *float64 { return r.SpeedupFP16 }),
		real("agree", Percent, 1, func(d *Decoded) *float64 { return d.Agree }),
		real("NLL", Plain, 3, func(d *Decoded) *float64 { return d.NLL }),
	})
	return withMisfits(w, table, rs)
}

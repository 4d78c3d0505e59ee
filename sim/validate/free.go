package validate

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Free returns the keys of a device's preset that are fitted to its measurements; none of other machines.
func Free(machine string) Keys {
	k := Keys{Prefill: []string{"array.sustained"}}
	switch machine {
	case "rk3588":
		k.Decode, k.Prefill = []string{"runtime.dispatch"}, []string{"runtime.conversion"}
	case "rk3576":
		k.Prefill = []string{"runtime.conversion"}
		k.Decode = []string{"runtime.dispatch", "array.unpack.bits4", "array.unpack.scales"}
	case "ax650n":
		k.Prefill = []string{"runtime.conversion"}
		k.Decode = []string{"runtime.dispatch", "noc.bandwidth"}
	case "amd-kraken-xdna2":
		k.Decode, k.Prefill = []string{"runtime.dispatch", "array.unpack.bits4"}, []string{"runtime.prefill_dispatch"}
	case "sd-8-elite":
		k.Decode = []string{"runtime.dispatch", "noc.bandwidth", "array.unpack.bits8"}
	default:
		return Keys{}
	}
	return k
}

// What stands for a device of which nothing was measured, the same for all (docs/validation.md).
const (
	defaultPorts = 0.6 // of DRAM's peak: NPUs whose compilers make graphs; others are not limited

	// Of the array's peak, in prefill: what is fitted to AX650N and AMD Kraken, if they convert nothing and dispatch a prefill as a decode pass,
	// is 0.2 and 0.25, to Snapdragon 8 Elite 0.55: their geometric mean.
	defaultSustained = "0.3"

	// Of runtimes that dispatch operators: what is fitted to RK3588 is 22.1 us and 1.94 GB/s, to RK3576 34.7 us and 0.63 GB/s, together; their
	// geometric means. The class's own 33 us were derived without conversions.
	defaultPerOpDispatch = "28us"
	defaultConversion    = "1.1GB/s"
)

// Defaults returns the assignments that make a machine one of which nothing was measured: the figures of its runtime's
// class, and shares that are the same for all. A graphics processor keeps its array's peak.
func Defaults(c *config.Config) []string {
	d := c.Runtime.Class.Default()
	set := []string{"runtime.dispatch=" + d.Dispatch.String(), "runtime.host_per_token=" + d.HostPerToken.String(), "noc.bandwidth=0B/s"}
	if c.Runtime.Conversion > 0 && c.Runtime.Class != config.PerOp {
		set = append(set, "runtime.conversion=0B/s")
	}
	if c.Runtime.PrefillDispatch > 0 {
		set = append(set, "runtime.prefill_dispatch=0fs")
	}
	if c.Array.Unpack.Scales > 0 {
		set = append(set, "array.unpack.scales=0")
	}
	if c.Array.Scales == config.ScaleSums { // as weights are by default, with as many lanes as keep up
		set = append(set, "array.group_scales="+string(config.ScaleWeights), "array.dequant_lanes=4096")
	}
	for bits := 2; bits <= 8; bits++ {
		set = append(set, fmt.Sprintf("array.unpack.bits%d=0", bits))
	}
	switch c.Runtime.Class {
	case config.Graph:
		set[2] = "noc.bandwidth=" + unit.BytesPerSecond(defaultPorts*c.PeakBandwidth()).String()
		return append(set, "array.sustained="+defaultSustained)
	case config.PerOp:
		set[0] = "runtime.dispatch=" + defaultPerOpDispatch
		return append(set, "runtime.conversion="+defaultConversion, "array.sustained="+defaultSustained)
	}
	return set
}

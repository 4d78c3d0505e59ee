package intervals

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/validate"
)

// Basis is the intervals of an NPU's predictions, and whose errors they are.
type Basis struct {
	Decode, Prefill     Interval
	DecodeOf, PrefillOf string // as in "102 errors of 10 devices"

	Pairs  map[Pair]float64 // predicted ratio of decode speeds from which on the faster NPU really is, in Share of the draws
	Differ []string         // assignments that make the NPU one whose errors were measured: defaults that it does not have
}

// leastModels is how many models give a device an interval of its own.
const leastModels = 5

// Of returns the intervals of an NPU: from the errors of its own device, if it is a device's preset, and at least five
// models were measured on it; otherwise from the errors of all devices with the same defaults. An NPU without a runtime
// has none.
func Of(c *config.Config) (*Basis, error) {
	if c.Runtime.Class == config.Ideal {
		return nil, fmt.Errorf("NPU %s has runtime.class=ideal, and all devices that were measured have a runtime; accepted: runtime.class %s, %s or %s",
			c.Name, config.PerOp, config.Graph, config.GPUGraph)
	}
	all := Embedded()
	b := &Basis{Pairs: map[Pair]float64{}}
	device := devicePreset(c, all)
	for _, p := range []Pair{SameMachine, SameClass, Others} {
		b.Pairs[p] = needed(differences(devices(all, unfitted, decode), p), Share)
	}
	imagined := false
	for _, q := range []struct {
		of   quantity
		to   *Interval
		text *string
	}{{decode, &b.Decode, &b.DecodeOf}, {prefill, &b.Prefill, &b.PrefillOf}} {
		own := models(all, device, q.of)
		if len(own) >= leastModels {
			*q.to, *q.text = bootstrap(own), fmt.Sprintf("%d errors of %d models on %s", count(own), len(own), device)
			continue
		}
		others := devices(all, unfitted, q.of)
		*q.to, *q.text = bootstrap(others), fmt.Sprintf("%d errors of %d devices", count(others), len(others))
		imagined = true
	}
	if imagined {
		b.Differ = differing(c)
	}
	return b, nil
}

// differing returns the assignments of the defaults of which an NPU has other values, by more than a hundredth.
func differing(c *config.Config) (set []string) {
	for _, assignment := range validate.Defaults(c) {
		path, _, _ := strings.Cut(assignment, "=")
		changed := *c
		if changed.Set([]string{assignment}) != nil {
			continue // an array without such a key
		}
		was, err := c.Number(path)
		now, err2 := changed.Number(path)
		if path == "noc.bandwidth" && now.Value == 0 && was.Value >= c.PeakBandwidth() {
			continue // links that carry what DRAM gives are no limit
		}
		if err == nil && err2 == nil && math.Abs(now.Value-was.Value) > 0.01*now.Value {
			set = append(set, now.Assign(now.Value))
		}
	}
	return set
}

// ofWorkload are keys that a measurement states, too: with another value of them a device stays what it is.
var ofWorkload = []string{"kv.bits", "kv.key_bits", "kv.value_bits", "kv.group", "kv.key_scales", "kv.zero_points", "lm_head.bits",
	"array.activations", "weights.group"}

// devicePreset returns the device whose preset c is, whatever the widths of its caches, its head, its activations and its
// groups; empty: none whose own errors are known.
func devicePreset(c *config.Config, all []Point) string {
	i := slices.IndexFunc(all, func(p Point) bool { return p.NPU == c.Name })
	if i < 0 {
		return ""
	}
	preset, err := config.Preset(c.Name)
	if err != nil {
		return ""
	}
	same := *c
	var set []string
	for _, path := range ofWorkload {
		if value, ok := preset.Get(path); ok {
			set = append(set, path+"="+value)
		}
	}
	if same.Set(set) != nil {
		return ""
	}
	if same.Fingerprint() != preset.Fingerprint() || all[i].LeftOut == (Speeds{}) && len(differing(preset)) > 0 {
		return ""
	}
	return c.Name
}

// quantity is a speed of which there are errors; the second result says whether there is one.
type quantity func(Speeds) float64

func decode(s Speeds) float64  { return s.Decode }
func prefill(s Speeds) float64 { return s.Prefill }

// kind is a kind of error of a point.
type kind func(*Point) Speeds

func unfitted(p *Point) Speeds { return p.Unfitted }

// own is the error of a device's preset as it is, for a model to which nothing was fitted.
func own(p *Point) Speeds {
	if p.LeftOut != (Speeds{}) {
		return p.LeftOut
	}
	return p.Unfitted
}

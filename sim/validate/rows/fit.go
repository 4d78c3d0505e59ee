package rows

import (
	"fmt"
	"slices"
	"strings"
)

// Fit is what keys of a machine were fitted to, and how well they explain it.
type Fit struct {
	NPU     string
	Prefill bool // fitted to the time to the first token; otherwise to decode
	Keys    []FittedKey
	N       int      // measurements
	Models  []string // of them

	Before, After float64  // MAPE of speed, in percent: with the machine as it was, and fitted to all
	LeftOut       *float64 // of models that were left out of the fit; nil: none was
}

// FittedKey is a key of the configuration with the value that fits best.
type FittedKey struct {
	Key, Value string
	WithoutOne []string // the values that fit all models but one, one for each model left out
}

// Text says in a line what was fitted to what, and how well it explains that.
func (f *Fit) Text() string {
	what := "decode"
	if f.Prefill {
		what = "prefill"
	}
	var keys []string
	for _, k := range f.Keys {
		keys = append(keys, k.Key+"="+k.Value)
	}
	text := fmt.Sprintf("%s: %s fitted to %s of %d measurements of %d models: mean error %.1f %% before, %.1f %% after", f.NPU,
		strings.Join(keys, " "), what, f.N, len(f.Models), f.Before, f.After)
	if f.LeftOut != nil {
		text += fmt.Sprintf(", %.1f %% of models that were left out", *f.LeftOut)
	}
	return text
}

// Range returns the different values that fit all models but one, in the order of the models; a dash where none was
// left out.
func (k *FittedKey) Range() string {
	var different []string
	for _, v := range k.WithoutOne {
		if v != k.Value && !slices.Contains(different, v) {
			different = append(different, v)
		}
	}
	switch {
	case len(k.WithoutOne) == 0:
		return "-"
	case len(different) == 0:
		return "the same"
	}
	return strings.Join(different, " ")
}

// Meaning says in words what a key stands for in a real device.
func Meaning(key string) string {
	switch key {
	case "runtime.dispatch":
		return "what the runtime takes to dispatch a piece of work"
	case "runtime.prefill_dispatch":
		return "what the runtime takes to dispatch a piece of a prefill"
	case "array.unpack.scales":
		return "scales of groups that become operands in a cycle"
	case "runtime.conversion":
		return "how fast activations are brought into the array's layout and back"
	case "runtime.host_per_token":
		return "what the host does behind each token"
	case "noc.bandwidth":
		return "ports between memory and NPU"
	case "dram.bandwidth":
		return "memory"
	case "array.dequant_lanes":
		return "codes, or sums of groups, that are scaled in a cycle"
	case "array.sustained":
		return "share of its peak that the array reaches"
	}
	if strings.HasPrefix(key, "array.unpack.") {
		return "codes that become operands in a cycle"
	}
	return "-"
}

package study

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Machine is an NPU that results come from. What is known of it depends on who looks for it (package machines): a result
// names nothing but its fingerprint.
type Machine struct {
	Fingerprint string
	Name        string
	Bandwidth   float64     // bytes per second at the DRAM's peak; 0: not known
	Roofs       []Roof      // of the array, from the narrowest weights
	Keys        [][2]string // of the configuration, with their values, in the order of its files
}

// Roof is what the full array does with weights of so many bits.
type Roof struct {
	Bits          int
	MACsPerSecond float64
}

// Widths are the widths of weights whose roofs matter for some phases, decode or prefill, in their order: those that the
// schedules name, with what their rules make of them, those of a model's file, or all that there are where a schedule was recorded.
func (s *Set) Widths(phases ...string) (bits []int) {
	for _, phase := range phases {
		for _, o := range s.Outcomes {
			bits = append(bits, o.widths(phase)...)
		}
	}
	slices.Sort(bits)
	return slices.Compact(bits)
}

func (o *Outcome) widths(phase string) []int {
	s, err := precision.Parse(o.Schedule)
	of := []int{o.PrefillBits}
	switch {
	case err == nil && s.Kind == precision.KindFile:
		of = o.storedWidths()
	case phase != "decode":
	case err == nil && len(s.Bits) > 0:
		of = s.Bits
	default:
		of = []int{2, 3, 4, 16}
	}
	if err != nil {
		return of
	}
	return s.Ruled(of)
}

// storedWidths are those of the matrices in the model's file; 16 if it is not quantised, or nothing is known of it.
func (o *Outcome) storedWidths() (bits []int) {
	type format struct {
		Bits int `json:"bits"`
	}
	var m struct {
		Stored struct {
			Default format `json:"default"`
			Parts   []struct {
				Format format `json:"format"`
			} `json:"parts"`
		} `json:"stored"`
	}
	if o.Inputs != nil && len(o.Inputs.Model) > 0 && json.Unmarshal(o.Inputs.Model, &m) != nil {
		return []int{16}
	}
	bits = append(bits, cmp.Or(m.Stored.Default.Bits, 16))
	for _, p := range m.Stored.Parts {
		bits = append(bits, cmp.Or(p.Format.Bits, 16))
	}
	return bits
}

package study

import (
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
// schedules name, or all that there are where a schedule was recorded.
func (s *Set) Widths(phases ...string) (bits []int) {
	for _, phase := range phases {
		for _, o := range s.Outcomes {
			of := []int{o.PrefillBits}
			if phase == "decode" {
				of = []int{2, 3, 4, 16}
				if s, err := precision.Parse(o.Schedule); err == nil && len(s.Bits) > 0 {
					of = s.Bits
				}
			}
			bits = append(bits, of...)
		}
	}
	slices.Sort(bits)
	return slices.Compact(bits)
}

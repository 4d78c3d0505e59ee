package array

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// PeakMACsPerSecond returns the multiply-accumulates a second of the full arrays of all cores with weights of that many
// bits; look-ups, tables, scratchpad and memory are not counted. The configuration must be valid.
func PeakMACsPerSecond(c *config.Config, bits unit.Bits) float64 {
	s, err := New(c.Array)
	if err != nil {
		panic("array: peak: " + err.Error())
	}
	r := s.Rate(bits)
	pes := float64(c.Cores) * float64(c.Array.Rows) * float64(c.Array.Cols)
	return pes * float64(r.Lanes) / float64(r.Cycles) * float64(c.Clock)
}

// Ridge returns the multiply-accumulates per byte of DRAM traffic at which the arrays with weights of that many bits
// and the memory are equally busy. Decoding one token does 8/bits MACs with each byte of weights: it is bound by memory
// where the ridge lies above that.
func Ridge(c *config.Config, bits unit.Bits) float64 {
	return PeakMACsPerSecond(c, bits) / c.PeakBandwidth()
}

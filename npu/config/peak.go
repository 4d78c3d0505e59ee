package config

import "github.com/pmpdsim/pmpdsim/sim/unit"

// PeakMACsPerSecond returns the multiply-accumulates a second of the full array with weights of that many bits, codebook
// look-ups and memory not counted.
//
//	bit-serial-weight: rows × cols × clock / ceil(bits / bits_per_cycle)
//	dequant-fp16:      rows × cols × clock
func (c *Config) PeakMACsPerSecond(bits int) float64 {
	perCycle := float64(c.Array.Rows) * float64(c.Array.Cols)
	switch c.Array.Style {
	case BitSerialWeight:
		perCycle /= float64((bits + c.Array.BitsPerCycle - 1) / c.Array.BitsPerCycle)
	case DequantFP16:
	default:
		panic("config: peak of the style " + string(c.Array.Style))
	}
	return perCycle * float64(c.Clock)
}

// PeakBandwidth returns the bytes a second of all DRAM channels without refresh, turnarounds and row misses.
func (c *Config) PeakBandwidth() float64 {
	if s := standardOf(c.DRAM); s != nil {
		return float64(s.PeakBytesPerSecond(c.DRAM.Channels))
	}
	return float64(c.DRAM.Bandwidth)
}

// Ridge returns the multiply-accumulates per byte of DRAM traffic at which the array with weights of that many bits and
// the memory are equally busy. Decoding one token does 8/bits MACs with each byte of weights: it is bound by memory where
// the ridge lies above that.
func (c *Config) Ridge(bits int) float64 { return c.PeakMACsPerSecond(bits) / c.PeakBandwidth() }

// TileBytes returns the largest tile of a stream: the one configured, or an eighth of the scratchpad, in whole bursts.
func (c *Config) TileBytes() unit.Bytes {
	if c.Scratchpad.Tile > 0 {
		return c.Scratchpad.Tile
	}
	return c.Scratchpad.Size / 8 / grain * grain
}

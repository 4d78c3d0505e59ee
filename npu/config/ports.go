package config

import "fmt"

// Links returns the number of links of the network between the cores and the memory: one for each core, or the bus.
func (c *Config) Links() int {
	if c.Network.Topology == Bus {
		return 1
	}
	return c.Cores
}

// LinkBandwidth returns the bytes a second that all links carry together; 0: they are not limited.
func (c *Config) LinkBandwidth() float64 {
	return float64(c.Network.Bandwidth) * float64(c.Links())
}

// NarrowLinks says, where the links carry less than DRAM's peak, how much less; else it returns "". More channels of
// DRAM then make nothing faster.
func (c *Config) NarrowLinks() string {
	links, peak := c.LinkBandwidth(), c.PeakBandwidth()
	if links == 0 || links >= peak {
		return ""
	}
	of := "the one link"
	if n := c.Links(); n > 1 {
		of = fmt.Sprintf("the %d links", n)
	}
	return fmt.Sprintf("%s of %s to memory: %.4g GB/s (noc.bandwidth); DRAM: %.4g GB/s", of, c.Name, links/1e9, peak/1e9)
}

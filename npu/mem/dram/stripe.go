package dram

// Stripe is the smallest aligned range of addresses that falls equally on all channels: one interleave granule of each.
func (m *Mapping) Stripe() int64 { return 1 << (m.channelShift + m.channelBits) }

package stats

// numbers are all counts, in one order.
func (c *Counts) numbers() []*int64 {
	all := []*int64{(*int64)(&c.Cycles), (*int64)(&c.ArrayBusy), (*int64)(&c.ArrayUnpack), (*int64)(&c.ArraySwitch), (*int64)(&c.VectorBusy),
		(*int64)(&c.LaunchBusy), (*int64)(&c.DispatchBusy), (*int64)(&c.HostBusy), (*int64)(&c.MemoryBusy), (*int64)(&c.SpaceStall), &c.MACs, &c.PECycles,
		&c.Lookups, &c.Scalings, &c.TableEntries, &c.VectorOps, &c.Ops, &c.Dispatches, &c.Tiles, &c.Transfers, &c.Switches, (*int64)(&c.Exchanged),
		(*int64)(&c.NetworkBusy), (*int64)(&c.NetworkWait), (*int64)(&c.ScratchRead), (*int64)(&c.ScratchWrite), (*int64)(&c.ScratchPeak)}
	for i := range c.MACsByBits {
		all = append(all, &c.MACsByBits[i])
	}
	for i := range c.Traffic {
		all = append(all, (*int64)(&c.Traffic[i]))
	}
	for i := range c.ByKind {
		all = append(all, (*int64)(&c.ByKind[i]))
	}
	all = append(all, &c.DRAM.Clocks, &c.DRAM.Activates, &c.DRAM.Precharges, &c.DRAM.PrechargeAll, &c.DRAM.Reads, &c.DRAM.Writes, &c.DRAM.Refreshes,
		&c.DRAM.Syncs, &c.DRAM.RowHits, &c.DRAM.RowMisses, &c.DRAM.RowConflicts, &c.DRAM.Turnarounds, &c.DRAM.Masked, &c.DRAM.AutoPrecharges)
	for i := range c.DRAMBy {
		all = c.DRAMBy[i].numbers(all)
	}
	all = c.Agents.numbers(all)
	for i := range c.Operators {
		o := &c.Operators[i]
		all = append(all, (*int64)(&o.Cycles), (*int64)(&o.Runtime), (*int64)(&o.ArrayBusy), (*int64)(&o.VectorBusy), &o.MACs, &o.PECycles,
			(*int64)(&o.Bytes), (*int64)(&o.Exchanged), (*int64)(&o.ArrayUnpack))
	}
	return all
}

func (r *Requester) numbers(all []*int64) []*int64 {
	all = append(all, &r.Reads, &r.Writes, &r.RowHits, &r.RowMisses, &r.RowConflicts, &r.Wait)
	for i := range r.Latency {
		all = append(all, &r.Latency[i])
	}
	return all
}

// sums are the numbers that are sums of others, but for traffic and what met DRAM.
func (c *Counts) sums() []sum {
	kinds, bits := sum{total: (*int64)(&c.Cycles)}, sum{total: &c.MACs}
	for i := range c.ByKind {
		kinds.parts = append(kinds.parts, (*int64)(&c.ByKind[i]))
	}
	for i := range c.MACsByBits {
		bits.parts = append(bits.parts, &c.MACsByBits[i])
	}
	of := func(total *int64, part func(*Operator) *int64) sum {
		s := sum{total: total}
		for i := range c.Operators {
			s.parts = append(s.parts, part(&c.Operators[i]))
		}
		return s
	}
	return []sum{kinds, bits,
		of((*int64)(&c.Cycles), func(o *Operator) *int64 { return (*int64)(&o.Cycles) }),
		of(&c.MACs, func(o *Operator) *int64 { return &o.MACs }),
		of(&c.PECycles, func(o *Operator) *int64 { return &o.PECycles }),
		of((*int64)(&c.ArrayBusy), func(o *Operator) *int64 { return (*int64)(&o.ArrayBusy) }),
		of((*int64)(&c.VectorBusy), func(o *Operator) *int64 { return (*int64)(&o.VectorBusy) }),
		of((*int64)(&c.Exchanged), func(o *Operator) *int64 { return (*int64)(&o.Exchanged) }),
		of((*int64)(&c.ArrayUnpack), func(o *Operator) *int64 { return (*int64)(&o.ArrayUnpack) }),
	}
}

// byRequester are the counts of the channels that are sums over classes of data and other agents.
func (c *Counts) byRequester() []sum {
	of := func(total *int64, part func(*Requester) *int64) sum {
		s := sum{total: total}
		for i := range c.DRAMBy {
			s.parts = append(s.parts, part(&c.DRAMBy[i]))
		}
		s.parts = append(s.parts, part(&c.Agents))
		return s
	}
	return []sum{
		of(&c.DRAM.Reads, func(r *Requester) *int64 { return &r.Reads }),
		of(&c.DRAM.Writes, func(r *Requester) *int64 { return &r.Writes }),
		of(&c.DRAM.RowHits, func(r *Requester) *int64 { return &r.RowHits }),
		of(&c.DRAM.RowMisses, func(r *Requester) *int64 { return &r.RowMisses }),
		of(&c.DRAM.RowConflicts, func(r *Requester) *int64 { return &r.RowConflicts }),
	}
}

package bench

import "time"

// Row is a product or a pass with all that follows from its time. What was not measured is left out.
type Row struct {
	Kind       string   `json:"kind"` // product or pass
	Name       string   `json:"name"`
	Out        int      `json:"out,omitzero"`
	In         int      `json:"in,omitzero"`
	Bits       int      `json:"weight_bits"`
	Context    int      `json:"context_tokens,omitzero"`
	Kernels    int      `json:"kernels,omitzero"`
	Target     string   `json:"ptx_target,omitzero"` // of a pass: before sm_90 no kernel begins early
	Bytes      int64    `json:"bytes"`
	Seconds    *float64 `json:"seconds,omitzero"`
	Bandwidth  *float64 `json:"bytes_per_second,omitzero"`
	OfCopy     *float64 `json:"of_copy,omitzero"`    // share of the copy's bandwidth
	OverHalf   *float64 `json:"over_fp16,omitzero"`  // speed-up
	OfCeiling  *float64 `json:"of_ceiling,omitzero"` // share of the lower ceiling; of a pass: of its floor
	Ceiling    string   `json:"ceiling,omitzero"`
	Throughput *float64 `json:"tokens_per_second,omitzero"`
}

// Machine is the GPU of a report with what it does at best.
type Machine struct {
	Kind     string   `json:"kind"` // gpu
	GPU      string   `json:"gpu"`
	Emulated bool     `json:"emulated"`
	Copy     *float64 `json:"copy_bytes_per_second,omitzero"`
	NodeGap  *float64 `json:"node_gap_seconds,omitzero"`
	Event    *float64 `json:"event_seconds,omitzero"`
	ClockHz  *float64 `json:"multiprocessor_clocks_per_second,omitzero"`
}

// Machine returns the GPU of the report.
func (r *Report) Machine() Machine {
	m := Machine{Kind: "gpu", GPU: r.Device.Name, Emulated: r.Device.Emulated()}
	if c := r.Ceilings; c != nil {
		gap, event := c.NodeGap.Seconds(), c.Event.Seconds()
		m.Copy, m.NodeGap, m.Event = &c.CopyBps, &gap, &event
		if c.ClockHz > 0 {
			m.ClockHz = &c.ClockHz
		}
	}
	return m
}

// product is the row of a product of the report.
func (r *Report) product(p *Product) Row {
	row := Row{Kind: "product", Name: p.Name, Out: p.Out, In: p.In, Bits: p.Bits, Bytes: p.Bytes}
	row.timed(r, p.Took, p.Bytes, r.Half(p))
	if p.Took != nil {
		floor, bound := r.Ceilings.Floor(p)
		row.share(floor, *p.Took)
		row.Ceiling = string(bound)
	}
	return row
}

// pass is the row of a pass of the report.
func (r *Report) pass(p *Pass) Row {
	row := Row{Kind: "pass", Name: p.Model, Bits: p.Bits, Context: p.Positions, Kernels: p.Nodes, Target: p.Target, Bytes: p.Bytes}
	row.timed(r, p.Took, p.Bytes, r.HalfPass(p))
	if p.Took != nil {
		row.share(p.Floor(r.Ceilings), *p.Took)
		tokens := 1 / p.Took.Seconds()
		row.Throughput = &tokens
	}
	return row
}

// timed fills in what follows from a time and from that of fp16; nil: not measured.
func (row *Row) timed(r *Report, took *time.Duration, bytes int64, half *time.Duration) {
	if took == nil {
		return
	}
	s := took.Seconds()
	rate := float64(bytes) / s
	share := rate / r.Ceilings.CopyBps
	row.Seconds, row.Bandwidth, row.OfCopy = &s, &rate, &share
	if half != nil {
		over := half.Seconds() / s
		row.OverHalf = &over
	}
}

func (row *Row) share(floor, took time.Duration) {
	share := floor.Seconds() / took.Seconds()
	row.OfCeiling = &share
}

package stream

import (
	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// Row is a result together with what was run: a line of JSON.
type Row struct {
	Standard   string  `json:"standard"`
	Channels   int     `json:"channels"`
	Mapping    string  `json:"mapping"`
	BankHash   bool    `json:"bank_hash"`
	Refresh    string  `json:"refresh"`
	Operation  string  `json:"operation,omitempty"`  // how the part is operated, unless as usual
	Scheduling string  `json:"scheduling,omitempty"` // of the controllers, unless as usual
	Stream     string  `json:"stream,omitempty"`
	Addresses  string  `json:"addresses,omitempty"`  // name of the trace that was run instead of a stream
	Background string  `json:"background,omitempty"` // what other agents asked for
	Cycles     int64   `json:"cycles"`
	Bytes      int64   `json:"bytes"`
	Seconds    float64 `json:"seconds"`
	Bandwidth  float64 `json:"bandwidth_bytes_per_second"`
	Efficiency float64 `json:"efficiency"` // share of the peak, 0 to 1
	Reads      int64   `json:"reads"`      // bursts, as all below
	Writes     int64   `json:"writes"`
	Masked     int64   `json:"masked_writes,omitempty"` // of writes, of part of a burst
	Hits       int64   `json:"row_hits"`
	Misses     int64   `json:"row_misses"`
	Conflicts  int64   `json:"row_conflicts"`
	Activates  int64   `json:"activates"`
	Precharges int64   `json:"precharges"`
	All        int64   `json:"precharges_all"`
	Auto       int64   `json:"auto_precharges,omitempty"` // column commands that closed their row
	Refreshes  int64   `json:"refreshes"`
	Syncs      int64   `json:"wck_syncs"`
	Turns      int64   `json:"turnarounds"`               // changes of direction of the data buses
	Latency    float64 `json:"mean_read_latency_seconds"` // from acceptance by a controller to the last datum
	Latencies  []int64 `json:"read_latency_histogram"`    // reads in less than 32 clocks, 64, 128, ...; the last: all others
	Energy     float64 `json:"energy_joules"`
	PerBit     float64 `json:"picojoules_per_bit"`
	Agents     *Agents `json:"other_agents,omitempty"` // of which the commands are in activates and all that is not of bursts
}

// Row returns the result of a stream on the channels that o describes.
func (r *Result) Row(o dram.Options, s Stream) Row {
	n, own := &r.Counts, &r.Access
	return Row{Background: BackgroundText(o.Background), Agents: r.OtherAgents(), Turns: n.Turnarounds, Latency: r.MeanLatency(), Latencies: r.Access.Latency[:], Energy: r.Joules(),
		PerBit:   r.PicojoulesPerBit(),
		Standard: o.Standard.Name, Channels: o.Channels, Mapping: o.Mapping, BankHash: o.BankHash, Refresh: o.Refresh.String(),
		Operation: o.Standard.Operation.String(), Scheduling: o.Scheduling.Text(), Auto: n.AutoPrecharges, Stream: s.String(), Cycles: r.Cycles, Bytes: int64(r.Bytes), Seconds: r.Seconds(), Bandwidth: r.Bandwidth(),
		Efficiency: r.Efficiency(), Reads: own.Reads, Writes: own.Writes, Masked: n.Masked, Hits: own.RowHits, Misses: own.RowMisses, Conflicts: own.RowConflicts,
		Activates: n.Activates, Precharges: n.Precharges, All: n.PrechargeAll, Refreshes: n.Refreshes, Syncs: n.Syncs}
}

// Joules returns the total of Energy.
func (r *Result) Joules() float64 {
	e := r.Energy()
	return e.Total().Joules()
}

// PicojoulesPerBit returns the energy per bit that was read or written.
func (r *Result) PicojoulesPerBit() float64 { return r.Joules() * 1e12 / float64(8*r.Bytes) }

// MeanLatency returns the mean latency of reads in seconds, from acceptance by a controller to the last datum; 0
// without reads.
func (r *Result) MeanLatency() float64 { return r.latency(&r.Access) }

func (r *Result) latency(a *stats.Requester) float64 {
	return float64(a.Wait) / float64(max(a.Reads, 1)) * r.standard.TCK.Seconds()
}

// CheckedRow is a golden stream together with our result: a line of JSON. One that was skipped has no result.
type CheckedRow struct {
	Row        string   `json:"row"`
	Reference  string   `json:"reference"`
	Config     string   `json:"reference_config"`
	Standard   string   `json:"standard"`
	Channels   int      `json:"channels"`
	Mapping    string   `json:"mapping"`
	Ranks      int      `json:"ranks"`
	BankHash   bool     `json:"bank_hash"`
	Refresh    string   `json:"refresh"`
	Stream     string   `json:"stream"`
	Rule       string   `json:"rule"`
	Verdict    string   `json:"verdict"`
	Reason     string   `json:"reason,omitempty"`
	Cycles     *int64   `json:"cycles,omitempty"`
	Theirs     *int64   `json:"reference_cycles,omitempty"`
	Efficiency *float64 `json:"efficiency,omitempty"`
	TheirShare float64  `json:"reference_efficiency"`
	Points     *float64 `json:"difference_points,omitempty"` // percent of the peak
}

// CheckedRows returns a line for each row.
func CheckedRows(rows []Checked) []CheckedRow {
	var items []CheckedRow
	for _, r := range rows {
		v := CheckedRow{Row: r.ID, Reference: r.Simulator, Config: r.Config, Standard: r.Standard, Channels: r.Channels, Mapping: r.Mapping,
			Ranks: r.Ranks, BankHash: r.BankHash, Refresh: r.Refresh.String(), Stream: r.Stream.String(), Rule: r.Rule.String(), Verdict: r.Verdict(),
			Reason: r.Reason, TheirShare: r.Percent / 100}
		if r.Cycles > 0 {
			v.Theirs = &r.Cycles
		}
		if r.Result != nil {
			efficiency, points := r.Result.Efficiency(), r.Points(r.Result)
			v.Cycles, v.Efficiency, v.Points = &r.Result.Cycles, &efficiency, &points
		}
		items = append(items, v)
	}
	return items
}

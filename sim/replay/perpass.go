package replay

import (
	"github.com/pmpdsim/pmpdsim/sim/replay/rows"
	"github.com/pmpdsim/pmpdsim/sim/result"
)

// rows are what each pass came to, prefill first where there is one.
func (r *run) rows() []rows.Row {
	averages := r.averages()
	var all []rows.Row
	for _, step := range r.steps {
		n := &r.counts[step]
		row := rows.Row{NPU: r.Config.Name, Model: r.Model.Name, Schedule: r.Schedule.String(), Batch: max(r.Batch, 1), Pass: step,
			Seconds: n.Cycles.Seconds(r.Config.Clock), Bytes: int64(n.DRAMBytes()), Joules: result.Joules(n, r.Config),
			BoundBy: result.BoundBy(n, r.Config), Exact: r.simulated[step]}
		if step == 0 {
			row.WeightBits = r.prefill.Average(r.Model)
		} else {
			row.Position, row.WeightBits = r.Prompt+step-1, averages[step-1]
		}
		if all := n.DRAM.Reads + n.DRAM.Writes; all > 0 {
			rate := float64(n.DRAM.RowHits) / float64(all)
			row.RowHits = &rate
		}
		all = append(all, row)
	}
	return all
}

package main

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/dram/stream"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/plots/views"
)

// background checks what other agents ask for against what the channels can give.
func (j *dramJob) background() error {
	b, s, n := j.options.Background.Bandwidth, j.options.Standard, j.options.Channels
	if b == 0 || !s.HasRefresh(j.options.Refresh) { // dram.New refuses the latter
		return nil
	}
	if least, most := s.BackgroundLimits(n, j.options.Refresh); b < least || b > most {
		return fmt.Errorf("--background: bandwidth=%v: out of range beside %d x %s; accepted: %v to %v, a quarter of the peak",
			b, n, s.Name, least, most)
	}
	return nil
}

// agents are the lines of a table about what other agents had of the DRAM; none if they had nothing.
func agents(r *stream.Result) [][2]string {
	a := r.OtherAgents()
	if a == nil {
		return nil
	}
	return [][2]string{
		{"", ""},
		{"agents", fmt.Sprintf("%s GB/s, %d bursts read, %d written", views.Gigabytes(a.Bandwidth), a.Reads, a.Writes)},
		{"row hits", fmt.Sprintf("%d (%.1f %%)", a.Hits, 100*float64(a.Hits)/float64(a.Reads+a.Writes))},
		{"latency", plots.Time.Text(a.Latency) + " mean of their reads"},
		{"energy", plots.Energy.Text(a.Joules) + " of their bursts and activates, in no total above"},
	}
}

package controller

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// Options say how a controller decides what its standard leaves open. The zero value is all-bank refresh, on time, and
// the usual scheduling.
type Options struct {
	Refresh   spec.Refresh
	Postponed int // refreshes of each rank, or bank, that may wait for requests: at most Standard.MaxPostponed

	Masks bool // writes of part of a burst are masked writes, with gaps of their own; else they are like those of whole bursts

	spec.Scheduling
}

// Validate returns an error if the standard, or a controller, cannot have these options.
func (o *Options) Validate(s *spec.Standard) error {
	switch {
	case o.Refresh > spec.NoRefresh:
		return fmt.Errorf("dram: refresh policy %d is not known", o.Refresh)
	case !s.HasRefresh(o.Refresh):
		return fmt.Errorf("DRAM standard %q %s", s.Name, s.WithoutRefresh(o.Refresh))
	case o.Postponed < 0 || o.Postponed > s.MaxPostponed:
		return fmt.Errorf("DRAM standard %q: %d postponed refreshes; accepted: 0 to %d", s.Name, o.Postponed, s.MaxPostponed)
	}
	for _, f := range o.Faults() {
		return fmt.Errorf("dram: %s: %w", f.Key, f.Err)
	}
	return nil
}

// marks are the sizes of the queues, and the watermarks of the write queue, in bursts.
type marks struct {
	size  int64
	above int64 // writes go first when there are more
	below int64 // reads go again when there are fewer writes
}

func marksOf(o spec.Scheduling, f spec.Family) marks {
	r := o.Resolved(f)
	n := int64(r.Queue)
	return marks{n, n * int64(r.WriteHigh) / 100, (n*int64(r.WriteLow) + 99) / 100}
}

package replay

import (
	"context"
	"errors"
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu"
	"github.com/pmpdsim/pmpdsim/npu/dram/commands"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// errCut ends the simulation of a step whose recorder takes nothing more.
var errCut = errors.New("replay: the recorder is full")

// Commands simulates a step of a prepared job, 0 for prefill and n for the nth decode pass, and records the commands of
// its DRAM, clock by clock: slower than Run, and the same. It ends when the recorder takes nothing more; the counts are
// then zero. Progress is told how many of the step's transfers are complete; it may be nil.
func Commands(ctx context.Context, p *Prepared, step int, r *commands.Recorder, progress func(done, total int64)) (stats.Counts, error) {
	if step < 0 || step > p.Passes() {
		return stats.Counts{}, fmt.Errorf("pass %d of %d tokens; accepted: 0, which is prefill, to %d", step, p.Generated, p.Passes())
	}
	program, err := p.run([]int{step}).program(step)
	if err != nil {
		return stats.Counts{}, err
	}
	m, err := new(npu.MachineSet).NewRecorded(p.Config, r)
	if err != nil {
		return stats.Counts{}, err
	}
	m.Watch(func(transfers int64) error {
		if progress != nil {
			progress(transfers, program.Transfers())
		}
		if r.Cut() {
			return errCut
		}
		return ctx.Err()
	})
	counts, err := m.Run(program)
	if err != nil && !errors.Is(err, errCut) {
		return stats.Counts{}, err
	}
	return counts, r.Err()
}

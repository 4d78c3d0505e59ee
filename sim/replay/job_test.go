package replay

import (
	"context"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// job is a task of the paper's on a preset.
func job(t testing.TB, npu, model, task, schedule string) Job {
	t.Helper()
	c, err := config.Preset(npu)
	if err != nil {
		t.Fatal(err)
	}
	m, err := workloads.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	w, err := workloads.LookupTask(task)
	if err != nil {
		t.Fatal(err)
	}
	s, err := precision.Parse(schedule)
	if err != nil {
		t.Fatal(err)
	}
	return Job{Config: c, Model: m, Task: task, Prompt: w.Prompt, Generated: w.Gen(m), Schedule: s}
}

// runJobs prepares jobs and runs them.
func runJobs(ctx context.Context, jobs []Job, o Options) ([]*result.Result, error) {
	prepared, err := PrepareAll(jobs)
	if err != nil {
		return nil, err
	}
	return Run(ctx, prepared, o)
}

package replay

import (
	"context"
	"math/rand"
	"reflect"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

func TestMachinesThatAreKeptChangeNothing(t *testing.T) {
	simtest.OneGoroutine(t)
	var kept MachinePool
	for _, schedule := range []string{"fp16", "static:4>3"} {
		j := job(t, "edge-lpddr5", "qwen2.5-0.5b", "iwslt", schedule)
		j.Prompt, j.Generated = 4, 4
		fresh, err := runJobs(t.Context(), []Job{j}, Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		machine := func() *npu.Machine {
			if kept.workers == nil {
				return nil
			}
			return kept.workers[0].machines[j.Config.Fingerprint()]
		}
		before := machine()
		again, err := runJobs(t.Context(), []Job{j}, Options{Workers: 1, Machines: &kept})
		if err != nil || !reflect.DeepEqual(fresh, again) {
			t.Errorf("%s on a machine that is kept: %+v (%v), want %+v", schedule, again, err, fresh)
		}
		if before != nil && before != machine() {
			t.Error("the machine was built again")
		}
	}
	t.Run("those of other NPUs are forgotten, and all after a fault", func(t *testing.T) {
		j := job(t, "pmpd-paper", "qwen2.5-0.5b", "iwslt", "fp16")
		j.Prompt, j.Generated = 4, 4
		if _, err := runJobs(t.Context(), []Job{j}, Options{Workers: 1, Machines: &kept}); err != nil || len(kept.workers[0].machines) != 1 {
			t.Errorf("%d machines, %v", len(kept.workers[0].machines), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := runJobs(ctx, []Job{j}, Options{Workers: 1, Machines: &kept}); err == nil || kept.workers != nil {
			t.Errorf("after a fault: %v, %v", kept.workers, err)
		}
	})
}

// TestMachinesWithEqualDRAMShareWhatTheyLearn runs jobs on arrays and clocks of several kinds before two memories, in
// random orders, on machines that are kept.
func TestMachinesWithEqualDRAMShareWhatTheyLearn(t *testing.T) {
	simtest.OneGoroutine(t)
	var jobs []Job
	var want []*result.Result
	for _, set := range [][]string{{}, {"array.rows=32"}, {"array.cols=96", "clock=700MHz"}, {"dram.channels=2", "dram.mapping=co2,bg1,ch1,bg1,ba2,co4,ro16"},
		{"dram.refresh=none"}, {"scratchpad.size=2MiB"}} {
		j := job(t, "edge-lpddr5", "qwen2.5-0.5b", "iwslt", "static:4>3@1")
		j.Prompt, j.Generated = 2, 3
		c := *j.Config
		if err := c.Set(set); err != nil {
			t.Fatal(err)
		}
		j.Config = &c
		alone, err := runJobs(t.Context(), []Job{j}, Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		jobs, want = append(jobs, j), append(want, alone[0])
	}
	var kept MachinePool
	r := rand.New(rand.NewSource(1))
	for range 2 {
		for _, i := range r.Perm(len(jobs)) {
			got, err := runJobs(t.Context(), jobs[i:i+1], Options{Workers: 1, Machines: &kept})
			if err != nil || !reflect.DeepEqual(got[0], want[i]) {
				t.Errorf("job %d: %+v (%v), alone %+v", i, got, err, want[i])
			}
		}
	}
}

package replay

import (
	"context"
	"reflect"
	"testing"
)

func TestMachinesThatAreKeptChangeNothing(t *testing.T) {
	var kept Machines
	for _, schedule := range []string{"fp16", "static:4>3"} {
		j := job(t, "edge-lpddr5", "qwen2.5-0.5b", "iwslt", schedule)
		j.Prompt, j.Generated = 4, 4
		fresh, err := Run(t.Context(), []Job{j}, Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		before := kept.workers
		again, err := Run(t.Context(), []Job{j}, Options{Workers: 1, Machines: &kept})
		if err != nil || !reflect.DeepEqual(fresh, again) {
			t.Errorf("%s on a machine that is kept: %+v (%v), want %+v", schedule, again, err, fresh)
		}
		if before != nil && before[0][j.Config.Fingerprint()] != kept.workers[0][j.Config.Fingerprint()] {
			t.Error("the machine was built again")
		}
	}
	t.Run("those of other NPUs are forgotten, and all after a fault", func(t *testing.T) {
		j := job(t, "pmpd-paper", "qwen2.5-0.5b", "iwslt", "fp16")
		j.Prompt, j.Generated = 4, 4
		if _, err := Run(t.Context(), []Job{j}, Options{Workers: 1, Machines: &kept}); err != nil || len(kept.workers[0]) != 1 {
			t.Errorf("%d machines, %v", len(kept.workers[0]), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Run(ctx, []Job{j}, Options{Workers: 1, Machines: &kept}); err == nil || kept.workers != nil {
			t.Errorf("after a fault: %v, %v", kept.workers, err)
		}
	})
}

package result

import (
	"encoding/json"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/plan"
)

func TestMemoryIsReadAsItIsWritten(t *testing.T) {
	want := Memory{Footprint: plan.Footprint{Planes: 1, Codebooks: 2, FP16: 3, KV: 4, Activations: 5}, Total: 15, Capacity: 16}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Memory
	if err := json.Unmarshal(data, &got); err != nil || got != want {
		t.Errorf("%s is read as %+v (%v)", data, got, err)
	}
}

package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/plan"
)

func TestChoiceIsReadAsItIsWritten(t *testing.T) {
	want := plan.Choice{Operator: "q_proj", M: 1, N: 2, K: 3, Bits: 4, Held: "weights", Split: "rows", TileRows: 5, TileTokens: 6,
		Tiles: 7, TileBytes: 3 << 10, HeldBytes: 1 << 20, Compute: 0.5, Memory: 0.25, Estimate: 0.75, Considered: 8, Next: "another"}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), `"tile_bytes":3072,"held_bytes":1048576`) {
		t.Errorf("sizes are not numbers of bytes: %s", data)
	}
	var got plan.Choice
	if err := json.Unmarshal(data, &got); err != nil || got != want {
		t.Errorf("%s is read as %+v (%v)", data, got, err)
	}
}

func TestTotalIsTheSumOfAllParts(t *testing.T) {
	f := plan.Footprint{Planes: 1, Codebooks: 20, FP16: 300, KV: 4000, Activations: 50000}
	if f.Total() != 54321 {
		t.Errorf("%d bytes", int64(f.Total()))
	}
}

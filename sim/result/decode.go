package result

import (
	"encoding/json"

	"github.com/pmpdsim/pmpdsim/npu/plan"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// UnmarshalJSON reads what MarshalJSON writes: bytes as numbers.
func (m *Memory) UnmarshalJSON(data []byte) error {
	var n struct {
		Planes, Codebooks, FP16, KV, Activations, Total, Capacity int64
	}
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	*m = Memory{
		Footprint: plan.Footprint{Planes: unit.Bytes(n.Planes), Codebooks: unit.Bytes(n.Codebooks),
			FP16: unit.Bytes(n.FP16), KV: unit.Bytes(n.KV), Activations: unit.Bytes(n.Activations)},
		Total: unit.Bytes(n.Total), Capacity: unit.Bytes(n.Capacity),
	}
	return nil
}

//go:build cuda

package cuda

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// TestPartsCountAsMemory: k of layer 1 in fp16, 128 rows of 256, beside q and v of 256 and 128 rows at 3 bits, with planes and codebooks.
func TestPartsCountAsMemory(t *testing.T) {
	m := gputest.Model(t, "llama").Model
	at := precision.Assign(m, func(layer int, matrix string) int {
		if layer == 1 && matrix == "k_proj" {
			return 16
		}
		return 3
	})
	ops := gpu.Ops(m)
	parts := partsApart(ops, []precision.Assignment{precision.Uniform(16), at, precision.Uniform(3), at})
	const want = 2*128*256 + 384*256*3/8 + 2*384*8
	if got := parts.memory(ops); got != want || len(parts) != 1 {
		t.Errorf("%d bytes for %d matrices, want %d for 1", got, len(parts), want)
	}
}

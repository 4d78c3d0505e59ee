package layouts

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestWalks(t *testing.T) {
	const all = 8 * unit.MiB
	for _, c := range []struct {
		name     string
		channels int
		layout   config.Weights
		planes   []int // the last is read
		want     isa.Pattern
	}{
		{"packed weights are one stream", 1, config.Weights{Layout: config.Packed}, []int{4, 2}, isa.Contiguous(0, all)},
		{"interleaved planes that are not read are skipped", 1, config.Weights{Layout: config.Interleaved, Chunk: unit.KiB}, []int{4, 2},
			isa.Pattern{Turn: unit.KiB, Planes: 2, PlaneStride: unit.KiB, Outer: 4096, OuterStride: 4 * unit.KiB}},
		{"plane-major regions are a power of two apart", 1, config.Weights{Layout: config.PlaneMajor, Chunk: unit.KiB}, []int{4, 3},
			isa.Pattern{Turn: unit.KiB, Planes: 3, PlaneStride: 4 * unit.MiB, Outer: 2730, OuterStride: unit.KiB}},
		{"regions that fill a power of two are that far apart", 1, config.Weights{Layout: config.PlaneMajor, Chunk: unit.KiB}, []int{4},
			isa.Pattern{Turn: unit.KiB, Planes: 4, PlaneStride: 2 * unit.MiB, Outer: 2048, OuterStride: unit.KiB}},
		{"a skew moves them on", 1, config.Weights{Layout: config.PlaneMajor, Chunk: unit.KiB, Skew: 8 * unit.KiB}, []int{2},
			isa.Pattern{Turn: unit.KiB, Planes: 2, PlaneStride: 4*unit.MiB + 8*unit.KiB, Outer: 4096, OuterStride: unit.KiB}},
		{"a turn puts a chunk on every channel", 4, config.Weights{Layout: config.PlaneMajor, Chunk: unit.KiB}, []int{2},
			isa.Pattern{Turn: 4 * unit.KiB, Planes: 2, PlaneStride: 4 * unit.MiB, Outer: 1024, OuterStride: 4 * unit.KiB}},
		{"small chunks lie side by side on a channel", 4, config.Weights{Layout: config.PlaneMajor, Chunk: 64}, []int{2},
			isa.Pattern{Turn: 64, Planes: 2, PlaneStride: 4 * unit.MiB, Outer: 65536, OuterStride: 64}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Spec{Channels: c.channels, Planes: c.planes, Bytes: all}
			got := s.Walk(c.layout, c.planes[len(c.planes)-1], 256*unit.Bytes(c.channels))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

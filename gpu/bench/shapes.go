package bench

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

// Shapes lists the different products of models, in the order of a decode pass.
func Shapes(models []*weights.Model) []Shape {
	var all []Shape
	seen := map[Shape]bool{}
	for _, m := range models {
		for _, op := range gpu.Ops(m.Model) {
			s := Shape{Out: op.Out, In: op.In, Half: op.Place == gpu.PlaceHead}
			if op.Kind != gpu.Product || seen[s] {
				continue
			}
			seen[s] = true
			s.Name = fmt.Sprintf("%s %s", m.Name, op.Place)
			all = append(all, s)
		}
	}
	return all
}

// passBytes is what a decode pass reads and writes with so many positions in the cache before it.
func passBytes(m *weights.Model, bits, positions int) (bytes int64) {
	for _, op := range gpu.Table(m.Model, gpu.Launches(m.Model), []int{bits}, nil).Ops {
		bytes += op.WeightBytes[bits] + op.LUTBytes[bits]
		for _, more := range []*int64{op.InBytes, op.OutBytes} {
			if more != nil {
				bytes += *more
			}
		}
		if op.KVBytesPerPos != nil {
			bytes += *op.KVBytesPerPos * int64(positions+1)
		}
	}
	return bytes
}

package gpu

import (
	"fmt"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Part is a matrix of the model within the matrix of a product: so many of its rows.
type Part struct {
	Name string
	Rows int
}

// RowBits returns the bits of each row of a product's matrix.
func (o *Op) RowBits(at precision.Assignment) []int {
	bits := make([]int, 0, o.Out)
	for _, p := range o.Parts {
		b := at.At(o.Layer, p.Name)
		for range p.Rows {
			bits = append(bits, b)
		}
	}
	return bits
}

// Bits returns the bits of a product's matrix where all of it has the same. An engine that reads the matrix as one can
// compute nothing else.
func (o *Op) Bits(at precision.Assignment) (int, error) {
	bits := at.At(o.Layer, o.Parts[0].Name)
	for _, p := range o.Parts[1:] {
		if b := at.At(o.Layer, p.Name); b != bits {
			var names []string
			for _, p := range o.Parts {
				names = append(names, p.Name)
			}
			return 0, fmt.Errorf("layer %d: %s at %d bits and %s at %d, which are one matrix on a GPU; accepted: the same bits for %s, or the CPU "+
				"(--backend cpu)", o.Layer, o.Parts[0].Name, bits, p.Name, b, strings.Join(names, ", "))
		}
	}
	return bits, nil
}

// Fused returns an error if an assignment gives parts of one product different bits.
func Fused(m *workloads.Model, at precision.Assignment) error {
	if at.IsUniform() {
		return nil
	}
	all := Ops(m)
	for i := range all {
		if all[i].Kind == Product && all[i].Place != PlaceHead {
			if _, err := all[i].Bits(at); err != nil {
				return err
			}
		}
	}
	return nil
}

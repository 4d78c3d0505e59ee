package gpu

import (
	"fmt"
	"strings"

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

// Bits returns the bits of a product's matrix where all of it has the same: an engine can read it as one.
func (o *Op) Bits(at precision.Assignment) (int, error) {
	bits := at.At(o.Layer, o.Parts[0].Name)
	for _, p := range o.Parts[1:] {
		if b := at.At(o.Layer, p.Name); b != bits {
			var names []string
			for _, p := range o.Parts {
				names = append(names, p.Name)
			}
			return 0, fmt.Errorf("layer %d: %s at %d bits and %s at %d, which are one matrix; accepted: the same bits for %s", o.Layer, o.Parts[0].Name, bits, p.Name, b, strings.Join(names, ", "))
		}
	}
	return bits, nil
}

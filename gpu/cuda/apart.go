//go:build cuda

package cuda

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// place is the matrix of a product.
type place struct {
	layer int
	at    gpu.Place
}

// apart says which matrices have parts of different bits under some assignment, and are uploaded in parts, too: the rows of each, from
// top to bottom, and the bits at which it is read.
type apart map[place][]partOf

type partOf struct {
	rows int
	bits []int // ascending
}

// partsApart finds them.
func partsApart(ops []gpu.Op, all []precision.Assignment) apart {
	a := apart{}
	for _, at := range all {
		if at.IsUniform() {
			continue
		}
		for _, op := range ops {
			if op.Kind != gpu.Product || op.Place == gpu.PlaceHead {
				continue
			}
			if _, mixed := op.Bits(at); mixed != nil {
				a.add(op, at)
			}
		}
	}
	return a
}

func (a apart) add(op gpu.Op, at precision.Assignment) {
	where := place{op.Layer, op.Place}
	if a[where] == nil {
		a[where] = make([]partOf, len(op.Parts))
	}
	for i, p := range op.Parts {
		part := &a[where][i]
		part.rows = p.Rows
		part.bits = append(part.bits, at.At(op.Layer, p.Name))
		slices.Sort(part.bits)
		part.bits = slices.Compact(part.bits)
	}
}

// memory is what the parts take besides the whole matrices.
func (a apart) memory(ops []gpu.Op) (bytes int64) {
	for _, op := range ops {
		for _, p := range a[place{op.Layer, op.Place}] {
			weights, widest := int64(p.rows)*int64(op.In), 0
			for _, bits := range p.bits {
				if bits == half {
					bytes += 2 * weights
					continue
				}
				bytes += 2 * int64(p.rows) << bits
				widest = bits
			}
			bytes += weights / 8 * int64(widest)
		}
	}
	return bytes
}

const half = weights.Half

// eachPart calls each with the matrices of a product that have one width, and the rows above them: the whole, or its parts.
func eachPart(op gpu.Op, w *matrix, at precision.Assignment, each func(w *matrix, bits, above int) error) error {
	bits, mixed := op.Bits(at)
	if mixed == nil {
		return each(w, bits, 0)
	}
	above := 0
	for i, p := range op.Parts {
		if err := each(&w.parts[i], at.At(op.Layer, p.Name), above); err != nil {
			return err
		}
		above += p.Rows
	}
	return nil
}

// holds returns an error if an assignment gives parts of a product different bits, and they were not uploaded so.
func (b *backend) holds(at precision.Assignment) error {
	if at.IsUniform() {
		return nil
	}
	for _, op := range b.ops {
		if op.Kind != gpu.Product || op.Place == gpu.PlaceHead {
			continue
		}
		_, mixed := op.Bits(at)
		if mixed == nil {
			continue
		}
		w, _, _ := b.operands(op)
		for i, p := range op.Parts {
			if w.parts == nil || !w.parts[i].has(at.At(op.Layer, p.Name)) {
				return mixed
			}
		}
	}
	return nil
}

// has reports whether a matrix is on the device at so many bits.
func (m *matrix) has(bits int) bool {
	if bits == half {
		return m.half != 0
	}
	return m.tables[bits] != 0
}

// expanded returns the matrix of a product as fp16, as it is or in the scratch matrix.
func (b *backend) expanded(op gpu.Op, w *matrix, at precision.Assignment) (driver.Pointer, error) {
	if bits, mixed := op.Bits(at); mixed == nil && bits == half {
		return w.half, nil
	}
	err := eachPart(op, w, at, func(w *matrix, bits, above int) error {
		to := b.buffers.expanded + driver.Pointer(driver.Bytes[uint16](above*w.in))
		if bits == half {
			return driver.Copy(to, w.half, driver.Bytes[uint16](w.out*w.in), b.stream)
		}
		return b.expand(w, bits, to)
	})
	return b.buffers.expanded, err
}

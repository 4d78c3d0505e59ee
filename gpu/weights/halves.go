package weights

import (
	"encoding/binary"

	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// halves returns the values of a tensor as binary16.
func halves(t *safetensors.Tensor) ([]uint16, error) {
	const accepted = "finite ones up to 65504, the largest of binary16"
	out := make([]uint16, t.Len())
	err := split(len(out), 1<<12, func(from, to int) error {
		if t.Type != safetensors.F16 {
			return t.Floats(from, to, func(at int, values []float32) error {
				if bad := roundHalves(out[at:], values); bad >= 0 {
					return t.Refuse(at+bad, values[bad], accepted)
				}
				return nil
			})
		}
		return t.Pieces(from, to, func(at int, raw []byte) error {
			if bad := copyHalves(out[at:at+len(raw)/2], raw); bad >= 0 {
				return t.Refuse(at+bad, float16.Frombits(out[at+bad]).Float32(), accepted)
			}
			return nil
		})
	})
	return out, err
}

// copyHalves returns the place of the first value that is not finite, or -1.
func copyHalves(out []uint16, data []byte) int {
	for i := range out {
		out[i] = binary.LittleEndian.Uint16(data[2*i:])
		if out[i]&0x7c00 == 0x7c00 {
			return i
		}
	}
	return -1
}

// roundHalves rounds wider values, and returns the place of the first that is not finite as binary16, or -1.
func roundHalves(out []uint16, values []float32) int {
	for i, v := range values {
		out[i] = float16.Fromfloat32(v).Bits()
		if out[i]&0x7c00 == 0x7c00 {
			return i
		}
	}
	return -1
}

package weights

import (
	"encoding/binary"

	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// halves returns the values of a tensor as binary16.
func halves(t *safetensors.Tensor) ([]uint16, error) {
	out := make([]uint16, t.Len())
	err := split(len(out), 1<<12, func(from, to int) error {
		bad := -1
		if t.Type == safetensors.F16 {
			bad = copyHalves(out[from:to], t.Data[2*from:])
		} else {
			bad = roundHalves(out[from:to], t, from)
		}
		if bad >= 0 {
			return t.Refuse(from+bad, "finite ones up to 65504, the largest of binary16")
		}
		return nil
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
func roundHalves(out []uint16, t *safetensors.Tensor, from int) int {
	for i := range out {
		out[i] = float16.Fromfloat32(t.At(from + i)).Bits()
		if out[i]&0x7c00 == 0x7c00 {
			return i
		}
	}
	return -1
}

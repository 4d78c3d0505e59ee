package cpu

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// Need returns the bytes that a model takes here: its weights as fp16 and as all planes with their codebooks, which are held
// whatever the schedule; for each sequence of so many positions the caches in fp32, the keys a second time where channels have scales,
// and the table of rotations; and the activations of a prefill of all of them. What the runtime takes besides is a tenth more.
func Need(m *weights.Model, positions, sequences int, cache formats.Cache) int64 {
	widths := []int{weights.Half}
	for n := weights.MinBits; n <= weights.Planes; n++ {
		widths = append(widths, n)
	}
	const float = 4
	row := int64(3*m.Hidden+2*m.Heads*m.HeadDim+2*m.KVWidth()) + int64(m.FFN)*3
	perPosition := float * (int64(m.Layers)*int64(m.CacheWidth()) + int64(m.RotaryDim))
	if cache.Keys.Channels {
		perPosition += float * int64(m.Layers) * int64(m.KVWidth())
	}
	bytes := m.Memory(widths...) + int64(positions)*(int64(sequences)*perPosition+float*row)
	return bytes + bytes/10
}

// keepable returns the bytes that operands may take besides, which are made for speed: a quarter of what is left, or 1 GiB where
// that is not known. Matrices that do not fit as fp32 are kept as binary16, and what does not fit either is unpacked in every pass.
func keepable() int64 {
	if left := available(); left >= 0 {
		return left / 4
	}
	return 1 << 30
}

// Fits returns an error if a model needs more memory than this machine, or the part of it that the program may use, has
// left. Where that is not known, it returns nil.
func Fits(m *weights.Model, positions, sequences int, cache formats.Cache) error {
	return fits(m, positions, sequences, cache, available())
}

func fits(m *weights.Model, positions, sequences int, cache formats.Cache, left int64) error {
	need := Need(m, positions, sequences, cache)
	if left < 0 || need <= left {
		return nil
	}
	return fmt.Errorf("%s: %s of memory are needed for %d positions on the CPU, and %s are left; accepted: a smaller model, fewer tokens, "+
		"or a machine with more memory", m.Name, rounded(need), positions, rounded(left))
}

// rounded is a number of bytes as a person would say it.
func rounded(n int64) string {
	switch {
	case n >= 10<<30:
		return (unit.Bytes(n) / (1 << 30) * (1 << 30)).String()
	case n >= 1<<20:
		return (unit.Bytes(n) / (1 << 20) * (1 << 20)).String()
	}
	return unit.Bytes(n).String()
}

package unit_test

import (
	"encoding"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// quantity is a type with a text form that is exact.
type quantity[T any] interface {
	*T
	encoding.TextUnmarshaler
}

// kept fails if what was read from a text is not what its own text says.
func kept[T interface {
	comparable
	String() string
}, P quantity[T]](t *testing.T, text string) {
	var v, again T
	if err := P(&v).UnmarshalText([]byte(text)); err != nil {
		return
	}
	if err := P(&again).UnmarshalText([]byte(v.String())); err != nil || again != v {
		t.Errorf("%q is read as %v, whose text is read as %v: %v", text, v, again, err)
	}
}

func FuzzQuantities(f *testing.F) {
	for _, text := range []string{"256KiB", "1.25ns", "34.1GB/s", "1.2GHz", "1.5nJ", "47.5mW", "95C", "-1B", "9223372036854775807B", "1e308TB/s", "0.0000001fs",
		"1e1000000000B", "", "0x10B"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		simtest.Budget(t, func() {
			kept[unit.Bytes](t, text)
			kept[unit.Hertz](t, text)
			kept[unit.BytesPerSecond](t, text)
			kept[unit.Femtoseconds](t, text)
			kept[unit.Picojoules](t, text)
			kept[unit.Microwatts](t, text)
			kept[unit.Celsius](t, text)
		})
	})
}

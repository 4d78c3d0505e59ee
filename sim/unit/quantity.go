package unit

import (
	"encoding"
	"strconv"
)

// Quantity reads a whole number, or bytes, hertz or bytes per second, so that 1GiB is more than 512MiB.
func Quantity(text string) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	var bytes Bytes
	var hertz Hertz
	var rate BytesPerSecond
	for _, x := range []struct {
		to    encoding.TextUnmarshaler
		value func() int64
	}{{&bytes, func() int64 { return int64(bytes) }}, {&hertz, func() int64 { return int64(hertz) }}, {&rate, func() int64 { return int64(rate) }}} {
		if x.to.UnmarshalText([]byte(text)) == nil {
			return x.value(), true
		}
	}
	return 0, false
}

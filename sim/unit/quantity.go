package unit

import (
	"encoding"
	"strconv"
	"strings"
)

// Measure is a quantity as a number of its base units.
type Measure struct {
	Value int64
	Of    string // the base unit: B, Hz, B/s, fs, C, %, Mb; empty for a whole number
}

// Quantity reads a whole number, or bytes, hertz, bytes per second, a time, a temperature, a share or a density in bits
// ("16Gb"), so that 1GiB is more than 512MiB. ok is false for any other text.
func Quantity(text string) (m Measure, ok bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return Measure{Value: n}, true
	}
	var bytes Bytes
	var hertz Hertz
	var rate BytesPerSecond
	var time Femtoseconds
	var heat Celsius
	var share Percent
	for _, x := range []struct {
		of    string
		to    encoding.TextUnmarshaler
		value func() int64
	}{
		{"B", &bytes, func() int64 { return int64(bytes) }},
		{"Hz", &hertz, func() int64 { return int64(hertz) }},
		{"B/s", &rate, func() int64 { return int64(rate) }},
		{"fs", &time, func() int64 { return int64(time) }},
		{"C", &heat, func() int64 { return int64(heat) }},
		{"%", &share, func() int64 { return int64(share) }},
	} {
		if x.to.UnmarshalText([]byte(text)) == nil {
			return Measure{x.value(), x.of}, true
		}
	}
	return density(text)
}

// density reads "16Gb" or "512Mb" as Mb, of which a Gb has 1024 as in data sheets.
func density(text string) (Measure, bool) {
	const most = 1 << 20 // of Gb, and more than any die has
	for suffix, mb := range map[string]int64{"Gb": 1024, "Mb": 1} {
		number, cut := strings.CutSuffix(text, suffix)
		if n, err := strconv.ParseUint(number, 10, 64); cut && err == nil && n <= most {
			return Measure{int64(n) * mb, "Mb"}, true
		}
	}
	return Measure{}, false
}

package stream

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// Limits of a stream.
const (
	minUnit    = 32
	maxUnit    = 4096
	maxPlanes  = 4096
	maxTraffic = 1 << 50
)

var streamKeys = []string{"bytes", "unit", "planes", "chunk", "skew", "pattern", "write", "masked"}

// Parse reads "bytes=16MiB,unit=64,planes=4,chunk=1024,skew=0,pattern=sequential,write=10%". Only bytes is required.
// Errors name the key and what is accepted.
func Parse(text string) (Stream, error) {
	s := Stream{Unit: 64, Planes: 1}
	given := map[string]string{}
	for _, word := range strings.Split(text, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(word), "=")
		switch {
		case !ok:
			return s, fmt.Errorf("%q is no key=value; accepted: %s", word, strings.Join(streamKeys, ", "))
		case !slices.Contains(streamKeys, key):
			return s, fmt.Errorf("%s=%s: unknown key; %s", key, value, suggest.Accepted(key, streamKeys))
		}
		if _, twice := given[key]; twice {
			return s, fmt.Errorf("%s=%s: given twice; accepted: once", key, value)
		}
		given[key] = value
		if err := s.set(key, value); err != nil {
			return s, fmt.Errorf("%s=%s: %w", key, value, err)
		}
	}
	if _, ok := given["bytes"]; !ok {
		return s, errors.New("bytes is missing; accepted: the traffic of the stream, such as bytes=16MiB")
	}
	if _, ok := given["chunk"]; !ok {
		s.Chunk = s.Unit
	}
	if given["pattern"] == "seqw" && s.Write == 0 {
		return s, fmt.Errorf("pattern=seqw: without writes; accepted: write=10%% or the like beside it, or pattern=sequential")
	}
	return s, s.check(given)
}

// set reads one value.
func (s *Stream) set(key, value string) (err error) {
	switch key {
	case "bytes":
		s.Bytes, err = parseSize(value)
	case "unit":
		s.Unit, err = parseSize(value)
	case "chunk":
		s.Chunk, err = parseSize(value)
	case "skew":
		s.Skew, err = parseSize(value)
	case "planes":
		s.Planes, err = strconv.Atoi(value)
		if err != nil || s.Planes < 1 || s.Planes > maxPlanes {
			return fmt.Errorf("not a number of regions; accepted: 1 to %d", maxPlanes)
		}
	case "write":
		s.Write, err = ParsePercent(value)
	case "masked":
		s.Masked, err = ParsePercent(value)
	case "pattern":
		switch value {
		case "sequential", "seq", "multi", "seqw":
		case "random", "rand":
			s.Random = true
		default:
			return fmt.Errorf("unknown pattern; accepted: sequential (seq, multi, seqw), random (rand)")
		}
	}
	return err
}

// parseSize reads bytes, with or without a unit.
func parseSize(text string) (n unit.Bytes, err error) {
	if plain, e := strconv.ParseInt(text, 10, 64); e == nil {
		n = unit.Bytes(plain)
	} else if err = n.UnmarshalText([]byte(text)); err != nil {
		return 0, fmt.Errorf("not a size; accepted: a number of bytes, such as 16777216 or 16MiB")
	}
	if n < 0 || n > maxTraffic {
		return 0, fmt.Errorf("not a possible size; accepted: 0 to %v", unit.Bytes(maxTraffic))
	}
	return n, nil
}

// ParsePercent reads "10%" or "10". It accepts whole percents from 0 to 100.
func ParsePercent(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(text, "%"))
	if err != nil || n < 0 || n > 100 {
		return 0, fmt.Errorf("not a share of the units; accepted: 0%% to 100%%, whole")
	}
	return n, nil
}

// check returns an error if s is not a stream. given holds the texts of the keys that were parsed, for the error.
func (s *Stream) check(given map[string]string) error {
	fail := func(key string, value any, format string, a ...any) error {
		if text, ok := given[key]; ok {
			value = text
		}
		return fmt.Errorf("%s=%v: %s", key, value, fmt.Sprintf(format, a...))
	}
	switch {
	case s.Unit < minUnit || s.Unit > maxUnit || s.Unit&(s.Unit-1) != 0:
		return fail("unit", int64(s.Unit), "not a size of units; accepted: %d to %d, a power of two", minUnit, maxUnit)
	case s.Bytes <= 0 || s.Bytes%s.Unit != 0:
		return fail("bytes", int64(s.Bytes), "not a whole number of units; accepted: a multiple of %d", s.Unit)
	case s.Planes < 1 || s.Planes > maxPlanes:
		return fail("planes", s.Planes, "not a number of regions; accepted: 1 to %d", maxPlanes)
	case s.Random && s.Planes > 1:
		return fail("planes", s.Planes, "random addresses have no regions; accepted: 1, or pattern=sequential")
	case s.Random && s.Chunk != s.Unit:
		return fail("chunk", int64(s.Chunk), "random addresses come in units; accepted: %d, or pattern=sequential", s.Unit)
	case s.Random && s.Skew != 0:
		return fail("skew", int64(s.Skew), "random addresses have no regions; accepted: 0, or pattern=sequential")
	case s.Chunk <= 0 || s.Chunk%s.Unit != 0:
		return fail("chunk", int64(s.Chunk), "not a whole number of units; accepted: a multiple of %d", s.Unit)
	case s.Skew < 0:
		return fail("skew", int64(s.Skew), "negative; accepted: 0 or more")
	case s.Write < 0 || s.Write > 100:
		return fail("write", s.Write, "not a share of the units; accepted: 0%% to 100%%, whole")
	case s.Masked < 0 || s.Masked > 100:
		return fail("masked", s.Masked, "not a share of the writes; accepted: 0%% to 100%%, whole")
	case s.Masked > 0 && s.Write == 0:
		return fail("masked", s.Masked, "without writes; accepted: 0%%, or write=10%% or the like beside it")
	}
	return nil
}

// Fits returns an error if s is not a stream, or if its units are smaller than a burst of the standard.
func (s *Stream) Fits(std *spec.Standard) error {
	if err := s.check(nil); err != nil {
		return err
	}
	if s.Unit < std.Burst {
		return fmt.Errorf("unit=%d: smaller than a burst of %s, %d bytes; accepted: %d to %d, a power of two", int64(s.Unit), std.Name,
			int64(std.Burst), int64(std.Burst), maxUnit)
	}
	if s.Masked > 0 && !std.HasMaskedWrites() {
		return fmt.Errorf("masked=%d%%: %s writes part of a burst as it writes a whole one; accepted: 0%%, or LPDDR or DDR5", s.Masked, std.Name)
	}
	return nil
}

// String writes what Parse reads.
func (s Stream) String() string {
	text := fmt.Sprintf("bytes=%d,unit=%d", int64(s.Bytes), int64(s.Unit))
	if s.Random {
		text += ",pattern=random"
	} else {
		text += fmt.Sprintf(",planes=%d,chunk=%d,skew=%d", s.Planes, int64(s.Chunk), int64(s.Skew))
	}
	if s.Write > 0 {
		text += fmt.Sprintf(",write=%d%%", s.Write)
	}
	if s.Masked > 0 {
		text += fmt.Sprintf(",masked=%d%%", s.Masked)
	}
	return text
}

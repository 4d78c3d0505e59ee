package stream

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestStreamsAreReadAsWritten(t *testing.T) {
	for _, c := range []struct {
		text string
		want Stream
		full string
	}{
		{"bytes=16777216,unit=64,planes=4,chunk=1024,skew=0", Stream{Bytes: 16 * unit.MiB, Unit: 64, Planes: 4, Chunk: 1024},
			"bytes=16777216,unit=64,planes=4,chunk=1024,skew=0"},
		{"bytes=16MiB", Stream{Bytes: 16 * unit.MiB, Unit: 64, Planes: 1, Chunk: 64}, "bytes=16777216,unit=64,planes=1,chunk=64,skew=0"},
		{"bytes=4MiB, unit=128, pattern=rand", Stream{Bytes: 4 * unit.MiB, Unit: 128, Planes: 1, Chunk: 128, Random: true},
			"bytes=4194304,unit=128,pattern=random"},
		{"bytes=4kB,unit=32,pattern=seqw,write=10%", Stream{Bytes: 4000, Unit: 32, Planes: 1, Chunk: 32, Write: 10},
			"bytes=4000,unit=32,planes=1,chunk=32,skew=0,write=10%"},
		{"bytes=8192,pattern=multi,planes=3,skew=8KiB", Stream{Bytes: 8192, Unit: 64, Planes: 3, Chunk: 64, Skew: 8192},
			"bytes=8192,unit=64,planes=3,chunk=64,skew=8192"},
	} {
		for _, text := range []string{c.text, c.full} {
			s, err := Parse(text)
			if err != nil || s != c.want || s.String() != c.full {
				t.Errorf("%s: %+v (%s), %v", text, s, s, err)
			}
		}
	}
}

func TestStreamsThatMeanNothingAreRefused(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", `"" is no key=value; accepted: bytes, unit, planes, chunk, skew, pattern, write, masked`},
		{"unit=64", "bytes is missing; accepted: the traffic of the stream, such as bytes=16MiB"},
		{"bytes=1MiB,streams=4", "streams=4: unknown key; accepted: bytes, unit, planes, chunk, skew, pattern, write, masked"},
		{"bytes=1MiB,bytes=2MiB", "bytes=2MiB: given twice; accepted: once"},
		{"bytes=many", "bytes=many: not a size; accepted: a number of bytes, such as 16777216 or 16MiB"},
		{"bytes=-64", "bytes=-64: not a possible size; accepted: 0 to 1024TiB"},
		{"bytes=0", "bytes=0: not a whole number of units; accepted: a multiple of 64"},
		{"bytes=1000", "bytes=1000: not a whole number of units; accepted: a multiple of 64"},
		{"bytes=1MiB,unit=48", "unit=48: not a size of units; accepted: 32 to 4096, a power of two"},
		{"bytes=1MiB,unit=8KiB", "unit=8KiB: not a size of units; accepted: 32 to 4096, a power of two"},
		{"bytes=1MiB,planes=0", "planes=0: not a number of regions; accepted: 1 to 4096"},
		{"bytes=1MiB,planes=two", "planes=two: not a number of regions; accepted: 1 to 4096"},
		{"bytes=1MiB,planes=4,chunk=100", "chunk=100: not a whole number of units; accepted: a multiple of 64"},
		{"bytes=1MiB,planes=4,chunk=0", "chunk=0: not a whole number of units; accepted: a multiple of 64"},
		{"bytes=1MiB,pattern=zigzag", "pattern=zigzag: unknown pattern; accepted: sequential (seq, multi, seqw), random (rand)"},
		{"bytes=1MiB,pattern=seqw", "pattern=seqw: without writes; accepted: write=10% or the like beside it, or pattern=sequential"},
		{"bytes=1MiB,pattern=rand,planes=2", "planes=2: random addresses have no regions; accepted: 1, or pattern=sequential"},
		{"bytes=1MiB,pattern=rand,chunk=128", "chunk=128: random addresses come in units; accepted: 64, or pattern=sequential"},
		{"bytes=1MiB,pattern=rand,skew=64", "skew=64: random addresses have no regions; accepted: 0, or pattern=sequential"},
		{"bytes=1MiB,write=101%", "write=101%: not a share of the units; accepted: 0% to 100%, whole"},
		{"bytes=1MiB,write=0.1", "write=0.1: not a share of the units; accepted: 0% to 100%, whole"},
	} {
		_, err := Parse(c.text)
		simtest.WantError(t, err, c.want)
	}
	s, err := Parse("bytes=1MiB,unit=32")
	if err != nil {
		t.Fatal(err)
	}
	simtest.WantError(t, s.Fits(spec.MustLookup("ddr4-3200")), "unit=32: smaller than a burst of ddr4-3200, 64 bytes; accepted: 64 to 4096, a power of two")
	if err := s.Fits(spec.MustLookup("lpddr5-6400")); err != nil {
		t.Error(err)
	}
}

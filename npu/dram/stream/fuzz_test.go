package stream_test

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/stream"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

func FuzzStream(f *testing.F) {
	for _, text := range []string{"bytes=16MiB,unit=64,planes=4,chunk=1024,skew=0,pattern=sequential,write=10%", "bytes=1125899906842624,unit=0", "bytes=1,planes=99",
		"bytes=-1", "bandwidth=4GB/s,pattern=random,write=30%", "bandwidth=0B/s", "bytes=16MiB,write=101%", "bytes=16MiB,write=10%,masked=50%", "=,=", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		simtest.Budget(t, func() {
			s, err := stream.Parse(text)
			if err == nil && (s.Bytes <= 0 || s.Unit <= 0 || s.Planes < 1 || s.Chunk <= 0 || s.Skew < 0 || s.Write < 0 || s.Write > 100 || s.Masked < 0 || s.Masked > 100) {
				t.Errorf("%q is read as %+v", text, s)
			}
			b, err := stream.ParseBackground(text)
			if err == nil {
				if again, err := stream.ParseBackground(stream.BackgroundText(b)); err != nil || again != b || b.Bandwidth <= 0 || b.Write < 0 || b.Write > 100 {
					t.Errorf("%q is read as %+v, and that as %+v, error %v", text, b, again, err)
				}
			}
			if n, err := stream.ParsePercent(text); err == nil && (n < 0 || n > 100) {
				t.Errorf("%q is read as %d percent", text, n)
			}
		})
	})
}

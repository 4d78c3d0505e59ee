package stream

import (
	"fmt"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// BenchmarkStreams steps the streams that Ramulator's and DRAMsim3's speeds were measured on (golden/README.md of this
// package has the definition), and replays the first one from a cold memo.
func BenchmarkStreams(b *testing.B) {
	for _, c := range []struct{ name, standard, mapping, stream string }{
		{"LPDDR5 sequential", "lpddr5-6400", "co1,bg2,co5,ba2,ro16", "bytes=64MiB"},
		{"LPDDR5 4 planes 64 B", "lpddr5-6400", "co1,bg2,co5,ba2,ro16", "bytes=16MiB,planes=4"},
		{"LPDDR5 random", "lpddr5-6400", "co1,bg2,co5,ba2,ro16", "bytes=4MiB,pattern=random"},
		{"DDR4 sequential", "ddr4-3200", "bg2,co7,ba2,ro16", "bytes=64MiB"},
		{"LPDDR4X sequential", "lpddr4x-4266", "co2,ba3,co4,ro16", "bytes=64MiB"},
		{"HBM2 sequential", "hbm2-2000", "co1,ra1,bg2,co4,ba2,ro16", "bytes=64MiB"},
		{"HBM3 sequential", "hbm3-6400", "co1,ra1,bg2,co4,ba2,si1,ro13", "bytes=64MiB"},
	} {
		for _, exact := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/exact=%v", c.name, exact), func(b *testing.B) {
				std, err := spec.Lookup(c.standard)
				if err != nil {
					b.Fatal(err)
				}
				s, err := Parse(c.stream)
				if err != nil {
					b.Fatal(err)
				}
				start := simtest.CPUTime(b)
				for b.Loop() {
					o := dram.Options{Standard: std, Channels: 1, Mapping: c.mapping, Exact: exact}
					if _, err := Run(b.Context(), o, s, nil); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(s.Bytes/std.Burst)*float64(b.N)/(simtest.CPUTime(b)-start).Seconds()/1e6, "Mbursts/cpu-s")
			})
		}
	}
}

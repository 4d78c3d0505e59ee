package stream_test

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/dram/stream"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

func FuzzAddresses(f *testing.F) {
	for _, text := range []string{"LD 0x1040\nST 64\n", "31: read 0x1040\n32:\twrite\tff", "0: (64) read 0", "1099511627776: (65536) write 3ffffffff",
		"# none\n\n", "R 0,1,2", ": :", "0:", "5: (", "LD 0x\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		simtest.Budget(t, func() {
			for _, s := range []*spec.Standard{spec.MustLookup("lpddr5-6400"), spec.MustLookup("hbm3-6400")} {
				lines := files.NewLines("a", strings.NewReader(text), files.Addresses)
				a, err := stream.ReadAddresses("a", lines, s, 1)
				if err == nil && (a.Bursts() < 1 || a.Reads+a.Writes > a.Bursts() || a.Last < 0) {
					t.Errorf("%q is read as %+v", text, a)
				}
				if err != nil && !strings.Contains(err.Error(), "; accepted: ") {
					t.Errorf("%q: %v", text, err)
				}
			}
		})
	})
}

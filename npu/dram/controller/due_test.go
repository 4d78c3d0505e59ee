package controller

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// TestSnapshotsTellBanksDueApart: two channels that differ only in the bank that is due do different things next.
func TestSnapshotsTellBanksDueApart(t *testing.T) {
	for _, name := range []string{"lpddr5-6400", "hbm2-2000", "hbm3-6400"} {
		shot := func(next int64) string {
			c, err := New(spec.MustLookup(name), Options{Refresh: spec.PerBank})
			if err != nil {
				t.Fatal(err)
			}
			c.View().NextUnit = next
			switch c := c.(type) {
			case *singleBus:
				c.dues = 1
			case *hbmController:
				c.dues = 1
			}
			var k Codec
			k.Begin(0, &RowCoder{})
			c.Snapshot(&k)
			return string(k.Bytes)
		}
		if shot(2) == shot(4) {
			t.Errorf("%s: the snapshots are equal", name)
		}
	}
}

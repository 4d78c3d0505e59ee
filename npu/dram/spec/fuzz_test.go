package spec_test

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

func FuzzMapping(f *testing.F) {
	for _, text := range []string{"co2,bg1,ch2,bg1,ba2,co4,ro16", "ro16,ba2,bg2,co6,ch2", "co99999999999", "co2,,ro", "ra1,ps1,bg2"} {
		f.Add(text, uint8(0), 4, false)
		f.Add(text, uint8(3), 1, true)
	}
	f.Fuzz(func(t *testing.T, text string, standard uint8, channels int, hash bool) {
		simtest.Budget(t, func() {
			all := spec.All()
			m, err := spec.ParseMapping(text, all[int(standard)%len(all)], channels, hash)
			if err != nil {
				return
			}
			if again, err := spec.ParseMapping(m.String(), all[int(standard)%len(all)], channels, hash); err != nil || again.String() != m.String() {
				t.Errorf("%q is read as %v, whose text is read as %v: %v", text, m, again, err)
			}
		})
	})
}

func FuzzRefresh(f *testing.F) {
	for _, text := range []string{"all-bank", "per-bank", "none", "", "ALL-BANK"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		simtest.Budget(t, func() {
			var r spec.Refresh
			if r.UnmarshalText([]byte(text)) == nil && r.String() != text {
				t.Errorf("%q is read as %v", text, r)
			}
		})
	})
}

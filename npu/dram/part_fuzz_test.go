package dram

import (
	"math/rand"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// FuzzPartsRun: whatever part is accepted can be simulated, and the fast path equals stepping on it.
func FuzzPartsRun(f *testing.F) {
	for i, text := range []string{"base: lpddr5-6400\ndata_rate: 5500MT/s\ndensity: 32Gb\ntiming: {tRCD: 21ns, tCL: 15}\n", "base: hbm3e\ntCK: 0.25ns\n",
		"base: ddr5-6400\npage: 256B\nrows: 2\n", "base: ddr4-3200\nbank_groups: 1\nbanks: 1\nwidth: 4\ntiming: {tBL: 64, tBL_max: 64, tCCD_S: 64, tCCD_L: 64, tCCD_S_WR: 64, tCCD_L_WR: 64}\n",
		"base: lpddr4x-3200\ntiming: {tREFI: 1000ns, tREFIpb: 125ns, tRFC: 900ns, tRFCpb: 100ns, tpbR2pbR: 90ns}\n",
		"base: hbm2-2000\nwidth: 256\ntiming: {tBL: 1, tBL_max: 1, tCCD_S: 1, tCCD_S_WR: 1}\n", "base: hbm3-6400\nburst: 16B\npage: 64B\ntiming: {tBL: 2}\n",
		"base: lpddr5-3200\ntiming: {tFAW: 4, tWCKPST: 30, tAAD: 20}\n", "base: lpddr5-6400\nrefresh_banks: 4\ntiming: {tREFIpb: 781}\n"} {
		f.Add([]byte(text), int64(i))
	}
	f.Fuzz(func(t *testing.T, text []byte, seed int64) {
		simtest.Budget(t, func() {
			part, err := spec.ParsePart("fuzz.yaml", text)
			if err != nil {
				return
			}
			r := rand.New(rand.NewSource(seed))
			s := part.Standard(0)
			o := Options{Standard: s, Channels: 1 + r.Intn(2)}
			o.Refresh = s.Refreshes()[r.Intn(len(s.Refreshes()))]
			if s.Timing.TREFI > 1<<16 || s.Timing.TBL > 256 { // a refresh, or a burst, takes too long to step to
				return
			}
			if _, err := New(o); err != nil {
				return // an organisation that the default mapping does not fit
			}
			p := newPair(t, o)
			var clock int64
			for range 4 {
				p.submit(Transfer{Release: clock, Write: r.Intn(3) == 0, Walk: isa.Contiguous(0, s.Burst*64)})
				clock += r.Int63n(1000)
			}
			p.finish(clock + 2*s.Timing.TREFI)
		})
	})
}

package dram

import (
	"math/rand"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// TestPartialWritesAreToldApart lets write walks follow one another that differ only in whether their first and last
// bursts are whole: states before them must not be taken for equal.
func TestPartialWritesAreToldApart(t *testing.T) {
	for _, name := range []string{"lpddr5-6400", "ddr5-6400", "lpddr4x-4266"} {
		p := newPair(t, Options{Standard: spec.MustLookup(name), Channels: 1, Control: Control{Masks: true}})
		granule := unit.Bytes(p.fast.mapping.Granule())
		r := rand.New(rand.NewSource(1))
		for range 60 {
			at := unit.Bytes(0)
			for id := range int64(6) {
				n := granule * unit.Bytes(1+r.Intn(3))
				head, tail := 16*unit.Bytes(r.Intn(2)), 16*unit.Bytes(r.Intn(2))
				p.submit(Transfer{ID: id, Write: true, Walk: isa.Contiguous(at+head, n-head-tail)})
				at += n
			}
			p.finish(p.fast.Accepted() + 5000)
			p.reset()
		}
	}
}

// TestMaskedWritesAreCountedAndBounded: rows of 64 B of which all but 48 are written, in one bank, wait for tCCDMW or
// tCCD_L_WR between their bursts; without masks they are as whole ones.
func TestMaskedWritesAreCountedAndBounded(t *testing.T) {
	for name, least := range map[string]func(*spec.Timing) int64{
		"lpddr5-6400":  func(tm *spec.Timing) int64 { return tm.TCCDMW },
		"lpddr4x-4266": func(tm *spec.Timing) int64 { return tm.TCCDMW },
		"ddr5-6400":    func(tm *spec.Timing) int64 { return tm.TCCDLM },
	} {
		const turns = 32
		clocks := func(masks bool, wanted unit.Bytes) (int64, int64) {
			s := mustNew(t, Options{Channels: 1, Mapping: oneBank[name], Control: Control{Refresh: spec.NoRefresh, Masks: masks}}, name)
			burst := s.options.Standard.Burst
			s.Submit(Transfer{Write: true, Walk: isa.Pattern{Turn: wanted, Planes: 1, Outer: turns, OuterStride: burst}})
			done := s.Settle()
			s.Finish(done[len(done)-1].Clock)
			return done[len(done)-1].Clock, s.Counts().Masked
		}
		tm := spec.MustLookup(name).Timing
		whole, none := clocks(true, spec.MustLookup(name).Burst)
		plain, unmasked := clocks(false, 16)
		masked, n := clocks(true, 16)
		if none != 0 || unmasked != 0 || n != turns {
			t.Errorf("%s: %d, %d, %d masked writes; want 0, 0, %d", name, none, unmasked, n, turns)
		}
		if plain != whole {
			t.Errorf("%s: partial writes take %d clocks without masks, whole ones %d", name, plain, whole)
		}
		gap := least(&tm)
		if tm.TWCKPST > 0 {
			gap++ // WCK has stopped, and a CAS starts it again
		}
		bound := whole + (turns-1)*(gap-tm.TCCDLW)
		if masked < bound || masked > bound+2 {
			t.Errorf("%s: masked writes take %d clocks, want %d: %d for each after the first", name, masked, bound, least(&tm))
		}
	}
}

// oneBank are mappings of the standards on which a row is at consecutive addresses.
var oneBank = map[string]string{"lpddr5-6400": "co6,bg2,ba2,ro16", "lpddr4x-4266": "co6,ba3,ro16", "ddr5-6400": "co6,bg3,ba2,ro16"}

package controller

import (
	"math/rand/v2"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// TestMaskedWritesKeepTheirGaps: under random writes no masked one comes one clock too early after a write of its bank
// (LPDDR: tCCDMW) or bank group (DDR5: tCCD_L_WR), and some comes at the first legal clock.
func TestMaskedWritesKeepTheirGaps(t *testing.T) {
	for _, s := range append(spec.All(), organised(t)...) {
		if s.Family != spec.SingleBus || !s.HasMaskedWrites() {
			continue
		}
		for _, masks := range []bool{true, false} {
			bank, group := leastMasked(s, masks)
			switch tm := &s.Timing; {
			case masks && tm.TCCDMW > 0 && bank != tm.TCCDMW:
				t.Errorf("%s: masked writes come %d clocks after one of their bank at the earliest; want %d", s.Name, bank, tm.TCCDMW)
			case masks && tm.TCCDLM > 0 && group != tm.TCCDLM:
				t.Errorf("%s: masked writes come %d clocks after one of their group at the earliest; want %d", s.Name, group, tm.TCCDLM)
			case !masks && min(bank, group) != tm.TCCDLW:
				t.Errorf("%s: without masks they come after %d clocks; want %d", s.Name, min(bank, group), tm.TCCDLW)
			}
		}
	}
}

// leastMasked returns the least clocks from a write to a write of part of a burst in the same bank, and in the same group.
func leastMasked(s *spec.Standard, masks bool) (bank, group int64) {
	c := newSingleBus(s, Options{Masks: masks})
	r := rand.New(rand.NewPCG(5, 6))
	banks := s.Ranks * s.Groups * s.Banks
	bank, group = Never, Never
	partial := map[uint32]bool{} // by tag
	last := make([]int64, banks)
	for i := range last {
		last[i] = LongAgo
	}
	c.Trace = func(cmd Command, n int, clock int64) {
		if cmd != cmdWR {
			return
		}
		if partial[c.For.Tag] {
			bank = min(bank, clock-last[n])
			for o := n / s.Banks * s.Banks; o < (n/s.Banks+1)*s.Banks; o++ {
				group = min(group, clock-last[o])
			}
		}
		last[n] = clock
	}
	for tag := range uint32(60_000) {
		n := r.IntN(banks)
		if tag/4000%2 == 0 {
			n = n % 8 * s.Banks % banks // few banks
		}
		p := spec.Place{Row: int64(r.IntN(2)), Bank: uint8(n), Group: uint8(n / s.Banks)}
		if masked := r.IntN(3) == 0; masked && c.OfferMasked(p, tag) || !masked && c.Offer(p, true, tag) {
			partial[tag] = masked
		}
		for range 1 + r.IntN(1+int(tag/1000%4)*3) { // dense or with pauses
			c.Tick()
		}
	}
	return bank, group
}

package dram

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// TestNextIsTheBeginningOfSettle: Next returns the first of the completions that Settle returns.
func TestNextIsTheBeginningOfSettle(t *testing.T) {
	for seed := range uint64(36) {
		r := rand.New(rand.NewPCG(seed, 3))
		queues := 1 + r.IntN(4)
		s := mustNew(t, Options{Channels: 2, Queues: queues, Exact: seed%4 == 0}, []string{"lpddr5-6400", "hbm3-6400", "lpddr4x-4266"}[seed%3])
		release := int64(0)
		for id := range int64(10) {
			release += r.Int64N([]int64{30, 3000}[r.IntN(2)])
			base := unit.Bytes(r.Int64N(1<<18)) * 64
			w := isa.Contiguous(base, unit.Bytes(1+r.Int64N([]int64{4, 60, 600}[r.IntN(3)]))*64)
			s.Submit(Transfer{ID: id, Walk: w, Write: r.IntN(2) == 0, Queue: r.IntN(queues), Release: release})
			before := s.Accepted()
			for _, horizon := range []int64{firstHorizon, 1, 1 + r.Int64N(100)} { // a write may complete before a read that is found first
				next := slices.Clone(s.next(horizon))
				all := s.Settle()
				if len(all) > 0 && len(next) == 0 || len(next) > len(all) || !slices.Equal(next, all[:len(next)]) {
					t.Fatalf("seed %d, %d transfers, horizon %d: next %v, all %v", seed, id+1, horizon, next, all)
				}
			}
			if s.Accepted() != before {
				t.Fatalf("seed %d: Next has moved the channels", seed)
			}
		}
	}
}

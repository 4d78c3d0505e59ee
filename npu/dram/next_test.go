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
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 3))
		queues := 1 + r.IntN(4)
		s := mustNew(t, Options{Channels: 2, Queues: queues, Exact: seed%4 == 0}, "lpddr5-6400")
		release := int64(0)
		for id := range int64(10) {
			release += r.Int64N(3000)
			base := unit.Bytes(r.Int64N(1<<18)) * 64
			w := isa.Contiguous(base, unit.Bytes(1+r.Int64N(600))*64)
			s.Submit(Transfer{ID: id, Walk: w, Write: r.IntN(5) == 0, Queue: r.IntN(queues), Release: release})
			before := s.Accepted()
			next := slices.Clone(s.Next())
			all := s.Settle()
			if len(all) > 0 && len(next) == 0 || len(next) > len(all) || !slices.Equal(next, all[:len(next)]) {
				t.Fatalf("seed %d, %d transfers: next %v, all %v", seed, id+1, next, all)
			}
			if s.Accepted() != before {
				t.Fatalf("seed %d: Next has moved the channels", seed)
			}
		}
	}
}

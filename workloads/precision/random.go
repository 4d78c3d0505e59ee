package precision

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

func random() row {
	return row{
		KindInfo: KindInfo{Kind: KindRandom, Syntax: "random:A>B[,l=N][,seed=N][,p=W/X/Y/Z]", Example: "random:4-3,seed=7",
			Description: "0, l/3, 2(l/3) or l passes at A bits, drawn once with shares p"},
		form: pair, options: []option{horizon(), seed(), prior()},
		start: func(s Schedule, gen int, e Evidence) (scheduler, error) { return s.draw(gen, e), nil },
	}
}

// draw is PMPD's random scheduler (random_scheduler.py): the same candidates, drawn once. PMPD does not seed the draw;
// here the seed is the schedule's, and the draw its SHA-256, which stays the same on every machine and in every
// version.
func (s Schedule) draw(gen int, e Evidence) *following {
	shares := s.Prior
	if len(shares) == 0 {
		shares = []float64{1, 1, 1, 1}
	}
	total := 0.0
	for _, p := range shares {
		total += p
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "pmpdsim random %d", s.Seed))
	u := float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53) * total
	class := 0
	for u >= shares[class] && class < len(shares)-1 {
		u -= shares[class]
		class++
	}
	for shares[class] == 0 { // rounding went past the last share
		class--
	}
	all := Candidates(s.horizon(gen, e))
	return &following{high: all[class], why: fmt.Sprintf("drawn from %s with seed %d", join(all, " "), s.Seed)}
}

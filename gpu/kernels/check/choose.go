//go:build cuda

package check

import (
	"fmt"
	"math"

	"github.com/pmpdsim/pmpdsim/gpu/kernels"
)

// chosen is a slot of the stats.
type chosen struct {
	token                                int
	most, second, logSum, entropy, pmost float64
}

// choice is what choose should find, in float64. NaNs are not looked at.
func choice(logits []float64) chosen {
	c := chosen{token: -1, second: math.Inf(-1)}
	for i, v := range logits {
		switch {
		case c.token < 0 || v > c.most:
			if c.token >= 0 {
				c.second = c.most
			}
			c.token, c.most = i, v
		case v > c.second:
			c.second = v
		}
	}
	var z, zx float64
	for _, v := range logits {
		if d := v - c.most; !math.IsInf(d, -1) {
			z += math.Exp(d)
			zx += math.Exp(d) * d
		}
	}
	c.logSum, c.entropy, c.pmost = c.most+math.Log(z), math.Log(z)-zx/z, 1/z
	return c
}

var chooseTakesTheLargestAndMovesOn = Check{
	Name: "choose", run: func(t reporter, r *rig) {
		const slots = 3
		stats, parts := poison[float32](r, slots*kernels.StatsWords), poison[float32](r, kernels.ChooseParts)
		state := put(r, []uint32{9, 100, 0, 0})
		position := 100
		for step, n := range []int{2, 320, 5003, 32000, 151936} { // more steps than slots: they are used in turn
			logits := normal(source(uint64(n)), n, -3, 3)
			logits[n/2] = half(math.Inf(-1))
			advance := 1 + step%2*7
			r.run(kernels.Choose(), stats, state, put(r, logits), parts, n, slots, advance)
			position += advance
			want := choice(wides(logits))
			slot := get[float32](r, stats, slots*kernels.StatsWords)[step%slots*kernels.StatsWords:]
			if got := math.Float32bits(slot[0]); int(got) != want.token {
				t.Errorf("%d logits: token %d, want %d", n, got, want.token)
			}
			close1(t, fmt.Sprintf("largest of %d", n), slot[1], want.most, 0)
			if n > 2 {
				close1(t, fmt.Sprintf("second of %d", n), slot[2], want.second, 0)
			}
			close1(t, fmt.Sprintf("logsumexp of %d", n), slot[3], want.logSum, 2e-6)
			close1(t, fmt.Sprintf("entropy of %d", n), slot[4], want.entropy, 1e-5)
			close1(t, fmt.Sprintf("p_max of %d", n), slot[5], want.pmost, 2e-6)
			if got := get[uint32](r, state, kernels.StateWords); got[0] != uint32(want.token) || int(got[1]) != position || int(got[2]) != step+1 || got[3] != 0 {
				t.Errorf("%d logits: state %v, want [%d %d %d 0]", n, got, want.token, position, step+1)
			}
		}
	},
}

// Equal logits: the first wins. A NaN never wins, and shows in the sums. Nothing but NaNs: a token that exists.
var chooseOfEqualsAndNaNs = Check{
	Name: "choose-ties", run: func(t reporter, r *rig) {
		nan := func(n int, at ...int) []uint16 {
			l := normal(source(4), n, -5, 1)
			for _, i := range at {
				l[i] = 0x7e00
			}
			return l
		}
		equal := nan(40000)
		for _, i := range []int{39999, 20001, 333, 16717} {
			equal[i] = half(8)
		}
		all := make([]uint16, 700)
		for i := range all {
			all[i] = 0x7e00
		}
		withNaN := nan(5000, 0, 256, 4999)
		withNaN[77] = half(3)
		for _, c := range []struct {
			name   string
			logits []uint16
			token  int
			nan    bool
		}{{"equals", equal, 333, false}, {"NaNs", withNaN, 77, true}, {"only NaNs", all, 0, true}} {
			stats := poison[float32](r, kernels.StatsWords)
			r.run(kernels.Choose(), stats, put(r, make([]uint32, kernels.StateWords)), put(r, c.logits), poison[float32](r, kernels.ChooseParts), len(c.logits), 1, 1)
			got := get[float32](r, stats, kernels.StatsWords)
			if token := int(math.Float32bits(got[0])); token != c.token {
				t.Errorf("%s: token %d, want %d", c.name, token, c.token)
			}
			for i := 3; i <= 5; i++ {
				if math.IsNaN(float64(got[i])) != c.nan {
					t.Errorf("%s: word %d is %v", c.name, i, got[i])
				}
			}
			if c.name == "equals" && (got[1] != 8 || got[2] != 8) {
				t.Errorf("equals: largest %v and second %v, want 8 and 8", got[1], got[2])
			}
		}
	},
}

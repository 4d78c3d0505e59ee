package gpu

import (
	"math"
	"strings"
	"testing"
)

// TestTokensAreDrawnByTheirProbabilities: shares of 100,000 draws are the softmax over the temperature, within five standard deviations.
func TestTokensAreDrawnByTheirProbabilities(t *testing.T) {
	logits := []float32{1, -3, 2.5, 0, 2.5}
	for _, temperature := range []float64{0.25, 1, 4} {
		scaled := make([]float32, len(logits))
		for i, l := range logits {
			scaled[i] = l / float32(temperature)
		}
		want := LogSoftmax(scaled, nil)
		d, counts := newDraws(temperature, 7, []int{1, 2}), make([]float64, len(logits))
		const n = 100_000
		for range n {
			d.next()
			counts[d.token(logits)]++
		}
		for i, c := range counts {
			p := math.Exp(want[i])
			if got := c / n; math.Abs(got-p) > 5*math.Sqrt(p*(1-p)/n) {
				t.Errorf("temperature %v: token %d was drawn %v of the time, want %v", temperature, i, got, p)
			}
		}
	}
}

// TestEqualDraws: seed and prompt decide the numbers, and a number decides the token.
func TestEqualDraws(t *testing.T) {
	numbers := func(seed int64, prompt ...int) (all [4]float64) {
		d := newDraws(1, seed, prompt)
		for i := range all {
			d.next()
			all[i] = d.at
			if first := d.token([]float32{0, 1}); d.token([]float32{0, 1}) != first {
				t.Error("a number draws two tokens of one distribution")
			}
		}
		return all
	}
	one := numbers(1, 5, 6)
	if one != numbers(1, 5, 6) || one == numbers(2, 5, 6) || one == numbers(1, 6, 5) {
		t.Error("the numbers do not depend on seed and prompt, or on more")
	}
	if newDraws(0, 1, nil) != nil {
		t.Error("tokens are drawn at a temperature of 0")
	}
	d := newDraws(1e-3, 1, nil)
	for range 100 {
		if d.next(); d.token([]float32{1, 2, 1.5}) != 1 {
			t.Fatal("at a low temperature another token than the most likely one was drawn")
		}
	}
	d.at = 1 // more than the weights hold by rounding
	if got := d.token([]float32{-1000, 2, 1}); got != 1 && got != 2 {
		t.Errorf("what roundings leave is token %d", got)
	}
	for _, bad := range []float64{-1, math.NaN(), math.Inf(1), 100.5} {
		if err := CheckTemperature(bad); err == nil || !strings.Contains(err.Error(), "accepted: 0") {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

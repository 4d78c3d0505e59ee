package gpu

import "math"

// Greedy is the most likely token of logits and how sure that is, in float64.
func Greedy(logits []float32) Pass {
	best, most, second := 0, math.Inf(-1), math.Inf(-1)
	for i, l := range logits {
		switch v := float64(l); {
		case v > most:
			best, most, second = i, v, most
		case v > second:
			second = v
		}
	}
	sum, weighted := 0.0, 0.0
	for _, l := range logits {
		v := float64(l) - most
		e := math.Exp(v)
		sum += e
		weighted += e * v
	}
	p := Pass{Token: best, PMax: 1 / sum, Entropy: max(0, math.Log(sum)-weighted/sum), LogP: min(0, -math.Log(sum))}
	if len(logits) > 1 {
		p.Margin = most - second
	}
	return p
}

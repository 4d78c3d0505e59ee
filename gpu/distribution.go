package gpu

import "math"

// LogSoftmax returns the natural logarithm of the softmax. It uses the memory of into, if that is enough.
func LogSoftmax(logits []float32, into []float64) []float64 {
	most := float32(math.Inf(-1))
	for _, l := range logits {
		most = max(most, l)
	}
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l) - float64(most))
	}
	if cap(into) < len(logits) {
		into = make([]float64, len(logits))
	}
	into = into[:len(logits)]
	shift := float64(most) + math.Log(sum)
	for i, l := range logits {
		into[i] = float64(l) - shift
	}
	return into
}

// KL returns the divergence of q from p in nats, KL(p ‖ q) = Σ p ln(p/q), of two distributions as logarithms. Sums of what is
// equal round to less than 0, which no divergence is.
func KL(p, q []float64) float64 {
	kl := 0.0
	for i, lp := range p {
		kl += math.Exp(lp) * (lp - q[i])
	}
	return max(kl, 0)
}

package gpu

import (
	"math"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// reference is a second sequence at fp16 that is fed the tokens of the first: what it says of a pass is not confounded
// by tokens that differed before.
type reference struct {
	of Sequence

	steps, agreed int
	nll           float64
}

// prefill fills the cache; its choice of the first token is dropped.
func (r *reference) prefill(prompt []int) error {
	_, err := r.of.Prefill(prompt, precision.Uniform(weights.Half))
	return err
}

// compare runs the pass that read token again, at fp16, and holds the logits of the pass itself against it.
func (r *reference) compare(token int, chosen int, logits []float32) (*traces.Reference, error) {
	pass, err := r.of.Decode(token, precision.Uniform(weights.Half))
	if err != nil {
		return nil, err
	}
	state, err := r.of.State(Want{Logits: true})
	if err != nil {
		return nil, err
	}
	p, q := distribution(state.Logits), distribution(logits)
	kl := 0.0
	for i, lp := range p {
		kl += math.Exp(lp) * (lp - q[i])
	}
	logp := min(p[chosen], 0)
	r.steps++
	r.nll -= logp
	if pass.Token == chosen {
		r.agreed++
	}
	return &traces.Reference{Tok: pass.Token, Agree: pass.Token == chosen, KL: some(max(kl, 0)), LogP: some(logp)}, nil
}

// footer adds the means over the steps.
func (r *reference) footer(f *traces.Footer) {
	if r.steps > 0 {
		f.NLL, f.Agree = some(r.nll/float64(r.steps)), some(float64(r.agreed)/float64(r.steps))
	}
}

// distribution returns the natural logarithm of the softmax.
func distribution(logits []float32) []float64 {
	most := float32(math.Inf(-1))
	for _, l := range logits {
		most = max(most, l)
	}
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l - most))
	}
	out, shift := make([]float64, len(logits)), float64(most)+math.Log(sum)
	for i, l := range logits {
		out[i] = float64(l) - shift
	}
	return out
}

package gpu

import (
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

// compare runs the pass that read token again, at fp16, and holds the logits of the pass itself against it. Where tokens are drawn, fp16's
// is what the same number draws of its distribution.
func (r *reference) compare(token int, chosen int, logits []float32, drawn *draws) (*traces.Reference, error) {
	pass, err := r.of.Decode(token, precision.Uniform(weights.Half))
	if err != nil {
		return nil, err
	}
	state, err := r.of.State(Want{Logits: true})
	if err != nil {
		return nil, err
	}
	if drawn != nil {
		pass.Token = drawn.token(state.Logits)
	}
	p, q := LogSoftmax(state.Logits, nil), LogSoftmax(logits, nil)
	logp := min(p[chosen], 0)
	r.steps++
	r.nll -= logp
	if pass.Token == chosen {
		r.agreed++
	}
	return &traces.Reference{Tok: pass.Token, Agree: pass.Token == chosen, KL: some(KL(p, q)), LogP: some(logp)}, nil
}

// footer adds the means over the steps.
func (r *reference) footer(f *traces.Footer) {
	if r.steps > 0 {
		f.NLL, f.Agree = some(r.nll/float64(r.steps)), some(float64(r.agreed)/float64(r.steps))
	}
}

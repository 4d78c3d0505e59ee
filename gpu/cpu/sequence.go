package cpu

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// sequence is one KV cache. All values in it are of binary16: those that its codes stand for, where they are quantised.
type sequence struct {
	*backend
	positions    int
	past         int         // positions filled
	decoded      int         // decode passes
	keys, values [][]float32 // by layer: [positions][KV heads × head dim]
	plain        [][]float32 // keys before their span was whole, where channels have scales
	cached       formats.Cache
	logits       []float32 // of the last token of the last pass
}

var _ gpu.Sequence = (*sequence)(nil)

// Prefill reads the prompt.
func (s *sequence) Prefill(ids []int, at precision.Assignment) (gpu.Pass, error) {
	if s.past != 0 {
		return gpu.Pass{}, fmt.Errorf("prefill after %d positions; accepted: once, before anything else", s.past)
	}
	return s.pass(ids, at, s.options.Now != nil && s.options.SampleOps > 0)
}

// Decode reads one token.
func (s *sequence) Decode(token int, at precision.Assignment) (gpu.Pass, error) {
	apart := s.options.Now != nil && s.options.SampleOps > 0 && s.decoded%s.options.SampleOps == 0
	s.decoded++
	return s.pass([]int{token}, at, apart)
}

// State is what the last pass left behind.
func (s *sequence) State(want gpu.Want) (gpu.State, error) {
	state := gpu.State{Positions: s.past}
	if want.Logits {
		state.Logits = s.logits
	}
	if want.Cache && s.model.Latent == nil {
		block := s.model.Layers - 1 - want.Before
		state.Keys, state.Values = s.heads(s.keys[block]), s.heads(s.values[block])
	}
	return state, nil
}

// heads turns a cache from positions first to heads first.
func (s *sequence) heads(cache []float32) []float32 {
	width, dim := s.model.KVWidth(), s.model.HeadDim
	out := make([]float32, 0, s.past*width)
	for head := range s.model.KVHeads {
		for p := range s.past {
			out = append(out, cache[p*width+head*dim:p*width+(head+1)*dim]...)
		}
	}
	return out
}

// pass runs the ops over the tokens, timing each if the pass is taken apart. What follows the blocks is computed for the last
// token only.
func (s *sequence) pass(ids []int, at precision.Assignment, apart bool) (gpu.Pass, error) {
	began := s.now()
	p, err := s.step([]gpu.Turn{{Sequence: s, Tokens: ids}}, at)
	if err != nil {
		return gpu.Pass{}, err
	}
	var out gpu.Pass
	p.apart, p.last = apart, began
	if err := p.run(func(_, _ int, logits []float32) error {
		out = gpu.Greedy(logits)
		return out.Check()
	}); err != nil {
		return gpu.Pass{}, err
	}
	out.OpNS, out.Experts = p.times, p.takeRoutes()
	if s.options.Now != nil {
		spent := (s.now() - began).Nanoseconds()
		out.StepNS, out.WallNS = &spent, &spent
	}
	return out, nil
}

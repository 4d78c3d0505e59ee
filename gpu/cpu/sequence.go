package cpu

import (
	"context"
	"fmt"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// sequence is one KV cache. All values in it have been rounded to binary16.
type sequence struct {
	*backend
	positions        int
	past             int         // positions filled
	decoded          int         // decode passes
	keys, values     [][]float32 // by layer: [positions][KV heads × head dim]
	rope, ropeWindow []float32   // of the pass at work: [tokens][rotary/2][2], and that of layers with a window

	// Of the pass at work, rows of each: the residual stream, what a norm made of it, and results of products.
	x, h, qkv, attended, o, up, activated, down [][]float32
	logits                                      []float32

	waiting []gpu.Op // norms of q and k that come behind the rotation
	rotated bool
	latent
	mixture
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
		last := s.model.Layers - 1
		state.Keys, state.Values = s.heads(s.keys[last]), s.heads(s.values[last])
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
	if len(ids) == 0 || s.past+len(ids) > s.positions {
		return gpu.Pass{}, fmt.Errorf("%d tokens after %d positions of %d; accepted: at least one, and no more than are left", len(ids),
			s.past, s.positions)
	}
	for _, bits := range at.Widths() {
		if bits != weights.Half && (bits < weights.MinBits || bits > weights.Planes) {
			return gpu.Pass{}, fmt.Errorf("%d bits; accepted: %d to %d, and %d", bits, weights.MinBits, weights.Planes, weights.Half)
		}
	}
	began := s.now()
	last := began
	s.angles(len(ids))
	var out gpu.Pass
	var times []int64
	s.taken = nil
	for _, op := range s.ops {
		if s.ctx.Err() != nil {
			return gpu.Pass{}, context.Cause(s.ctx)
		}
		if op.Kind == gpu.Choose {
			if out = choose(s.logits); out.Check() != nil {
				return gpu.Pass{}, out.Check()
			}
		} else if err := s.run(op, ids, at); err != nil {
			return gpu.Pass{}, err
		}
		if apart {
			now := s.now()
			times = append(times, (now - last).Nanoseconds())
			last = now
		}
	}
	out.OpNS, out.Experts = times, s.takeRoutes()
	s.past += len(ids)
	if s.options.Now != nil {
		spent := (s.options.Now() - began).Nanoseconds()
		out.StepNS, out.WallNS = &spent, &spent
	}
	return out, nil
}

// run computes an op.
func (s *sequence) run(op gpu.Op, ids []int, at precision.Assignment) error {
	switch op.Kind {
	case gpu.Embed:
		return s.embed(ids)
	case gpu.Normalise:
		s.normalise(op)
	case gpu.Add:
		s.add(op)
		s.h = s.x
	case gpu.ResultNorm:
		s.resultNorm(op)
	case gpu.Product:
		return s.product(op, at)
	case gpu.HeadProduct:
		return s.headProduct(op, at)
	case gpu.Rope:
		s.ropeAppend(op.Layer)
	case gpu.Attention:
		return s.attend(op.Layer)
	case gpu.Merge: // attention is not shared out here
	case gpu.Activation:
		s.activate(op)
	case gpu.Route:
		s.route(op)
	case gpu.Combine:
		s.combine(op)
	case gpu.LogitCap:
		for i, v := range s.logits {
			s.logits[i] = s.half(capped(v, s.model.LogitCap))
		}
	default:
		panic("cpu: no op of kind " + string(op.Kind))
	}
	return nil
}

// now is 0 where nothing is timed.
func (s *sequence) now() (d time.Duration) {
	if s.options.Now != nil {
		d = s.options.Now()
	}
	return d
}

// activate is the activation of gate times up, or of fc1.
func (s *sequence) activate(op gpu.Op) {
	s.activated = make([][]float32, len(s.up))
	f, gated := activation(s.model), s.model.GatedMLP
	for r, in := range s.up {
		out := make([]float32, op.Out)
		for i := range out {
			v := f(float64(in[i]))
			if gated {
				v *= float64(in[op.Out+i])
			}
			out[i] = s.half(float32(v))
		}
		s.activated[r] = out
	}
}

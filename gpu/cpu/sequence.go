package cpu

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// sequence is one KV cache. All values in it have been rounded to binary16.
type sequence struct {
	*backend
	positions    int
	past         int         // positions filled
	decoded      int         // decode passes
	keys, values [][]float32 // by layer: [positions][KV heads × head dim]
	rope         []float32   // [positions][rotary/2][2]

	// Of the pass at work, rows of each: the residual stream, what a norm made of it, and results of products.
	x, h, qkv, attended, o, up, activated, down [][]float32
	logits                                      []float32
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
	if want.Cache {
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
	var out gpu.Pass
	var times []int64
	s.taken = nil
	for _, op := range s.ops {
		if s.ctx.Err() != nil {
			return gpu.Pass{}, context.Cause(s.ctx)
		}
		switch op.Kind {
		case gpu.Embed:
			if err := s.embed(ids); err != nil {
				return gpu.Pass{}, err
			}
		case gpu.Normalise:
			s.normalise(op)
		case gpu.ResultNorm:
			s.resultNorm(op)
		case gpu.Product:
			if err := s.product(op, at); err != nil {
				return gpu.Pass{}, err
			}
		case gpu.Route:
			s.route()
		case gpu.Combine:
			s.combine(op)
		case gpu.Rope:
			s.ropeAppend(op.Layer)
		case gpu.Attention:
			if err := s.attend(op.Layer); err != nil {
				return gpu.Pass{}, err
			}
		case gpu.Merge: // attention is not shared out here
		case gpu.Activation:
			s.activate(op)
		case gpu.LogitCap:
			for i, v := range s.logits {
				s.logits[i] = s.half(capped(v, s.model.LogitCap))
			}
		case gpu.Choose:
			out = choose(s.logits)
		default:
			panic("cpu: no op of kind " + string(op.Kind))
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

// now is 0 where nothing is timed.
func (s *sequence) now() (d time.Duration) {
	if s.options.Now != nil {
		d = s.options.Now()
	}
	return d
}

func (s *sequence) embed(ids []int) error {
	d, scale := s.model.Hidden, float32(cmp.Or(s.model.EmbedScale, 1))
	s.x = make([][]float32, len(ids))
	for r, id := range ids {
		if id < 0 || id >= s.model.Vocab {
			return fmt.Errorf("token %d; accepted: 0 to %d, the vocabulary of %s", id, s.model.Vocab-1, s.model.Name)
		}
		s.x[r] = make([]float32, d)
		for i, h := range s.ends.Embedding[id*d : (id+1)*d] {
			s.x[r][i] = s.half(s.value[h] * scale)
		}
	}
	return nil
}

// normalise adds to the residual stream what the products before have made, rounds it, and normalises it.
func (s *sequence) normalise(op gpu.Op) {
	w := s.norm(op)
	for r, x := range s.x {
		switch {
		case op.Adds == 2:
			for i := range x {
				x[i] = s.half(x[i] + s.o[r][i] + s.down[r][i])
			}
		case op.Adds == 1 && op.Place == gpu.PlacePost:
			for i := range x {
				x[i] = s.half(x[i] + s.o[r][i])
			}
		case op.Adds == 1:
			for i := range x {
				x[i] = s.half(x[i] + s.down[r][i])
			}
		}
	}
	if op.Place == gpu.PlaceFinal {
		s.x = s.x[len(s.x)-1:]
	}
	s.h = make([][]float32, len(s.x))
	for r, x := range s.x {
		s.h[r] = make([]float32, len(x))
		s.normed(s.h[r], x, w)
	}
}

// resultNorm normalises what a product has made, in its place.
func (s *sequence) resultNorm(op gpu.Op) {
	rows, from := s.qkv, 0
	switch op.Place {
	case gpu.PlaceKNorm:
		from = s.model.Heads * s.model.HeadDim
	case gpu.PlaceAfterO:
		rows = s.o
	case gpu.PlaceAfterDown:
		rows = s.down
	}
	w, width := s.norm(op), op.In/op.Heads
	for _, row := range rows {
		for head := range op.Heads {
			part := row[from+head*width:][:width]
			s.normed(part, part, w)
		}
	}
}

// normed puts the norm of x into to, rounded: RMSNorm, or LayerNorm where the weights have a shift. Some families' weights
// are what is added to 1.
func (s *sequence) normed(to, x []float32, w weights.Norm) {
	var mean, square, one float32
	if w.Shift != nil {
		mean = sum(x, func(v float32) float32 { return v }) / float32(len(x))
	}
	if s.model.NormOne {
		one = 1
	}
	square = sum(x, func(v float32) float32 { return (v - mean) * (v - mean) }) / float32(len(x))
	scale := 1 / float32(math.Sqrt(float64(square)+s.model.NormEps))
	for i, v := range x {
		y := (v - mean) * scale * (one + s.value[w.Scale[i]])
		if w.Shift != nil {
			y += s.value[w.Shift[i]]
		}
		to[i] = s.half(y)
	}
}

// sum adds f of all values, in eight parts as a vector unit would.
func sum(x []float32, f func(float32) float32) (total float32) {
	var parts [8]float32
	for i, v := range x {
		parts[i%8] += f(v)
	}
	for _, p := range parts {
		total += p
	}
	return total
}

// ropeAppend rotates q and k by their positions and appends k and v to the cache.
func (s *sequence) ropeAppend(layer int) {
	m, half := s.model, s.model.RotaryDim/2
	width := m.KVWidth()
	for r, row := range s.qkv {
		at := s.past + r
		table := s.rope[at*half*2 : (at+1)*half*2]
		for head := range m.Heads + m.KVHeads {
			v := row[head*m.HeadDim : (head+1)*m.HeadDim]
			for j := range half {
				a, b, cos, sin := v[j], v[j+half], table[2*j], table[2*j+1]
				v[j], v[j+half] = s.half(a*cos-b*sin), s.half(b*cos+a*sin)
			}
		}
		q := m.Heads * m.HeadDim
		copy(s.keys[layer][at*width:(at+1)*width], row[q:q+width])
		copy(s.values[layer][at*width:(at+1)*width], row[q+width:])
	}
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

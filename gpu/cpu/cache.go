package cpu

import (
	"fmt"
	"math"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// RunsCache returns an error if a model's cache cannot be stored so: latent attention caches what keys and values are both
// expanded from.
func RunsCache(m *weights.Model, c formats.Cache) error {
	switch {
	case m.Latent == nil:
		return nil
	case c.Apart():
		return fmt.Errorf("cache of %d-bit keys and %d-bit values: %s caches what both are expanded from; accepted: the same bits for both", c.Keys.Width(),
			c.Values.Width(), m.Name)
	case c.Keys.Channels:
		return fmt.Errorf("cache with scales of keys by channel: %s caches what keys and values are expanded from, which has none; accepted: scales by "+
			"token", m.Name)
	}
	return nil
}

// store quantises the newest position of a layer's cache: values, and keys whose codes share scales along a head, at once; keys
// that share them along positions when the last of these is there. Keys by channel are kept as they are, too: a token reads those of
// whole spans before its own quantised, so that it reads the same whatever tokens come with it in a pass.
func (s *sequence) store(layer, position int) {
	width, dim := s.model.KVWidth(), s.model.HeadDim
	keys, values := s.keys[layer][position*width:][:width], s.values[layer][position*width:][:width]
	s.quantise(values, s.cached.Values, dim)
	if !s.cached.Keys.Channels {
		s.quantise(keys, s.cached.Keys, dim)
		return
	}
	copy(s.plain[layer][position*width:], keys)
	n := s.cached.Keys.Span()
	if (position+1)%n != 0 {
		return
	}
	span, plain, channel := s.keys[layer][(position+1-n)*width:], s.plain[layer][(position+1-n)*width:], make([]float32, n)
	for c := range width {
		for p := range channel {
			channel[p] = plain[p*width+c]
		}
		s.coded(channel, s.cached.Keys)
		for p, v := range channel {
			span[p*width+c] = v
		}
	}
}

// plainKeys are the keys of a layer as they were before they were quantised, and from which position on the token at a position
// reads those: from the first of its own span on, where channels have scales.
func (s *sequence) plainKeys(layer, position int) (keys []float32, from int) {
	if !s.cached.Keys.Channels {
		return nil, math.MaxInt
	}
	n := s.cached.Keys.Span()
	return s.plain[layer], position / n * n
}

// quantise replaces the values of a position, heads of dim values, by those that their codes stand for.
func (s *sequence) quantise(values []float32, as formats.Cached, dim int) {
	if as.IsFP16() {
		return
	}
	for head := 0; head < len(values); head += dim {
		for i, n := 0, as.Sharing(dim); i < dim; i += n {
			s.coded(values[head+i:head+min(i+n, dim)], as)
		}
	}
}

// coded replaces values that share a scale by those that their codes stand for (formats.Cached).
func (b *backend) coded(values []float32, as formats.Cached) {
	least, largest := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, v := range values {
		least, largest = min(least, v), max(largest, v)
	}
	zero, low, high := float32(0), 1-float32(int(1)<<(as.Bits-1)), float32(int(1)<<(as.Bits-1)-1)
	scale := max(-least, largest) / high
	if as.ZeroPoints {
		zero, low, high = least, 0, float32(int(1)<<as.Bits-1)
		scale = (largest - least) / high
	}
	if scale = half(scale); scale == 0 {
		for i := range values {
			values[i] = zero
		}
		return
	}
	for i, v := range values {
		code := float32(math.RoundToEven(float64((v - zero) / scale)))
		values[i] = half(float32(min(max(code, low), high)*scale) + zero)
	}
}

package cpu

import (
	"context"
	"fmt"
	"time"

	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// Options say how to run.
type Options struct {
	Workers int                  // at least 1; results do not depend on it
	Now     func() time.Duration // a monotonic clock; nil: nothing is timed
	Loaded  func(blocks int)     // called after each block of the weights; may be nil

	SampleOps int // every so many decode passes the ops are timed, if anything is; 0: never
}

// backend holds a whole model in memory, as fp16 and as planes.
type backend struct {
	ctx     context.Context
	model   *weights.Model
	ends    *weights.Ends
	blocks  []*weights.Block
	ops     []gpu.Op
	options Options
	value   []float32 // of each binary16
	dot     dot
	kept    kept
}

var _ gpu.Backend = (*backend)(nil)

// Open loads all weights of a source, which may then be closed. When ctx is done, loading ends, and so does a pass that is at
// work, with the cause.
func Open(ctx context.Context, source weights.Source, o Options) (gpu.Backend, error) {
	m := source.Model()
	b := &backend{ctx: ctx, model: m, ops: gpu.Ops(m.Model), options: o, value: make([]float32, 1<<16), dot: newDot()}
	for h := range b.value {
		b.value[h] = float16.Frombits(uint16(h)).Float32()
	}
	var err error
	if b.ends, err = source.Ends(); err != nil {
		return nil, err
	}
	for l := range m.Layers {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		block, err := source.Block(l)
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", l, err)
		}
		b.blocks = append(b.blocks, block)
		if o.Loaded != nil {
			o.Loaded(l + 1)
		}
	}
	b.kept = kept{left: keepable(), of: map[*weights.Matrix]map[int]*operand{}}
	return b, nil
}

// About describes this backend: a CPU.
func (b *backend) About() gpu.About { return gpu.About{Source: traces.FromCPU, Now: b.options.Now} }

// Close has nothing to free.
func (b *backend) Close() error { return nil }

// Start makes a sequence.
func (b *backend) Start(positions int, cache formats.Cache) (gpu.Sequence, error) {
	if err := b.model.Fits(positions); err != nil {
		return nil, err
	}
	if err := RunsCache(b.model, cache); err != nil {
		return nil, err
	}
	s := &sequence{backend: b, positions: positions, cached: cache.Scaled()}
	for range b.model.Layers {
		if b.model.Latent != nil {
			s.keys = append(s.keys, make([]float32, positions*b.model.CacheWidth()))
			continue
		}
		s.keys = append(s.keys, make([]float32, positions*b.model.KVWidth()))
		if s.cached.Keys.Channels {
			s.plain = append(s.plain, make([]float32, positions*b.model.KVWidth()))
		}
		s.values = append(s.values, make([]float32, positions*b.model.KVWidth()))
	}
	return s, nil
}

// matrix finds the weights of a product.
func (b *backend) matrix(op gpu.Op) *weights.Matrix {
	if op.Place == gpu.PlaceHead {
		return &b.ends.Head
	}
	block := b.blocks[op.Layer]
	switch op.Place {
	case gpu.PlaceRouter:
		return &block.Router
	case gpu.PlaceSharedUp:
		return &block.SharedUp
	case gpu.PlaceSharedDown:
		return &block.SharedDown
	case gpu.PlaceSharedGate:
		return &block.SharedGate
	case gpu.PlaceQKV:
		return &block.QKV
	case gpu.PlaceO:
		return &block.O
	case gpu.PlaceUp:
		return &block.Up
	case gpu.PlaceDown:
		return &block.Down
	}
	if m := block.Latent[string(op.Place)]; m != nil {
		return m
	}
	panic("cpu: no matrix at " + op.Name)
}

// norm finds the weights of a norm.
func (b *backend) norm(op gpu.Op) weights.Norm {
	switch op.Place {
	case gpu.PlaceFinal:
		return b.ends.Norm
	case gpu.PlaceEmbedNorm:
		return b.ends.EmbedNorm
	}
	n, ok := b.blocks[op.Layer].Norms[string(op.Place)]
	if !ok && op.Params > 0 {
		panic("cpu: no norm at " + op.Name)
	}
	return n
}

//go:build cuda

package cuda

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// put puts the kernels of a decode pass into the stream, and events between them where they are timed apart. Where it can be, a
// kernel begins while the one before it ends.
func (s *sequence) put(of graphOf) error {
	stream, k := s.backend.stream, s.backend.kernels
	defer func() { k.early = false }()
	for i, op := range s.backend.ops {
		k.early = i > 0 && !of.apart && k.waits // none may begin before an event
		if of.apart && i > 0 {
			if err := s.marks[i].Mark(stream); err != nil {
				return err
			}
		}
		if err := s.launch(op, of.at); err != nil {
			return fmt.Errorf("%s: %w", op.Name, err)
		}
	}
	return nil
}

// launch puts one op of a decode pass into the stream.
func (s *sequence) launch(op gpu.Op, at precision.Assignment) error {
	b := s.backend
	switch op.Kind {
	case gpu.Embed:
		return b.embed(s.state, 1)
	case gpu.Product:
		return s.product(op, at)
	case gpu.Attention:
		return s.attend(op.Layer)
	case gpu.Choose:
		return s.choose(1)
	}
	panic("cuda: no op of kind " + string(op.Kind))
}

// product puts a product of a decode pass into the stream: one kernel, or one for each part that has bits of its own.
func (s *sequence) product(op gpu.Op, at precision.Assignment) error {
	b := s.backend
	w, from, to := b.operands(op)
	if op.Place == gpu.PlaceHead {
		return s.ofNorm(op, w, weights.Half, s.logits, thenWrite)
	}
	then := s.then(op)
	_, mixed := op.Bits(at)
	gate := then.number == kernels.ThenSilu
	switch {
	case gate && mixed == nil:
		to = b.buffers.act
	case gate: // a kernel of its own, since the rows of a pair have other bits
		then = thenWrite
	case op.Then == gpu.Activation:
		to = b.buffers.act
	}
	err := eachPart(op, w, at, func(w *matrix, bits, above int) error {
		if op.Norm == "" {
			return b.added(op, w, bits, from, to)
		}
		if then.number == kernels.ThenRope {
			return s.ofNorm(op, w, bits, to, then.of(above/b.shape.HeadDim, w.out/b.shape.HeadDim))
		}
		return s.ofNorm(op, w, bits, to+driver.Pointer(driver.Bytes[uint16](above)), then)
	})
	if err == nil && gate && mixed != nil {
		err = b.activate(1)
	}
	return err
}

// added is a product of which nothing becomes but a sum: with the residual stream, and with what the half beside it has made.
func (b *backend) added(op gpu.Op, w *matrix, bits int, from, to driver.Pointer) error {
	on := b.buffers
	switch {
	case op.Then == gpu.Add && op.Adds == 2:
		return b.product(w, bits, from, on.x, on.x, on.o)
	case op.Then == gpu.Add:
		return b.product(w, bits, from, on.x, on.x, 0)
	}
	return b.product(w, bits, from, to, 0, 0)
}

// operands are the weights of a product and the buffers that it reads and writes; a head writes the sequence's logits.
func (b *backend) operands(op gpu.Op) (w *matrix, from, to driver.Pointer) {
	on := b.buffers
	if op.Place == gpu.PlaceHead {
		return &b.model.head, on.h, 0
	}
	block := &b.model.blocks[op.Layer]
	switch op.Place {
	case gpu.PlaceQKV:
		return &block.qkv, on.h, on.qkv
	case gpu.PlaceO:
		return &block.o, on.context, on.o
	case gpu.PlaceUp:
		return &block.up, on.h, on.up
	case gpu.PlaceDown:
		return &block.down, on.act, on.down
	}
	panic("cuda: no product at " + string(op.Place))
}

// norm returns the weights of a norm and what is added to the residual stream before it; 0: nothing.
func (b *backend) norm(op gpu.Op) (w norm, add, add2 driver.Pointer) {
	on := b.buffers
	w = b.scales(op.Place, op.Layer)
	switch {
	case op.Adds == 2:
		return w, on.o, on.down
	case op.Adds == 1 && op.Place == gpu.PlacePost:
		return w, on.o, 0
	case op.Adds == 1:
		return w, on.down, 0
	}
	return w, 0, 0
}

// scales are the weights of a norm.
func (b *backend) scales(place gpu.Place, layer int) norm {
	switch place {
	case gpu.PlaceInput:
		return b.model.blocks[layer].input
	case gpu.PlacePost:
		return b.model.blocks[layer].post
	case gpu.PlaceFinal:
		return b.model.final
	}
	panic("cuda: no norm at " + string(place))
}

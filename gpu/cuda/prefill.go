//go:build cuda

package cuda

import (
	"fmt"
	"math"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Prefill reads the prompt in chunks of rows. What follows the blocks is computed for the last row only.
func (s *sequence) Prefill(ids []int, at precision.Assignment) (p gpu.Pass, err error) {
	b := s.backend
	if err := b.loaded(at); err != nil {
		return p, err
	}
	switch {
	case s.used != 0:
		return p, fmt.Errorf("prefill after %d positions; accepted: once, before anything else", s.used)
	case len(ids) == 0 || len(ids) > s.positions:
		return p, fmt.Errorf("a prompt of %d tokens; accepted: 1 to %d, the positions of the cache", len(ids), s.positions)
	}
	if err := b.knows(ids); err != nil {
		return p, err
	}
	err = s.do(func() error {
		began := b.clock()
		defer s.forget()
		took := time.Duration(0)
		for from := 0; from < len(ids); from += b.rows {
			end := min(from+b.rows, len(ids))
			one, err := s.prefill(ids, from, end, at)
			if err != nil {
				return fmt.Errorf("tokens %d to %d: %w", from, end-1, err)
			}
			took += one
		}
		if p, err = s.chosen(); err != nil {
			return err
		}
		return s.times(&p, took, b.clock()-began, false)
	})
	if err != nil {
		return gpu.Pass{}, fmt.Errorf("prefill of %d tokens at %s bits: %w", len(ids), at, err)
	}
	s.used, s.next, s.ran = len(ids), p.Token, true
	return p, nil
}

// prefill runs the chunk of some tokens of the prompt, and returns the device's time. Chunks of as many tokens share a graph.
func (s *sequence) prefill(ids []int, from, to int, at precision.Assignment) (time.Duration, error) {
	if err := s.feed(ids[from:to], from); err != nil {
		return 0, err
	}
	of := graphOf{at: at, rows: to - from, last: to == len(ids)}
	g, err := s.graph(of, func() error { return s.rows(of) })
	if err != nil {
		return 0, err
	}
	return s.replay(g)
}

// feed sets the tokens of a chunk, and the position of the first, in the stream. Each position has page-locked memory of its own.
func (s *sequence) feed(ids []int, from int) error {
	tokens := s.ids[from : from+len(ids)]
	for i, id := range ids {
		tokens[i] = uint32(id)
	}
	if err := driver.Put(s.prompt, tokens, s.backend.stream); err != nil {
		return err
	}
	return s.write(0, from, from/s.backend.rows)
}

// rows puts the ops over the rows of a chunk into the stream.
func (s *sequence) rows(of graphOf) error {
	for _, op := range s.backend.rowOps {
		if op.Layer < 0 && op.Kind != gpu.Embed && !of.last {
			break
		}
		if err := s.launchRows(op, of.at, of.rows); err != nil {
			return fmt.Errorf("%s: %w", op.Name, err)
		}
	}
	return nil
}

// launchRows puts one op of prefill into the stream, over n tokens.
func (s *sequence) launchRows(op gpu.Op, at precision.Assignment, n int) error {
	b := s.backend
	switch op.Kind {
	case gpu.Embed:
		return b.embed(s.prompt, n)
	case gpu.Normalise:
		if op.Place == gpu.PlaceFinal {
			return b.normalise(op, n-1, 1)
		}
		return b.normalise(op, 0, n)
	case gpu.Product:
		w, in, out := b.operands(op)
		if op.Place == gpu.PlaceHead {
			return b.product(w, weights.Half, in, s.logits, 0, 0)
		}
		half, err := b.expanded(op, w, at)
		if err != nil {
			return err
		}
		return b.products(w, half, in, out, n)
	case gpu.Rope:
		return s.ropeAppend(op.Layer, n)
	case gpu.Attention:
		return s.attendRows(op.Layer, n)
	case gpu.Merge: // attention of a chunk is not shared out
		return nil
	case gpu.Activation:
		return b.activate(n)
	case gpu.Choose:
		return s.choose(n)
	}
	panic("cuda: no op of kind " + string(op.Kind))
}

// chosen reads what the kernel choose has said: token, largest logit, second, log-sum-exp, entropy, largest
// probability.
func (s *sequence) chosen() (gpu.Pass, error) {
	t := s.told
	most, second, logSum := float64(t[1]), float64(t[2]), float64(t[3])
	p := gpu.Pass{Token: int(math.Float32bits(t[0])), Entropy: max(float64(t[4]), 0), PMax: min(float64(t[5]), 1), Margin: most - second,
		LogP: min(most-logSum, 0)}
	if err := p.Check(); err != nil {
		return p, err
	}
	if s.backend.shape.Vocab == 1 {
		p.Margin = 0 // there is no second
	}
	return p, nil
}

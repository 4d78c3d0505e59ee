//go:build cuda

package cuda

import (
	"fmt"
	"math"

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
		p, err = s.timed(func() error {
			for i, id := range ids {
				s.ids[i] = uint32(id)
			}
			if err := driver.Put(s.prompt, s.ids[:len(ids)], b.stream); err != nil {
				return err
			}
			for from := 0; from < len(ids); from += b.rows {
				end := min(from+b.rows, len(ids))
				if err := s.chunk(from, end, at, end == len(ids)); err != nil {
					return fmt.Errorf("tokens %d to %d: %w", from, end-1, err)
				}
			}
			return driver.Fetch(s.told, s.stats, b.stream)
		})
		if err != nil {
			return err
		}
		return s.times(&p, b.clock()-began, s.before, s.after, false)
	})
	if err != nil {
		return gpu.Pass{}, fmt.Errorf("prefill of %d tokens at %s bits: %w", len(ids), at, err)
	}
	s.used, s.next, s.ran = len(ids), p.Token, true
	return p, nil
}

// chunk puts the ops over the rows of some tokens of the prompt into the stream.
func (s *sequence) chunk(from, to int, at precision.Assignment, last bool) error {
	b := s.backend
	if err := s.write(0, from, from/b.rows); err != nil {
		return err
	}
	for _, op := range b.rowOps {
		if op.Layer < 0 && op.Kind != gpu.Embed && !last {
			break
		}
		if err := s.launchRows(op, at, from, to-from); err != nil {
			return fmt.Errorf("%s: %w", op.Name, err)
		}
	}
	return nil
}

// launchRows puts one op of prefill into the stream, over n tokens from one on.
func (s *sequence) launchRows(op gpu.Op, at precision.Assignment, from, n int) error {
	b := s.backend
	switch op.Kind {
	case gpu.Embed:
		return b.embed(s.prompt+driver.Pointer(driver.Bytes[uint32](from)), n)
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

// timed runs between two events and reads what was chosen.
func (s *sequence) timed(put func() error) (p gpu.Pass, err error) {
	if err := s.before.Record(s.backend.stream); err != nil {
		return p, err
	}
	return s.waited(put)
}

// waited runs, waits and reads what was chosen.
func (s *sequence) waited(put func() error) (p gpu.Pass, err error) {
	if err := put(); err != nil {
		return p, err
	}
	if err := s.after.Record(s.backend.stream); err != nil {
		return p, err
	}
	if err := s.after.Wait(); err != nil {
		return p, err
	}
	return s.chosen()
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

//go:build cuda

package cuda

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// scoredRows is how many rows' logits are computed at a time: with 150,000 tokens in the vocabulary they take 20 MB.
const scoredRows = 64

var _ gpu.Scorer = (*backend)(nil)

// Score reads the turns one after the other. Several tokens of one are read as those of a prompt are, so that planes are expanded once for
// all of them; one token is a decode pass.
func (b *backend) Score(turns []gpu.Turn, at precision.Assignment, each func(turn, token int, logits []float32) error) (err error) {
	if err := b.loaded(at); err != nil {
		return err
	}
	all, err := b.scored(turns)
	if err != nil {
		return err
	}
	before := make([]int, len(all))
	for i, s := range all {
		before[i] = s.used
	}
	for i, s := range all {
		err = s.score(turns[i], at, func(token int, logits []float32) error {
			if slices.ContainsFunc(logits, func(l float32) bool { return math.IsNaN(float64(l - l)) }) {
				return (&gpu.Pass{PMax: math.NaN()}).Check()
			}
			return each(i, token, logits)
		})
		if err != nil {
			for k, s := range all {
				s.used, s.ran = before[k], false
			}
			return err
		}
	}
	return nil
}

// scored checks turns, and returns their sequences.
func (b *backend) scored(turns []gpu.Turn) (all []*sequence, err error) {
	if len(turns) == 0 {
		return nil, errors.New("no turns; accepted: at least one")
	}
	for _, t := range turns {
		s, ok := t.Sequence.(*sequence)
		if !ok || s.backend != b || slices.Contains(all, s) {
			return nil, errors.New("a sequence of another backend, or twice the same; accepted: each once, of the backend that is asked")
		}
		if len(t.Tokens) == 0 || s.used+len(t.Tokens) > s.positions {
			return nil, fmt.Errorf("%d tokens after %d positions of %d; accepted: at least one, and no more than are left", len(t.Tokens), s.used,
				s.positions)
		}
		if err := b.knows(t.Tokens); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// knows returns an error if a token is none of the vocabulary.
func (b *backend) knows(ids []int) error {
	for _, id := range ids {
		if id < 0 || id >= b.shape.Vocab {
			return fmt.Errorf("token %d; accepted: 0 to %d", id, b.shape.Vocab-1)
		}
	}
	return nil
}

// score reads a turn, and hands over the logits that are wanted.
func (s *sequence) score(t gpu.Turn, at precision.Assignment, each func(token int, logits []float32) error) (err error) {
	last := len(t.Tokens) - 1
	switch {
	case last > 0 && (t.All || s.used > 0):
		return s.readAll(t, at, each)
	case s.used == 0:
		_, err = s.Prefill(t.Tokens, at)
	default:
		_, err = s.Decode(t.Tokens[0], at)
	}
	if err != nil {
		return err
	}
	state, err := s.State(gpu.Want{Logits: true})
	if err != nil {
		return err
	}
	return each(last, state.Logits)
}

// readAll reads tokens behind what the cache holds, and hands over the logits of all of them, or of the last.
func (s *sequence) readAll(t gpu.Turn, at precision.Assignment, each func(token int, logits []float32) error) error {
	b, ids, halves := s.backend, t.Tokens, []uint16(nil)
	for from := 0; from < len(ids); from += b.rows { // the residual stream is that of one chunk
		end := min(from+b.rows, len(ids))
		first := end - 1
		if t.All {
			first = from
		} else if end < len(ids) {
			first = end // none
		}
		if err := s.do(func() error { return s.read(ids, from, end, at) }); err != nil {
			return fmt.Errorf("reading tokens %d to %d at %s bits: %w", from, end-1, at, err)
		}
		for ; first < end; first += scoredRows {
			rows := min(scoredRows, end-first)
			err := s.do(func() (err error) { halves, err = s.head(first-from, rows, halves); return err })
			if err != nil {
				return fmt.Errorf("logits of tokens %d to %d: %w", first, first+rows-1, err)
			}
			for r := range rows {
				if err := each(first+r, wide(halves[r*b.shape.Vocab:(r+1)*b.shape.Vocab])); err != nil {
					return err
				}
			}
		}
	}
	s.used, s.ran = s.used+len(ids), false
	return nil
}

// read puts the blocks over some of the tokens that are read into the stream.
func (s *sequence) read(ids []int, from, end int, at precision.Assignment) error {
	if err := s.feed(ids[from:end], s.used+from); err != nil {
		return err
	}
	return s.rows(graphOf{at: at, rows: end - from})
}

// head returns the logits of rows of the residual stream from one on, and leaves those of the last row where passes leave theirs.
func (s *sequence) head(from, rows int, halves []uint16) ([]uint16, error) {
	b, vocab := s.backend, s.backend.shape.Vocab
	if b.buffers.scored == 0 {
		at, err := b.memory.alloc(driver.Bytes[uint16](scoredRows * vocab))
		if err != nil {
			return nil, err
		}
		b.buffers.scored = at
	}
	for _, op := range b.rowOps {
		var err error
		switch op.Place {
		case gpu.PlaceFinal:
			err = b.normalise(op, from, rows)
		case gpu.PlaceHead:
			err = b.products(&b.model.head, b.model.head.half, b.buffers.h, b.buffers.scored, rows)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op.Name, err)
		}
	}
	last := b.buffers.scored + driver.Pointer(driver.Bytes[uint16]((rows-1)*vocab))
	if err := driver.Copy(s.logits, last, driver.Bytes[uint16](vocab), b.stream); err != nil {
		return nil, err
	}
	if err := b.stream.Wait(); err != nil {
		return nil, err
	}
	halves = slices.Grow(halves[:0], rows*vocab)[:rows*vocab]
	return halves, driver.Download(halves, b.buffers.scored)
}

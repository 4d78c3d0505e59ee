package cpu

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// step is a pass of some sequences. Its rows are their tokens, one turn's after another's.
type step struct {
	*backend
	at               precision.Assignment
	turns            []turn
	rows             []row
	rope, ropeWindow []float32 // [rows][rotary/2][2], and that of layers with a window

	// Rows of each: the residual stream, what a norm made of it, and results of products.
	x, h, qkv, attended, o, up, activated, down [][]float32
	logits                                      [][]float32 // of the rows that the head is at work on

	waiting []gpu.Op // norms of q and k that come behind the rotation
	rotated bool
	latent
	mixture

	apart bool // ops are timed
	last  time.Duration
	times []int64
}

// turn is the rows from … to-1: what a sequence reads.
type turn struct {
	*sequence
	from, to int
	all      bool // logits of every row
}

// row is a token that is read.
type row struct {
	sequence        *sequence
	position, token int
}

// headRows is how many rows' logits are computed at a time: with 150,000 tokens in the vocabulary they take 40 MB.
const headRows = 64

var _ gpu.Scorer = (*backend)(nil)

// Score reads the tokens of several sequences as one pass.
func (b *backend) Score(turns []gpu.Turn, at precision.Assignment, each func(turn, token int, logits []float32) error) error {
	s, err := b.step(turns, at)
	if err != nil {
		return err
	}
	return s.run(func(turn, token int, logits []float32) error {
		if slices.ContainsFunc(logits, func(l float32) bool { return math.IsNaN(float64(l - l)) }) {
			return (&gpu.Pass{PMax: math.NaN()}).Check()
		}
		return each(turn, token, logits)
	})
}

// step checks what is to be read.
func (b *backend) step(turns []gpu.Turn, at precision.Assignment) (*step, error) {
	for _, bits := range at.Widths() {
		if bits != weights.Half && (bits < weights.MinBits || bits > weights.Planes) {
			return nil, fmt.Errorf("%d bits; accepted: %d to %d, and %d", bits, weights.MinBits, weights.Planes, weights.Half)
		}
	}
	if len(turns) == 0 {
		return nil, errors.New("no turns; accepted: at least one")
	}
	s := &step{backend: b, at: at}
	met := map[*sequence]bool{}
	for _, t := range turns {
		of, ok := t.Sequence.(*sequence)
		if !ok || of.backend != b || met[of] {
			return nil, errors.New("a sequence of another backend, or twice the same; accepted: each once, of the backend that is asked")
		}
		met[of] = true
		if len(t.Tokens) == 0 || of.past+len(t.Tokens) > of.positions {
			return nil, fmt.Errorf("%d tokens after %d positions of %d; accepted: at least one, and no more than are left", len(t.Tokens),
				of.past, of.positions)
		}
		s.turns = append(s.turns, turn{of, len(s.rows), len(s.rows) + len(t.Tokens), t.All})
		for i, id := range t.Tokens {
			if id < 0 || id >= b.model.Vocab {
				return nil, fmt.Errorf("token %d; accepted: 0 to %d, the vocabulary of %s", id, b.model.Vocab-1, b.model.Name)
			}
			s.rows = append(s.rows, row{of, of.past + i, id})
		}
	}
	return s, nil
}

// run computes the ops, those behind the blocks for the rows whose logits are wanted, and hands these over by turn and token.
func (s *step) run(each func(turn, token int, logits []float32) error) error {
	s.angles()
	head := slices.IndexFunc(s.ops, func(op gpu.Op) bool { return op.Place == gpu.PlaceHead })
	for _, op := range s.ops[:head] {
		if err := s.timed(op); err != nil {
			return err
		}
	}
	all, done := s.h, 0
	var logits [][]float32 // that the next rows are, of turns
	next := func() error {
		if len(logits) == 0 {
			s.h = all[done:min(len(all), done+headRows)]
			done += len(s.h)
			for _, op := range s.ops[head : len(s.ops)-1] {
				if err := s.timed(op); err != nil {
					return err
				}
			}
			logits = s.logits
		}
		return nil
	}
	kept := make([][]float32, len(s.turns))
	for i, t := range s.turns {
		from := t.to - 1
		if t.all {
			from = t.from
		}
		for r := from; r < t.to; r++ {
			if err := next(); err != nil {
				return err
			}
			kept[i] = logits[0]
			if err := each(i, r-t.from, logits[0]); err != nil {
				return err
			}
			logits = logits[1:]
		}
	}
	s.tick() // what is chosen of the logits
	for i, t := range s.turns {
		t.past += t.to - t.from
		t.logits = slices.Clone(kept[i])
	}
	return nil
}

// timed computes an op, unless somebody has ended the run.
func (s *step) timed(op gpu.Op) error {
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	err := s.compute(op)
	s.tick()
	return err
}

// tick is the end of an op, whose time counts if the pass is taken apart.
func (s *step) tick() {
	if s.apart {
		now := s.now()
		s.times = append(s.times, (now - s.last).Nanoseconds())
		s.last = now
	}
}

// wanted are the rows of the residual stream whose logits are wanted.
func (s *step) wanted() (rows [][]float32) {
	for _, t := range s.turns {
		if t.all {
			rows = append(rows, s.x[t.from:t.to]...)
		} else {
			rows = append(rows, s.x[t.to-1])
		}
	}
	return rows
}

// longest is the most positions that a row attends to.
func (s *step) longest() (n int) {
	for _, t := range s.turns {
		n = max(n, t.past+t.to-t.from)
	}
	return n
}

// compute computes an op.
func (s *step) compute(op gpu.Op) error {
	switch op.Kind {
	case gpu.Embed:
		s.embed()
	case gpu.Normalise:
		s.normalise(op)
	case gpu.Add:
		s.add(op)
		s.h = s.x
	case gpu.ResultNorm:
		s.resultNorm(op)
	case gpu.Product:
		return s.product(op, s.at)
	case gpu.HeadProduct:
		return s.headProduct(op, s.at)
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
		for _, logits := range s.logits {
			for i, v := range logits {
				logits[i] = half(capped(v, s.model.LogitCap))
			}
		}
	default:
		panic("cpu: no op of kind " + string(op.Kind))
	}
	return nil
}

// now leaves out the time in which operands were made, which happens once. It is 0 where nothing is timed.
func (b *backend) now() (d time.Duration) {
	if b.options.Now != nil {
		d = b.options.Now() - time.Duration(b.kept.spent.Load())
	}
	return d
}

// activate is the activation of gate times up, or of fc1.
func (s *step) activate(op gpu.Op) {
	s.activated = make([][]float32, len(s.up))
	f, gated := activation(s.model), s.model.GatedMLP
	s.eachRow(len(s.up), func(r int) {
		in, out := s.up[r], make([]float32, op.Out)
		for i := range out {
			v := f(float64(in[i]))
			if gated {
				v *= float64(in[op.Out+i])
			}
			out[i] = half(float32(v))
		}
		s.activated[r] = out
	})
}

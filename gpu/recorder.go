package gpu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
)

// Recorder is the decode loop: a traces.Source that runs the next pass when the next record is asked for.
type Recorder struct {
	ctx      context.Context
	job      Job
	about    About
	header   *traces.Header
	main     Sequence
	ref      *reference // nil: none
	deciding *precision.Deciding
	draws    *draws // nil: the most likely tokens are taken

	queue   []traces.Record // ready to be yielded
	started time.Duration
	ran     bool // prefill is done
	ended   bool
	token   int // that the next pass reads
	step    int // the next one
	over    *precision.Overlay
	bits    int                  // that the schedule gives the next step
	at      precision.Assignment // and what is made of them for each matrix
	before  int                  // bits of the step before; 0: none
	timed   int                  // steps with a time
	sum     int64
}

var _ traces.Source = (*Recorder)(nil)

// NewRecorder checks a job and makes its sequences. When ctx is done the trace ends after the pass at work, or before
// it if the backend gives it up, marked as truncated.
func NewRecorder(ctx context.Context, b Backend, j Job) (*Recorder, error) {
	if err := j.check(); err != nil {
		return nil, err
	}
	deciding, err := j.Schedule.Start(j.Model.Model, j.Generate, precision.Evidence{Source: "this run", Horizon: j.Generate})
	if err != nil {
		return nil, err
	}
	r := &Recorder{ctx: ctx, job: j, about: b.About(), deciding: deciding}
	if j.Temperature > 0 {
		r.draws = newDraws(j.Temperature, *j.Seed, j.Prompt)
	}
	if r.header, err = j.header(r.about); err != nil {
		return nil, err
	}
	if r.over, err = j.Schedule.Over(j.Model.Model, j.Generate); err != nil {
		return nil, err
	}
	positions := len(j.Prompt) + j.Generate
	if r.main, err = b.Start(positions, j.Cache); err != nil {
		return nil, err
	}
	if j.Reference {
		of, err := b.Start(positions, formats.Cache{})
		if err != nil {
			return nil, fmt.Errorf("a second sequence for the fp16 reference: %w", err)
		}
		r.ref = &reference{of: of}
	}
	all := r.about.Ops
	if all == nil {
		all = Ops(j.Model.Model)
	}
	r.queue = append(r.queue, Table(j.Model.Model, all, r.header.Precisions, r.about.Launch))
	return r, nil
}

// Header returns the first record.
func (r *Recorder) Header() *traces.Header { return r.header }

// Close frees what its sequences have on the device; a backend's Close does so, too.
func (r *Recorder) Close() error {
	if r.ref == nil {
		return End(r.main)
	}
	return End(r.main, r.ref.of)
}

// Asked returns the number of decode passes after which the schedule computed a decision.
func (r *Recorder) Asked() int { return r.deciding.Plan().Asked }

// Next returns the next record, running a pass if it takes one, and io.EOF after the footer. After an error of the
// device the next record is the footer of a truncated trace.
func (r *Recorder) Next() (traces.Record, error) {
	for len(r.queue) == 0 {
		if r.ended {
			return nil, io.EOF
		}
		if err := r.advance(); err != nil {
			r.queue = r.queue[:0]
			r.end(traces.StopTruncated)
			return nil, err
		}
	}
	record := r.queue[0]
	r.queue = r.queue[1:]
	return record, nil
}

// advance puts the records of the next pass, or the footer, into the queue.
func (r *Recorder) advance() error {
	switch {
	case !r.ran:
		return r.prefill()
	case r.eos():
		r.end(traces.StopEOS)
	case r.step == r.job.Generate-1:
		r.end(traces.StopMax)
	case r.ctx.Err() != nil:
		r.end(traces.StopTruncated)
	default:
		err := r.decode()
		if err == nil || r.ctx.Err() == nil || !errors.Is(err, context.Cause(r.ctx)) {
			return err
		}
		r.end(traces.StopTruncated) // the pass at work was given up
	}
	return nil
}

func (r *Recorder) eos() bool {
	if r.job.IgnoreEOS {
		return false
	}
	for _, id := range r.job.Model.EOS {
		if id == r.token {
			return true
		}
	}
	return false
}

func (r *Recorder) prefill() error {
	if r.about.Now != nil {
		r.started = r.about.Now()
	}
	bits := r.header.PrefillBits
	pass, err := r.main.Prefill(r.job.Prompt, r.over.At(precision.Uniform(bits), 0))
	if err != nil {
		return fmt.Errorf("prefill of %d tokens at %d bits: %w", len(r.job.Prompt), bits, err)
	}
	if _, err := r.draw(&pass); err != nil {
		return fmt.Errorf("prefill: %w", err)
	}
	if r.ref != nil {
		if err := r.ref.prefill(r.job.Prompt); err != nil {
			return fmt.Errorf("prefill of the fp16 reference: %w", err)
		}
	}
	if r.job.Generate > 1 {
		first, err := r.deciding.Next(precision.Signals{})
		if err != nil {
			return fmt.Errorf("schedule %s: %w", r.job.Schedule, err)
		}
		r.bits, r.at = first.Bits, first.At
	}
	r.ran, r.token = true, pass.Token
	r.queue = append(r.queue, &traces.Prefill{Tokens: len(r.job.Prompt), WBits: bits, TokOut: &pass.Token, StepNS: pass.StepNS,
		OpNS: pass.OpNS, Experts: r.experts(pass)})
	return nil
}

// experts are those of a pass, as a trace has them.
func (r *Recorder) experts(p Pass) string {
	if e := r.job.Model.Experts; e != nil {
		return traces.EncodeExperts(p.Experts, e.Count)
	}
	return ""
}

// decode runs a step, asks the schedule for the next precision, and queues the records of the step.
func (r *Recorder) decode() error {
	s := &traces.Step{I: r.step, TokIn: some(r.token), KVLen: len(r.job.Prompt) + r.step, WBits: r.bits, Assignment: r.header.Index(r.bits, r.at)}
	if r.about.Now != nil {
		s.TNS = some((r.about.Now() - r.started).Nanoseconds())
	}
	pass, err := r.main.Decode(r.token, r.at)
	if err != nil {
		return fmt.Errorf("step %d at %d bits: %w", r.step, s.WBits, err)
	}
	logits, err := r.draw(&pass)
	if err != nil {
		return fmt.Errorf("step %d: %w", r.step, err)
	}
	s.TokOut, s.PMax, s.Entropy, s.Margin, s.LogP = &pass.Token, &pass.PMax, &pass.Entropy, &pass.Margin, &pass.LogP
	s.StepNS, s.WallNS, s.OpNS, s.Experts = pass.StepNS, pass.WallNS, pass.OpNS, r.experts(pass)
	if s.StepNS != nil {
		r.timed++
		r.sum += *s.StepNS
	}
	features, err := r.decide(s)
	if err != nil {
		return fmt.Errorf("step %d: %w", r.step, err)
	}
	if err := r.keep(s.I); err != nil {
		return fmt.Errorf("step %d: keeping keys and values: %w", r.step, err)
	}
	if r.ref != nil {
		if err := r.compare(s, r.token, logits); err != nil {
			return fmt.Errorf("step %d: the fp16 reference: %w", r.step, err)
		}
	}
	if r.before != 0 && r.before != s.WBits {
		r.queue = append(r.queue, &traces.Switch{I: s.I, From: r.before, To: s.WBits})
	}
	r.queue = append(r.queue, s)
	if features != nil {
		r.queue = append(r.queue, features)
	}
	r.before, r.token = s.WBits, pass.Token
	r.step++
	return nil
}

// draw replaces the token of a pass by one that is drawn from its logits, which it returns; nothing where none are.
func (r *Recorder) draw(p *Pass) ([]float32, error) {
	if r.draws == nil {
		return nil, nil
	}
	state, err := r.main.State(Want{Logits: true})
	if err != nil {
		return nil, err
	}
	r.draws.next()
	p.Token = r.draws.token(state.Logits)
	p.LogP = min(LogSoftmax(state.Logits, nil)[p.Token], 0)
	return state.Logits, nil
}

// compare holds a pass against fp16; its logits are read where they have not been yet.
func (r *Recorder) compare(s *traces.Step, token int, logits []float32) error {
	if logits == nil {
		state, err := r.main.State(Want{Logits: true})
		if err != nil {
			return err
		}
		logits = state.Logits
	}
	var err error
	s.Ref, err = r.ref.compare(token, *s.TokOut, logits, r.draws)
	return err
}

// decide asks the schedule after a step, with the signals that it may use: the step itself and, after the first, the
// cache.
func (r *Recorder) decide(s *traces.Step) (*traces.SchedFeatures, error) {
	last := s.I == r.job.Generate-2
	var began time.Duration
	if r.about.Now != nil {
		began = r.about.Now()
	}
	signals := precision.Signals{Confidence: s.PMax}
	var features *traces.SchedFeatures
	if s.I == 0 && r.job.Classifier != nil {
		kv, err := LastBlock(r.main, r.job.Model)
		if err != nil {
			return nil, err
		}
		if signals.KV, err = r.job.Classifier.Scores(kv); err != nil {
			return nil, err
		}
		features = &traces.SchedFeatures{I: 0, Name: "kv_scores", Scores: signals.KV}
	}
	if last {
		return features, nil
	}
	next, err := r.deciding.Next(signals)
	if err != nil {
		return nil, fmt.Errorf("schedule %s: %w", r.job.Schedule, err)
	}
	if r.job.Schedule.Kind.Decides() {
		score, threshold := r.deciding.Compared()
		s.Sched = &traces.Decision{Score: score, Threshold: threshold, Reason: next.Reason}
		if r.about.Now != nil {
			s.DecideNS = some((r.about.Now() - began).Nanoseconds())
		}
	}
	r.bits, r.at, s.WNext = next.Bits, next.At, some(next.Bits)
	return features, nil
}

// LastBlock returns keys and values of the last block, the inputs of a classifier.
func LastBlock(s Sequence, m *weights.Model) (*classifier.KV, error) { return BlockBefore(s, m, 0) }

// BlockBefore returns those of the block so many before the last.
func BlockBefore(s Sequence, m *weights.Model, before int) (*classifier.KV, error) {
	state, err := s.State(Want{Cache: true, Before: before})
	if err != nil {
		return nil, err
	}
	return &classifier.KV{Heads: m.KVHeads, Tokens: state.Positions, Dim: m.HeadDim, Key: state.Keys, Value: state.Values}, nil
}

// keep passes the cache after decode pass 1 to the job's Keep.
func (r *Recorder) keep(step int) error {
	if step != 0 || r.job.Keep == nil {
		return nil
	}
	kv, err := LastBlock(r.main, r.job.Model)
	if err != nil {
		return err
	}
	return r.job.Keep(kv)
}

// end queues the footer.
func (r *Recorder) end(why traces.Stop) {
	f := &traces.Footer{Steps: r.step, Stop: why}
	if r.timed == r.step && r.step > 0 {
		f.SumStepNS = some(r.sum)
	}
	if r.ref != nil {
		r.ref.footer(f)
	}
	r.queue = append(r.queue, f)
	r.ended = true
}

// Write records to w: a frame of zstd for each step, so that what was recorded stays readable whatever happens. An
// error of the device, or an interruption, still ends the trace with a footer, marked as truncated, and is returned;
// after a failure of w itself there can be none, and the trace is one that was cut off. Seen, if given, is called after
// each record.
func (r *Recorder) Write(w io.Writer, seen func(traces.Record)) error {
	out, err := traces.NewWriter(w, r.header)
	if err != nil {
		return err
	}
	var failed error
	for {
		record, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			if !r.ran { // nothing but a header: no trace at all
				return errors.Join(err, out.Abort())
			}
			failed = err
			continue
		}
		if err := out.Write(record); err != nil {
			return errors.Join(failed, err, out.Abort())
		}
		if _, ok := record.(*traces.Footer); !ok {
			if err := out.Flush(); err != nil {
				return errors.Join(failed, err, out.Abort())
			}
		}
		if seen != nil {
			seen(record)
		}
		if f, ok := record.(*traces.Footer); ok && f.Stop == traces.StopTruncated && failed == nil {
			failed = ErrInterrupted
		}
	}
	return failed
}

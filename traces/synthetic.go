package traces

import (
	"fmt"
	"io"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Synthesis is what a synthetic trace is derived from.
type Synthesis struct {
	Model    *workloads.Model
	Task     string // whose lengths Prompt and Generate are; may be empty
	Prompt   int    // tokens
	Generate int    // tokens, the one from prefill included
	Schedule precision.Schedule
	Seed     *int64 // goes into the header; a random schedule has its own
}

// Synthetic is the Source of a trace that nobody recorded. It has what follows from the model, the lengths and the
// schedule, the positions and precisions of the passes, and nothing that would need a run: no tokens, times or signals.
type Synthetic struct {
	header  *Header
	policy  precision.Policy // its rules aside
	over    *precision.Overlay
	passes  int  // decode passes in all
	step    int  // steps yielded so far
	started bool // prefill was yielded
	turned  bool // the switch before the next step was yielded
	ended   bool
}

var _ Source = (*Synthetic)(nil)

// NewSynthetic checks that the synthesis is possible and prepares its header.
func NewSynthetic(s Synthesis) (*Synthetic, error) {
	if s.Model == nil {
		return nil, fmt.Errorf("a synthetic trace: no model")
	}
	if err := s.Model.CheckLengths(s.Prompt, s.Generate); err != nil {
		return nil, fmt.Errorf("a synthetic trace: %w", err)
	}
	if most := most().Lines / 2; s.Generate > most { // before each step there may be a switch
		return nil, fmt.Errorf("a synthetic trace: %d tokens to generate; accepted: at most %d, which a trace has lines for", s.Generate, most)
	}
	if s.Schedule.Kind.Needs() != precision.NeedsNothing {
		return nil, fmt.Errorf("a synthetic trace: nothing was recorded that schedule %q could follow; accepted: %s", s.Schedule,
			precision.List(precision.KindsThatNeed(precision.NeedsNothing)))
	}
	if len(s.Schedule.Bits) == 0 {
		return nil, fmt.Errorf("a synthetic trace: schedule %q has no precision; accepted: %s", s.Schedule,
			precision.List(precision.KindsThatNeed(precision.NeedsNothing)))
	}
	policy, err := s.Schedule.Plain().Resolve(s.Model, s.Generate, precision.Evidence{})
	if err != nil {
		return nil, fmt.Errorf("a synthetic trace: %w", err)
	}
	over, err := s.Schedule.Over(s.Model, s.Generate)
	if err != nil {
		return nil, fmt.Errorf("a synthetic trace: %w", err)
	}
	header, err := s.header()
	return &Synthetic{header: header, policy: policy, over: over, passes: s.Generate - 1}, err
}

// header writes down what is known before the first pass.
func (s *Synthesis) header() (*Header, error) {
	h := &Header{
		Format: Format, Tool: "pmpdsim/traces", Source: FromSynthesis, Seed: s.Seed, Task: s.Task,
		Model: ShapeOf(s.Model), Prompt: Prompt{Tokens: s.Prompt}, MaxNew: &s.Generate,
	}
	return h, h.Plan(s.Model, s.Schedule, s.Generate)
}

// Header returns the first record.
func (s *Synthetic) Header() *Header { return s.header }

// Next returns the next record, and io.EOF after the footer.
func (s *Synthetic) Next() (Record, error) {
	switch {
	case s.ended:
		return nil, io.EOF
	case !s.started:
		s.started = true
		return &Prefill{Tokens: s.header.Prompt.Tokens, WBits: s.header.PrefillBits}, nil
	case s.step == s.passes:
		s.ended = true
		return &Footer{Steps: s.step, Stop: StopMax}, nil
	}
	bits := s.policy.At(s.step + 1).Max()
	if s.step > 0 && !s.turned {
		if before := s.policy.At(s.step).Max(); before != bits {
			s.turned = true
			return &Switch{I: s.step, From: before, To: bits}, nil
		}
	}
	step := &Step{I: s.step, KVLen: s.header.Prompt.Tokens + s.step, WBits: bits,
		Assignment: s.header.Index(bits, s.over.At(precision.Uniform(bits), s.step+1))}
	s.step++
	s.turned = false
	return step, nil
}

package traces

import "fmt"

func (c *checker) addStep(s *Step) *Error {
	for _, check := range []func(*Step) *Error{c.stepPlace, c.stepBits, c.stepTokens, c.stepMeasures, c.stepExperts} {
		if err := check(s); err != nil {
			return err
		}
	}
	if s.StepNS != nil {
		c.timed++
		c.sumNS += *s.StepNS
	}
	c.waiting, c.last = nil, s
	c.steps++
	return nil
}

func (c *checker) stepExperts(s *Step) *Error { return c.checkExperts(s.Experts, 1) }

// stepPlace checks that steps count from 0 and that each adds one position to the cache.
func (c *checker) stepPlace(s *Step) *Error {
	if s.I != c.steps {
		return fault("i", fmt.Sprint(c.steps), "step %d is out of order", s.I)
	}
	if want := c.header.Prompt.Tokens + c.steps; s.KVLen != want {
		return fault("kv_len", fmt.Sprint(want), "%d is not the prompt and the %d steps before", s.KVLen, c.steps)
	}
	if c.last != nil && c.last.TNS != nil && s.TNS != nil && *s.TNS < *c.last.TNS {
		return fault("t_ns", fmt.Sprintf("%d or more", *c.last.TNS), "%d is before step %d", *s.TNS, c.last.I)
	}
	return nil
}

// stepBits checks the precision of a step against the header, the schedule, the decision before it and its switch
// record.
func (c *checker) stepBits(s *Step) *Error {
	if err := c.header.precision("w_bits", s.WBits); err != nil {
		return err
	}
	if err := c.header.assignment("assignment", s.Assignment); err != nil {
		return err
	}
	if s.WNext != nil {
		if err := c.header.precision("w_next", *s.WNext); err != nil {
			return err
		}
	}
	if c.waiting != nil && s.WBits != c.waiting.To {
		return fault("w_bits", fmt.Sprint(c.waiting.To), "%d is not where the switch before it goes", s.WBits)
	}
	if c.last != nil && c.waiting == nil && s.WBits != c.last.WBits {
		return fault("w_bits", fmt.Sprintf("%d, or a switch record before it", c.last.WBits),
			"the precision changes from %d to %d without a switch record", c.last.WBits, s.WBits)
	}
	if c.last != nil && c.last.WNext != nil && s.WBits != *c.last.WNext {
		return fault("w_bits", fmt.Sprint(*c.last.WNext), "%d is not the w_next of step %d", s.WBits, c.last.I)
	}
	if plan := c.header.planned(s.I); plan != 0 && s.WBits != plan {
		return fault("w_bits", fmt.Sprint(plan), "%d is not what the header's %s schedule says for step %d",
			s.WBits, c.header.Scheduler.Kind, s.I)
	}
	return nil
}

// stepTokens checks the token ids, and that a greedy run feeds each token to the pass after it.
func (c *checker) stepTokens(s *Step) *Error {
	if err := c.header.token("tok_in", s.TokIn); err != nil {
		return err
	}
	if err := c.header.token("tok_out", s.TokOut); err != nil {
		return err
	}
	before := c.prefill.TokOut
	if c.last != nil {
		before = c.last.TokOut
	}
	forced := c.header.Sampling != nil && c.header.Sampling.Kind == Forced
	if !forced && before != nil && s.TokIn != nil && *s.TokIn != *before {
		return fault("tok_in", fmt.Sprint(*before), "%d is not the tok_out of the pass before", *s.TokIn)
	}
	if s.Ref == nil {
		return nil
	}
	if err := c.header.token("ref.tok", &s.Ref.Tok); err != nil {
		return err
	}
	if s.TokOut != nil && s.Ref.Agree != (s.Ref.Tok == *s.TokOut) {
		return fault("ref.agree", fmt.Sprint(!s.Ref.Agree), "tok %d beside tok_out %d says otherwise", s.Ref.Tok, *s.TokOut)
	}
	return nil
}

// stepMeasures checks the times per op, and that a synthetic step measured nothing.
func (c *checker) stepMeasures(s *Step) *Error {
	if c.synthetic() {
		for _, m := range s.measures() {
			if m.there {
				return unmeasured(m.key)
			}
		}
	}
	return c.opTimes(s.OpNS)
}

// measures lists the fields of a step that only a run can fill.
func (s *Step) measures() []measure {
	return []measure{
		{"t_ns", s.TNS != nil},
		{"tok_in", s.TokIn != nil},
		{"tok_out", s.TokOut != nil},
		{"step_ns", s.StepNS != nil},
		{"wall_ns", s.WallNS != nil},
		{"decide_ns", s.DecideNS != nil},
		{"op_ns", s.OpNS != nil},
		{"p_max", s.PMax != nil},
		{"entropy", s.Entropy != nil},
		{"margin", s.Margin != nil},
		{"logp", s.LogP != nil},
		{"sched", s.Sched != nil},
		{"ref", s.Ref != nil},
		{keyExperts, s.Experts != ""},
	}
}

func (c *checker) addFooter(f *Footer) *Error {
	if c.waiting != nil {
		return fault("type", "a step", "the switch to %d has no step after it", c.waiting.To)
	}
	if f.Steps != c.steps {
		return fault("steps", fmt.Sprint(c.steps), "%d is not the number of step records", f.Steps)
	}
	if err := c.footerStop(f); err != nil {
		return err
	}
	if c.synthetic() {
		for _, m := range []measure{{"sum_step_ns", f.SumStepNS != nil}, {"nll", f.NLL != nil}, {"agree", f.Agree != nil}} {
			if m.there {
				return unmeasured(m.key)
			}
		}
	}
	if f.SumStepNS != nil && c.timed != c.steps {
		return fault("sum_step_ns", "no such key", "only %d of %d steps have a step_ns", c.timed, c.steps)
	}
	if f.SumStepNS != nil && *f.SumStepNS != c.sumNS {
		return fault("sum_step_ns", fmt.Sprint(c.sumNS), "%d is not the sum of step_ns", *f.SumStepNS)
	}
	c.footer = f
	return nil
}

// footerStop checks the number of generated tokens, which is one more than the steps, against the limit.
func (c *checker) footerStop(f *Footer) *Error {
	if c.header.MaxNew == nil {
		return nil
	}
	most := *c.header.MaxNew - 1 // prefill yields the first token
	if c.steps > most {
		return fault("steps", fmt.Sprintf("at most %d, as prefill yields the first token", most),
			"%d steps generate more than max_new tokens", c.steps)
	}
	if f.Stop == StopMax && c.steps != most {
		return fault("stop", "eos, truncated", "%d steps do not reach max_new %d", c.steps, *c.header.MaxNew)
	}
	return nil
}

package traces

import (
	"encoding/base64"
	"fmt"
)

// checker holds the records of one trace, in order, against FORMAT.md. Readers and writers share it.
type checker struct {
	header  *Header
	ops     *Ops
	prefill *Prefill
	last    *Step // the latest step
	steps   int   // steps so far
	waiting *Switch
	footer  *Footer
	timed   int   // steps with a step_ns
	sumNS   int64 // of them
}

// add checks the next record against those before it.
func (c *checker) add(r Record) *Error {
	if c.footer != nil {
		return fault("type", "nothing", "a %s record stands after the footer", r.kind())
	}
	if h, ok := r.(*Header); ok {
		if c.header != nil {
			return fault("type", "one header", "a second header stands here")
		}
		c.header = h
		return checkHeader(h)
	}
	if c.header == nil {
		return fault("type", "header", "a %s record comes first", r.kind())
	}
	switch r := r.(type) {
	case *Ops:
		return c.addOps(r)
	case *Prefill:
		return c.addPrefill(r)
	}
	if c.prefill == nil {
		return fault("type", "prefill, or ops before it", "a %s record stands before prefill", r.kind())
	}
	switch r := r.(type) {
	case *Step:
		return c.addStep(r)
	case *Switch:
		return c.addSwitch(r)
	case *SchedFeatures:
		return c.addFeatures(r)
	case *CalibOps:
		return c.addCalib(r)
	case *Footer:
		return c.addFooter(r)
	}
	panic(fmt.Sprintf("traces: the checker does not know %T", r))
}

func (c *checker) synthetic() bool { return c.header.Source == FromSynthesis }

func (c *checker) addOps(r *Ops) *Error {
	if c.ops != nil {
		return fault("type", "one table", "a second ops record stands here")
	}
	if c.prefill != nil {
		return fault("type", "ops before prefill", "an ops record stands after prefill")
	}
	if c.synthetic() {
		return fault("type", "no such record", "an ops record stands in a synthetic trace, which launched nothing")
	}
	c.ops = r
	for i := range r.Ops {
		if err := c.checkOp(i, &r.Ops[i]); err != nil {
			return err.under("ops" + index(i))
		}
	}
	return nil
}

func (c *checker) checkOp(i int, op *Op) *Error {
	if op.ID != i {
		return fault("id", fmt.Sprint(i), "%d is not the place of the op in the table", op.ID)
	}
	if op.Layer != nil && *op.Layer >= c.header.Model.Layers {
		return fault("layer", fmt.Sprintf("0 to %d", c.header.Model.Layers-1), "the model has no layer %d", *op.Layer)
	}
	for _, l := range []struct {
		key   string
		sizes []int
	}{{"grid", op.Grid}, {"block", op.Block}} {
		if l.sizes != nil && len(l.sizes) != 3 {
			return fault(l.key, "three sizes", "the list has %d elements", len(l.sizes))
		}
	}
	for _, bits := range c.header.Precisions {
		_, weights := op.WeightBytes[bits]
		if _, lut := op.LUTBytes[bits]; lut && !weights {
			return fault("lut_bytes."+fmt.Sprint(bits), "only precisions of weight_bytes", "weight_bytes has no such precision")
		}
	}
	for _, l := range []struct {
		key   string
		bytes map[int]int64
	}{{"weight_bytes", op.WeightBytes}, {"lut_bytes", op.LUTBytes}} {
		for bits := 16; bits > 1; bits-- {
			if _, ok := l.bytes[bits]; !ok {
				continue
			}
			if err := c.header.precision(fmt.Sprintf("%s.%d", l.key, bits), bits); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *checker) addPrefill(r *Prefill) *Error {
	if c.prefill != nil {
		return fault("type", "one prefill", "a second prefill record stands here")
	}
	c.prefill = r
	if r.Tokens != c.header.Prompt.Tokens {
		return fault("tokens", fmt.Sprint(c.header.Prompt.Tokens), "%d are not the header's prompt tokens", r.Tokens)
	}
	if r.WBits != c.header.PrefillBits {
		return fault("w_bits", fmt.Sprint(c.header.PrefillBits), "%d is not the header's prefill_bits", r.WBits)
	}
	for _, m := range r.measures() {
		if m.there && c.synthetic() {
			return unmeasured(m.key)
		}
	}
	if err := c.header.token("tok_out", r.TokOut); err != nil {
		return err
	}
	if err := c.checkExperts(r.Experts, r.Tokens); err != nil {
		return err
	}
	return c.opTimes(r.OpNS)
}

// measures lists the fields of prefill that only a run can fill.
func (r *Prefill) measures() []measure {
	return []measure{{"tok_out", r.TokOut != nil}, {"step_ns", r.StepNS != nil}, {"op_ns", r.OpNS != nil}, {keyExperts, r.Experts != ""}}
}

// measure is a field that only a run can fill.
type measure struct {
	key   string
	there bool
}

// opTimes checks a list of times per op.
func (c *checker) opTimes(ns []int64) *Error {
	if ns == nil {
		return nil
	}
	if c.ops == nil {
		return fault("op_ns", "an ops record before prefill", "the times have no table of ops")
	}
	if len(ns) != len(c.ops.Ops) {
		return fault("op_ns", "one per op, in order", "the list has %d elements for %d ops", len(ns), len(c.ops.Ops))
	}
	return nil
}

func (c *checker) addSwitch(r *Switch) *Error {
	switch {
	case c.last == nil:
		return fault("type", "a switch between two steps", "a switch stands before step 0")
	case c.waiting != nil:
		return fault("type", "one switch before a step", "a second switch stands before step %d", c.steps)
	case r.I != c.steps:
		return fault("i", fmt.Sprint(c.steps), "%d is not the next step", r.I)
	case r.From != c.last.WBits:
		return fault("from", fmt.Sprint(c.last.WBits), "%d is not the precision of step %d", r.From, c.last.I)
	case r.To == r.From:
		return fault("to", "another precision", "%d is no switch from %d", r.To, r.From)
	}
	c.waiting = r
	return c.header.precision("to", r.To)
}

func (c *checker) addFeatures(r *SchedFeatures) *Error {
	if c.synthetic() {
		return fault("type", "no such record", "a sched_features record stands in a synthetic trace, which saw nothing")
	}
	if c.last == nil || r.I != c.last.I {
		return fault("i", "the step before this line", "%d is not the latest step", r.I)
	}
	if (r.B64 == "") != (r.Shape == nil) || (r.B64 == "") != (r.DType == "") {
		return fault("b64", "shape, dtype and b64, or none of them", "the raw values lack one of shape, dtype and b64")
	}
	if r.B64 == "" {
		return nil
	}
	want := r.DType.Size()
	for _, n := range r.Shape {
		if n > most().Line/want { // no line could hold them
			return fault("shape", fmt.Sprintf("at most %d bytes in all", most().Line), "the values do not fit into a line")
		}
		want *= n
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(r.B64)
	if err != nil {
		return fault("b64", "standard base64 with padding", "%v", err)
	}
	if len(raw) != want {
		return fault("b64", fmt.Sprintf("%d bytes by shape and dtype", want), "the text holds %d bytes", len(raw))
	}
	return nil
}

func (c *checker) addCalib(r *CalibOps) *Error {
	if c.synthetic() {
		return fault("type", "no such record", "a calib_ops record stands in a synthetic trace, which measured nothing")
	}
	if err := c.header.precision("w_bits", r.WBits); err != nil {
		return err
	}
	if c.ops == nil || r.Op >= len(c.ops.Ops) {
		return fault("op", "the id of an op in the table", "there is no op %d", r.Op)
	}
	return nil
}

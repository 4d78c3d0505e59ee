package gpu

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
)

// Job is what is to be recorded.
type Job struct {
	Model         *weights.Model
	WeightsSHA256 string
	Prompt        []int  // token numbers
	PromptSHA256  string // of its text; empty: it has none
	Generate      int    // tokens at most, the first of which comes from prefill
	Schedule      precision.Schedule
	Classifier    *classifier.Net // of a learned schedule
	Cache         formats.Cache   // of keys and values
	Reference     bool            // compare each pass with an fp16 pass over the same tokens, whose cache is fp16, too
	IgnoreEOS     bool
	Temperature   float64 // tokens are drawn at it, by Seed; 0: the most likely ones are taken

	// How the weights became planes (weights.Quantiser).
	SeedBits          int    // 0: weights.MinSeed
	SensitivitySHA256 string // of the file of sensitivities; empty: all weights count alike

	Task    string // for the header
	Seed    *int64
	Tool    string
	Created string // RFC 3339
	RunID   string

	// Keep is given the cache of the last block after decode pass 1: what a classifier of keys and values sees. nil:
	// nobody wants it.
	Keep func(*classifier.KV) error
}

// check returns an error if a job is impossible.
func (j *Job) check() error {
	m := j.Model
	if err := m.CheckLengths(len(j.Prompt), j.Generate); err != nil {
		return err
	}
	if i := slices.IndexFunc(j.Prompt, func(id int) bool { return id < 0 || id >= m.Vocab }); i >= 0 {
		return fmt.Errorf("token %d of the prompt is %d; accepted: 0 to %d, the vocabulary of %s", i+1, j.Prompt[i], m.Vocab-1, m.Name)
	}
	if err := CheckTemperature(j.Temperature); err != nil {
		return fmt.Errorf("temperature %w", err)
	}
	if j.Temperature > 0 && j.Seed == nil {
		return errors.New("tokens are to be drawn without a seed; accepted: a seed, or a temperature of 0")
	}
	if j.Keep != nil && m.Latent != nil {
		return fmt.Errorf("keys and values of heads are to be kept, and %s has none; accepted: a model without latent attention", m.Name)
	}
	return Decidable(j.Schedule, m, j.Classifier)
}

// Decidable says what a schedule's decisions need and a live run of a model does not have. It has what each pass measures, and
// the scores of a classifier of the last block's keys and values where there is one.
func Decidable(s precision.Schedule, m *weights.Model, c *classifier.Net) error {
	switch s.Kind.Needs() {
	case precision.NeedsNothing, precision.NeedsConfidence:
		return nil
	case precision.NeedsKVScores:
		if m.Latent != nil {
			return fmt.Errorf("schedule %s: a classifier sees keys and values of heads, and %s keeps neither; accepted: a model without latent "+
				"attention", s, m.Name)
		}
		if c == nil {
			return fmt.Errorf("schedule %s: there is no classifier to ask; accepted: %s,classifier=FILE", s, s)
		}
		if c.Heads != m.KVHeads || c.Dim != m.HeadDim {
			return fmt.Errorf("schedule %s: the classifier is for %d KV heads of %d values; accepted: %d of %d, those of %s", s, c.Heads,
				c.Dim, m.KVHeads, m.HeadDim, m.Name)
		}
		return nil
	case precision.NeedsHiddenScores, precision.NeedsRecordedBits, precision.NeedsOtherRuns:
	}
	return fmt.Errorf("schedule %s: nothing in a live run decides it; accepted: %s, %s with classifier=FILE", s,
		precision.List(precision.KindsThatNeed(precision.NeedsNothing, precision.NeedsConfidence)),
		precision.List(precision.KindsThatNeed(precision.NeedsKVScores)))
}

// header returns the trace's header: what is known before the first pass.
func (j *Job) header(about About) (*traces.Header, error) {
	shape := traces.ShapeOf(j.Model.Model)
	shape.WeightsSHA256, shape.ConfigSHA256 = j.WeightsSHA256, j.Model.ConfigSHA256
	h := &traces.Header{
		Format: traces.Format, RunID: j.RunID, Created: j.Created, Tool: j.Tool, Mode: about.Mode,
		Source: about.Source, Seed: j.Seed, Task: j.Task, Model: shape,
		Quant: j.quant(), GPU: about.GPU, Kernels: about.Kernels, Calib: about.Calib,
		Prompt: traces.Prompt{SHA256: j.PromptSHA256, Tokens: len(j.Prompt), IDs: j.Prompt}, MaxNew: &j.Generate,
		Sampling: j.sampling(),
	}
	if err := h.Plan(j.Model.Model, j.Schedule, j.Generate); err != nil {
		return nil, err
	}
	if j.Classifier != nil {
		h.Scheduler.ClassifierSHA256 = j.Classifier.SHA256
	}
	return h, nil
}

// sampling says how tokens are chosen.
func (j *Job) sampling() *traces.Sampling {
	if j.Temperature == 0 {
		return &traces.Sampling{Kind: traces.Greedy}
	}
	return &traces.Sampling{Kind: traces.Sample, Temperature: &j.Temperature}
}

// drawsAs reports whether a trace's tokens were chosen as those of this job.
func (j *Job) drawsAs(h *traces.Header) bool {
	of := h.Sampling
	if of == nil {
		of = &traces.Sampling{Kind: traces.Greedy}
	}
	return reflect.DeepEqual(of, j.sampling()) && (j.Temperature == 0 || reflect.DeepEqual(h.Seed, j.Seed))
}

// quant says how the weights are quantised.
func (j *Job) quant() *traces.Quant {
	q := &traces.Quant{Scheme: "anyprec-lut", Planes: some(weights.Planes), LUT: "per-row fp16", Layout: "plane-major/1024",
		Accumulate: "fp32", LMHeadBits: some(weights.Half), SensitivitySHA256: j.SensitivitySHA256}
	if j.SeedBits > weights.MinSeed {
		q.SeedBits = &j.SeedBits
	}
	q.Cached(j.Cache)
	return q
}

// Differs says in what a whole trace is none of this job; empty: it is. Who ran it, and when, does not count.
func (j *Job) Differs(t *traces.Trace) string {
	h := t.Header
	classifier := ""
	if j.Classifier != nil {
		classifier = j.Classifier.SHA256
	}
	switch {
	case h.Model.WeightsSHA256 != j.WeightsSHA256:
		return "other weights"
	case h.Model.Name != j.Model.Name:
		return "the model " + h.Model.Name
	case !reflect.DeepEqual(h.Quant, j.quant()):
		return "another quantisation"
	case !slices.Equal(h.Prompt.IDs, j.Prompt):
		return "another prompt"
	case h.Scheduler.Spec != j.Schedule.String():
		return "the schedule " + h.Scheduler.Spec
	case h.Scheduler.ClassifierSHA256 != classifier:
		return "another classifier"
	case !j.drawsAs(h):
		return "tokens that are chosen in another way (--temperature, --seed)"
	case h.MaxNew == nil || *h.MaxNew != j.Generate:
		return "another number of tokens"
	case (t.Footer.Agree != nil) != j.Reference:
		return "an fp16 reference or without one"
	case j.IgnoreEOS && t.Footer.Stop == traces.StopEOS:
		return "an answer that ended early"
	}
	return ""
}

// ErrInterrupted is the error of a recording that was interrupted.
var ErrInterrupted = errors.New("interrupted")

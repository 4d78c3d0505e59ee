package traces

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
)

// Measure is a way to read the quality of a run from its trace. More is better.
type Measure string

// The measures.
const (
	Quality    Measure = "quality"    // footer.agree: share of the tokens on which the fp16 reference agrees
	Likelihood Measure = "likelihood" // exp(-footer.nll): mean probability of a token under it
)

// Measures returns the accepted names.
func Measures() []Measure { return []Measure{Quality, Likelihood} }

// Quality reads a measure.
func (t *Trace) Quality(m Measure) (float64, error) {
	switch f := t.Footer; {
	case m == Quality && f.Agree != nil:
		return *f.Agree, nil
	case m == Likelihood && f.NLL != nil:
		return math.Exp(-*f.NLL), nil
	case m == Quality:
		return 0, fmt.Errorf("%s: the footer has no agree; accepted for %s: a trace recorded with the fp16 reference beside it", t.Name, m)
	case m == Likelihood:
		return 0, fmt.Errorf("%s: the footer has no nll; accepted for %s: a trace recorded with the fp16 reference beside it", t.Name, m)
	default:
		panic("traces: unknown measure " + string(m))
	}
}

// Prompt identifies the prompt: its SHA-256, of the text or else of the token ids.
func (t *Trace) Prompt() (string, error) {
	p := t.Header.Prompt
	switch {
	case p.SHA256 != "":
		return p.SHA256, nil
	case p.IDs != nil:
		sum := sha256.Sum256(fmt.Append(nil, p.IDs))
		return hex.EncodeToString(sum[:]), nil
	default:
		return "", fmt.Errorf("%s: the header says neither prompt.sha256 nor prompt.ids; accepted: one of them, to tell which traces "+
			"are of the same prompt", t.Name)
	}
}

// Continuation returns the tokens that the run chose, the first of which comes from prefill.
func (t *Trace) Continuation() ([]int, error) {
	missing := func(what string) error {
		return fmt.Errorf("%s: %s has no tok_out; accepted: a trace with all tokens", t.Name, what)
	}
	if t.Prefill == nil || t.Prefill.TokOut == nil {
		return nil, missing("prefill")
	}
	ids := []int{*t.Prefill.TokOut}
	for _, step := range t.Steps {
		if step.TokOut == nil {
			return nil, missing(fmt.Sprintf("step %d", step.I))
		}
		ids = append(ids, *step.TokOut)
	}
	return ids, nil
}

// Cache returns the keys and values beside the trace: of the last block after decode pass 1.
func (t *Trace) Cache() (*classifier.KV, error) {
	kv, err := classifier.ReadKV(t.Sidecar())
	if err != nil {
		return nil, err
	}
	// PMPD asks at index 1: the cache holds the prompt and the token that decode pass 1 read.
	m := t.Header.Model
	if want := t.PromptTokens() + 1; kv.Heads != m.KVHeads || kv.Dim != m.HeadDim || kv.Tokens != want {
		return nil, fmt.Errorf("%s holds %d heads, %d tokens, %d values; accepted: %d, %d, %d, the cache of the last block after decode "+
			"pass 1", t.Sidecar(), kv.Heads, kv.Tokens, kv.Dim, m.KVHeads, want, m.HeadDim)
	}
	return kv, nil
}

// ReadDir reads all traces of a directory in the order of their names: NAME.trace.jsonl.zst and NAME.trace.jsonl.
func ReadDir(dir string) ([]*Trace, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, suggest.File(err, "a directory with NAME"+Suffix+" files")
	}
	var all []*Trace
	var several Several
	for _, e := range entries {
		if e.IsDir() || !IsName(e.Name()) {
			continue
		}
		t, err := several.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no traces; accepted: a directory with NAME%s files", dir, Suffix)
	}
	return all, nil
}

// Fixed is the schedule of a trace whose switches were known before it ran.
func (t *Trace) Fixed() (precision.Schedule, error) {
	refused := func(what string) (precision.Schedule, error) {
		return precision.Schedule{}, fmt.Errorf("%s: %s; accepted: traces under fp16, uniform and static, with scheduler.spec or "+
			"scheduler.params", t.Name, what)
	}
	h := t.Header
	s := precision.Schedule{Kind: h.Scheduler.Kind}
	switch h.Scheduler.Kind {
	case precision.KindFP16:
		s.Bits = []int{16}
	case precision.KindUniform, precision.KindStatic:
		switch p := h.Scheduler.Params; {
		case p != nil && len(p.Bits) > 0:
			s.Bits, s.Steps = p.Bits, p.SwitchAt
			if parsed, err := precision.Parse(h.Scheduler.Spec); err == nil {
				s.Rules = parsed.Rules
			}
		case h.Scheduler.Spec != "":
			parsed, err := precision.Parse(h.Scheduler.Spec)
			if err != nil {
				return refused(err.Error())
			}
			if s = parsed; s.Kind == precision.KindStatic && len(s.Steps) == 0 {
				return refused("the header does not say where " + h.Scheduler.Spec + " switched")
			}
		default:
			return refused("the header does not say which precisions its schedule has")
		}
	default:
		return refused(fmt.Sprintf("recorded under %s, whose switches depend on the prompt", h.Scheduler.Kind))
	}
	s.Prefill = h.PrefillBits
	s, err := precision.Parse(s.String()) // drops a prefill that says nothing
	if err != nil {
		return refused(err.Error())
	}
	return s, nil
}

// Prompts groups traces by their prompt, in the order in which prompts first occur.
func Prompts(all []*Trace, m Measure) ([]precision.PromptRuns, error) {
	var prompts []precision.PromptRuns
	for _, t := range all {
		if first := all[0]; t.Header.Model.Name != first.Header.Model.Name {
			return nil, fmt.Errorf("%s: a trace of %s, %s is one of %s; accepted: traces of one model", t.Name, t.Header.Model.Name,
				first.Name, first.Header.Model.Name)
		}
		if t.Footer.Stop == StopTruncated {
			return nil, fmt.Errorf("%s: the recording was interrupted; accepted: whole runs", t.Name)
		}
		id, err := t.Prompt()
		if err != nil {
			return nil, err
		}
		r := precision.Run{Source: t.Name}
		if r.Schedule, err = t.Fixed(); err != nil {
			return nil, err
		}
		if r.Quality, err = t.Quality(m); err != nil {
			return nil, err
		}
		r.AverageBits = precision.AverageBits(t.Header.Model.model(), precision.Passes(t.Precisions()), len(t.Steps))
		i := slices.IndexFunc(prompts, func(p precision.PromptRuns) bool { return p.Prompt == id })
		if i < 0 {
			i = len(prompts)
			prompts = append(prompts, precision.PromptRuns{Prompt: id})
		}
		prompts[i].Runs = append(prompts[i].Runs, r)
	}
	return prompts, nil
}

package learn

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"

	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// FromTraces makes examples of recorded runs for a learned schedule: of each prompt one under each of Runs, and keys and values
// beside one of those at the first precision. Prompts come in the order of their first traces, all of one model that was quantised in one way.
func FromTraces(all []*traces.Trace, s precision.Schedule) ([]Example, error) {
	h := all[0].Header
	if h.MaxNew == nil {
		return nil, fmt.Errorf("%s: the header has no max_new; accepted: traces that say how many tokens they could have", all[0].Name)
	}
	runs, err := Runs(s, *h.MaxNew)
	if err != nil {
		return nil, err
	}
	var ids []string
	byPrompt := map[string][]*traces.Trace{} // in the order of runs; nil: not there
	for _, t := range all {
		at, err := place(all[0], t, runs)
		if err != nil {
			return nil, err
		}
		if at < 0 {
			continue // of another schedule
		}
		id, err := t.Prompt()
		if err != nil {
			return nil, err
		}
		if byPrompt[id] == nil {
			ids, byPrompt[id] = append(ids, id), make([]*traces.Trace, len(runs))
		}
		if other := byPrompt[id][at]; other != nil {
			return nil, fmt.Errorf("%s and %s are both of prompt %.12s under %s; accepted: one", other.Name, t.Name, id, runs[at])
		}
		byPrompt[id][at] = t
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("no trace is under one of the schedules that are compared; accepted: of each prompt one under each of %s", texts(runs))
	}
	var examples []Example
	for _, id := range ids {
		e, err := example(id, byPrompt[id], runs)
		if err != nil {
			return nil, err
		}
		examples = append(examples, *e)
	}
	return examples, nil
}

// place says which of the runs a trace is; -1: none.
func place(first, t *traces.Trace, runs []precision.Schedule) (int, error) {
	switch h := t.Header; {
	case h.Model.Name != first.Header.Model.Name || h.Model.WeightsSHA256 != first.Header.Model.WeightsSHA256:
		return 0, fmt.Errorf("%s: a trace of %s, and %s is one of %s, or of other weights; accepted: traces of one model", t.Name,
			h.Model.Name, first.Name, first.Header.Model.Name)
	case !reflect.DeepEqual(h.Quant, first.Header.Quant):
		return 0, fmt.Errorf("%s: weights or cache are quantised in another way than in %s; accepted: traces of one quantisation", t.Name, first.Name)
	case h.MaxNew == nil || *h.MaxNew != *first.Header.MaxNew:
		return 0, fmt.Errorf("%s: another max_new than %s; accepted: runs of as many tokens at most", t.Name, first.Name)
	case h.Sampling != nil && h.Sampling.Kind == traces.Sample:
		return 0, fmt.Errorf("%s: its tokens were drawn; accepted: traces of the most likely tokens (record without --temperature)", t.Name)
	case t.Footer.Stop == traces.StopTruncated:
		return 0, fmt.Errorf("%s: the recording was interrupted; accepted: whole runs", t.Name)
	case !slices.Contains([]precision.Kind{precision.KindFP16, precision.KindUniform, precision.KindStatic}, h.Scheduler.Kind):
		return -1, nil
	}
	s, err := t.Fixed()
	if err != nil {
		return 0, err
	}
	return slices.IndexFunc(runs, func(r precision.Schedule) bool { return r.String() == s.String() }), nil
}

// example makes one of the traces of a prompt.
func example(id string, runs []*traces.Trace, schedules []precision.Schedule) (*Example, error) {
	e := &Example{Prompt: id}
	var continuations [][]int
	for i, t := range runs {
		if t == nil {
			return nil, fmt.Errorf("prompt %.12s has no trace under %s; accepted: one under each of %s", id, schedules[i], texts(schedules))
		}
		tokens, err := t.Continuation()
		if err != nil {
			return nil, err
		}
		continuations = append(continuations, tokens)
	}
	e.Rouge = rouge(continuations)
	for _, t := range runs[1:] { // pass 1 is at the first precision in all of them
		kv, err := t.Cache()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		e.Input = kv.Input()
		return e, nil
	}
	return nil, fmt.Errorf("prompt %.12s has no keys and values beside its traces; accepted: %s, as record --keep-kv writes it", id,
		runs[1].Sidecar())
}

func texts(schedules []precision.Schedule) string {
	text := ""
	for i, s := range schedules {
		if i > 0 {
			text += ", "
		}
		text += s.String()
	}
	return text
}

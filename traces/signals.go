package traces

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
)

// Evidence returns what the trace lets a schedule decide on: the recorded bits and the signals of each pass. Where the
// schedule names a classifier, the scores of the learned scheduler are computed from the keys and values beside the
// trace.
func (t *Trace) Evidence(s precision.Schedule) (precision.Evidence, error) {
	e := precision.Evidence{Source: t.Name, Recorded: t.Precisions(), Signals: t.signals()}
	if t.Header.MaxNew != nil {
		e.Horizon = *t.Header.MaxNew
	}
	if p := t.Header.Scheduler.Params; p != nil && p.Horizon != nil && t.Header.Scheduler.Kind == s.Kind {
		e.Horizon = *p.Horizon // the same scheduler again: with the same candidates
	}
	if s.Classifier == "" || len(e.Signals) == 0 {
		return e, nil
	}
	c, err := classifier.Read(s.Classifier)
	if err == nil {
		e.Signals[0].KV, err = t.classify(c, e.Signals[0].KV)
	}
	if err != nil {
		return precision.Evidence{}, fmt.Errorf("classifier %s: %w", s.Classifier, err)
	}
	e.Classifier = c.SHA256
	return e, nil
}

// signals are those of each pass. Scores are of the classifier of keys and values where their record is named kv…, of
// the one of activations where it is named act….
func (t *Trace) signals() []precision.Signals {
	all := make([]precision.Signals, len(t.Steps))
	for i, s := range t.Steps {
		all[i].Confidence = s.PMax
	}
	for _, f := range t.Features {
		switch {
		case len(f.Scores) == 0:
		case strings.HasPrefix(f.Name, "kv"):
			all[f.I].KV = f.Scores
		case strings.HasPrefix(f.Name, "act"):
			all[f.I].Activation = f.Scores
		}
	}
	return all
}

// classify runs a classifier. The recorded scores stand in for keys and values that were not kept, if they are its own.
func (t *Trace) classify(c *classifier.Net, recorded []float64) ([]float64, error) {
	kv, err := t.Cache()
	own := t.Header.Scheduler.ClassifierSHA256
	if errors.Is(err, fs.ErrNotExist) {
		if c.SHA256 == own && len(recorded) > 0 {
			return recorded, nil
		}
		if own == "" {
			own = "none that the header names"
		}
		return nil, fmt.Errorf("it is not the one whose scores %s has (SHA-256 %s, recorded: %s), and there are no keys and values to "+
			"run it on; accepted: %s beside the trace, or no classifier= to replay the recorded scores", t.Name, c.SHA256, own, t.Sidecar())
	}
	if err != nil {
		return nil, err
	}
	return c.Scores(kv)
}

// Sidecar returns the path of the file beside the trace that holds the last block's keys and values after decode pass
// 1.
func (t *Trace) Sidecar() string { return SidecarOf(t.Name) }

// SidecarOf returns that path for the path of a trace.
func SidecarOf(trace string) string {
	name := trace
	for _, suffix := range []string{".zst", ".jsonl", ".trace"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name + ".kv.safetensors"
}

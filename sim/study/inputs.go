package study

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/result"
)

// Inputs of results are compared by their content: an NPU and a model by each of their keys where both results carry
// them, and else by their fingerprints, code by its version.

// texts are inputs that have been taken apart, by fingerprint: many results share one.
type texts map[string]map[string]string

// changes are the inputs that differ between two outcomes.
func (t *texts) changes(a, b *Outcome) (all []Change, err error) {
	add := func(key, x, y string) {
		if x != y {
			all = append(all, Change{Key: key, A: x, B: y})
		}
	}
	number := func(n int) string { return fmt.Sprint(n) }
	add("version", a.Version, b.Version)
	add("model", a.Model, b.Model)
	add("task", a.Task, b.Task)
	add("prompt", number(a.PromptTokens), number(b.PromptTokens))
	add("gen", number(a.GeneratedTokens), number(b.GeneratedTokens))
	add("batch", number(a.Batch), number(b.Batch))
	add("schedule", a.Schedule, b.Schedule)
	add("experts", routingOf(a), routingOf(b))
	add(passesKey, sampling(a), sampling(b))
	add("npu", a.NPU, b.NPU)
	add("trace", a.TraceSHA256, b.TraceSHA256)
	add("classifier", a.Classifier, b.Classifier)
	for _, part := range []struct {
		name, prefix string
		a, b         string // fingerprints
		of           func(*result.Inputs) json.RawMessage
	}{
		{"npu", "", a.Config, b.Config, func(i *result.Inputs) json.RawMessage { return i.NPU }},
		{"model", "model.", a.Shape, b.Shape, func(i *result.Inputs) json.RawMessage { return i.Model }},
	} {
		if part.a == part.b || part.a == "" || part.b == "" { // version 0.1.0 names no model's
			continue
		}
		if a.Inputs == nil || b.Inputs == nil || part.of(a.Inputs) == nil || part.of(b.Inputs) == nil {
			add(part.name+" (fingerprint)", part.a, part.b)
			continue
		}
		x, err := t.keys(a, part.a, part.of(a.Inputs))
		if err != nil {
			return nil, err
		}
		y, err := t.keys(b, part.b, part.of(b.Inputs))
		if err != nil {
			return nil, err
		}
		for key := range x {
			add(part.prefix+key, x[key], y[key])
		}
		for key := range y {
			if _, both := x[key]; !both {
				add(part.prefix+key, "", y[key])
			}
		}
	}
	return all, nil
}

// keys are the values of an input by their paths, such as array.rows; without texts, which change nothing.
func (t *texts) keys(o *Outcome, fingerprint string, data json.RawMessage) (map[string]string, error) {
	if all, there := (*t)[fingerprint]; there {
		return all, nil
	}
	in := json.NewDecoder(bytes.NewReader(data))
	in.UseNumber()
	var tree map[string]any
	if err := in.Decode(&tree); err != nil {
		return nil, fmt.Errorf("%s: inputs: %w; accepted: those that a run wrote", o.Place, err)
	}
	all := map[string]string{}
	var walk func(prefix string, tree map[string]any)
	walk = func(prefix string, tree map[string]any) {
		for key, v := range tree {
			if below, ok := v.(map[string]any); ok {
				walk(prefix+key+".", below)
				continue
			}
			all[prefix+key] = textOf(v)
		}
	}
	walk("", tree)
	for key := range all {
		if slices.Contains([]string{"name", "description", "source"}, key) {
			delete(all, key)
		}
	}
	if *t == nil {
		*t = texts{}
	}
	(*t)[fingerprint] = all
	return all, nil
}

// textOf writes a value in a line: a list of objects, such as the matrices that a file stores in formats of their own, as JSON.
func textOf(v any) string {
	if list, is := v.([]any); is && len(list) > 0 {
		if _, objects := list[0].(map[string]any); objects {
			if text, err := json.Marshal(list); err == nil {
				return string(text)
			}
		}
	}
	return strings.TrimSpace(fmt.Sprint(v))
}

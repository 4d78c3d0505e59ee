package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/sweep"
)

// outcome is a result that was read from a file, with what tells it from others.
type outcome struct {
	*result.Result
	place   string // file:line
	keys    []outcomeKey
	differ  []string // names of the keys that differ among the outcomes
	setting string   // their values

	over       []string   // keys that are averaged over
	replica    []string   // their values
	replicates []*outcome // all of a bundle; nil: this one alone
}

// outcomeKey is one thing that a result depends on.
type outcomeKey struct{ name, value, text string }

// resultLine is a line of run --format json, or a row of a sweep with the result in it.
type resultLine struct {
	result.Result
	Footprint json.RawMessage `json:"footprint_bytes"` // not drawn, and written in another form than it is kept in
	Tilings   json.RawMessage `json:"tilings"`         //

	Axes  map[string]string `json:"axes"`
	Error string            `json:"error"`
	Row   *resultLine       `json:"result"`
}

// leftOut counts points of sweeps that are not drawn.
type leftOut struct{ failed, missing int }

// readOutcomes reads all files, and of folders what a sweep has left there.
func readOutcomes(paths []string) (all []*outcome, out leftOut, err error) {
	for _, path := range paths {
		read := readFile
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			read = readSweep
		}
		some, more, err := read(path)
		if err != nil {
			return nil, out, err
		}
		all = append(all, some...)
		out.failed, out.missing = out.failed+more.failed, out.missing+more.missing
	}
	if len(all) == 0 {
		return nil, out, fmt.Errorf("%s: no results", strings.Join(paths, ", "))
	}
	return all, out, nil
}

// readSweep reads the folder of a sweep, which need not have ended.
func readSweep(path string) (all []*outcome, out leftOut, err error) {
	rows, missing, err := sweep.Rows(path)
	if err != nil {
		return nil, out, err
	}
	out.missing = missing
	for _, row := range rows {
		if row.Result == nil {
			out.failed++
			continue
		}
		all = append(all, &outcome{Result: row.Result, place: fmt.Sprintf("%s: point %.8s", path, row.Fingerprint), keys: outcomeKeys(row.Result, row.Axes)})
	}
	return all, out, nil
}

func readFile(path string) (all []*outcome, out leftOut, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, out, err
	}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		o, err := readOutcome(line)
		if err != nil {
			return nil, out, fmt.Errorf("%s:%d: %w; accepted: a line for each result, as run --format json and sweep write them", path, number, err)
		}
		if o == nil {
			out.failed++
			continue
		}
		o.place = fmt.Sprintf("%s:%d", path, number)
		all = append(all, o)
	}
	return all, out, nil
}

// readOutcome reads a line, nil for a point that failed. Keys that are not known are skipped: sweeps, and other versions of
// the program, write more than figures need. What they do need has to be there.
func readOutcome(line []byte) (*outcome, error) {
	var l resultLine
	if err := json.Unmarshal(line, &l); err != nil {
		return nil, fmt.Errorf("not a result: %w", err)
	}
	if l.Row == nil && l.Error != "" {
		return nil, nil
	}
	axes := l.Axes
	if l.Row != nil {
		l = *l.Row
	}
	r := &l.Result
	for _, need := range []struct {
		key   string
		there bool
	}{{"npu", r.NPU != ""}, {"model", r.Model != ""}, {"schedule", r.Schedule != ""}, {"tokens_per_second", r.TokensPerSecond > 0},
		{"generated_tokens", r.GeneratedTokens > 1}, {"batch", r.Batch > 0}, {"energy_joules_per_token", r.EnergyPerToken > 0}} {
		if !need.there {
			return nil, fmt.Errorf("not a result: %s is missing", need.key)
		}
	}
	return &outcome{Result: r, keys: outcomeKeys(r, axes)}, nil
}

func outcomeKeys(r *result.Result, axes map[string]string) []outcomeKey {
	number := strconv.Itoa
	keys := []outcomeKey{{"npu", r.NPU, r.NPU}, {"model", r.Model, r.Model}, {"task", r.Task, r.Task},
		{"prompt", number(r.PromptTokens), "prompt " + number(r.PromptTokens)}, {"gen", number(r.GeneratedTokens), "gen " + number(r.GeneratedTokens)},
		{"batch", number(r.Batch), "batch " + number(r.Batch)}, {"kv-bits", number(r.KVBits), "KV " + number(r.KVBits) + " bits"}}
	var names []string
	for name := range axes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		keys = append(keys, outcomeKey{name, axes[name], name + " " + axes[name]})
	}
	return keys
}

// value is that of a key, empty where there is no such axis.
func (o *outcome) value(key string) outcomeKey {
	if key == "schedule" {
		return outcomeKey{key, o.Schedule, o.Schedule}
	}
	for _, k := range o.keys {
		if k.name == key {
			return k
		}
	}
	return outcomeKey{name: key}
}

// keyNames are those that any outcome has, in the order of a first one.
func keyNames(all []*outcome) (names []string) {
	for _, o := range all {
		for _, k := range o.keys {
			if !slices.Contains(names, k.name) {
				names = append(names, k.name)
			}
		}
	}
	return names
}

// only keeps the outcomes that --only asks for. Values of one key are alternatives.
func only(c *cli.Context, all []*outcome) ([]*outcome, error) {
	wanted := map[string][]string{}
	names := append(keyNames(all), "schedule")
	for _, text := range c.StringSlice("only") {
		key, value, ok := strings.Cut(text, "=")
		if !ok || !slices.Contains(names, key) {
			return nil, fmt.Errorf("--only %s: nothing to choose by; accepted: KEY=VALUE with a key of %s", text, strings.Join(names, ", "))
		}
		var there []string
		for _, o := range all {
			if v := o.value(key).value; !slices.Contains(there, v) {
				there = append(there, v)
			}
		}
		if !slices.Contains(there, value) {
			slices.Sort(there)
			return nil, fmt.Errorf("--only %s: no result has that; accepted: %s", text, strings.Join(there, ", "))
		}
		wanted[key] = append(wanted[key], value)
	}
	kept := slices.DeleteFunc(slices.Clone(all), func(o *outcome) bool {
		for key, values := range wanted {
			if !slices.Contains(values, o.value(key).value) {
				return true
			}
		}
		return false
	})
	if len(kept) == 0 {
		return nil, errors.New("--only: no result has all of that; accepted: what some result has")
	}
	return kept, nil
}

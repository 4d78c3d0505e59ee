package study

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

// acceptedFiles are what results are read from.
const acceptedFiles = "files of run --format json, folders of sweeps"

// Read reads results from files and folders: files with lines of run --format json or with rows of a sweep, and folders
// of sweeps, which need not have ended. Keys that are not known are skipped: sweeps, and other versions of the program,
// write more than figures need. Errors name the file and the line.
func Read(paths ...string) (*Set, error) { return readAll(paths, false) }

// ReadLines is Read for those who compare texts: each outcome has that of its result.
func ReadLines(paths ...string) (*Set, error) { return readAll(paths, true) }

func readAll(paths []string, texts bool) (*Set, error) {
	s := &Set{}
	for _, path := range paths {
		rows, in, err := read(path, texts)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.Result == nil {
				in.Failed++
				continue
			}
			if !texts && r.Result.PrefillAlone() {
				return nil, fmt.Errorf("%s: one generated token is prefill alone, with nothing of decode to show; accepted: results of 2 generated "+
					"tokens or more", r.place)
			}
			in.Results++
			o := &Outcome{Result: r.Result, Place: r.place, Axes: r.Axes, Trace: r.Trace, Keys: keysOf(r.Result, r.Axes, in.axes)}
			o.Line = r.text
			s.Outcomes = append(s.Outcomes, o)
		}
		if most := files.Results.Limits().Lines; len(s.Outcomes) > most {
			return nil, fmt.Errorf("%s: with the files before it, there are more than %d results; accepted: at most as many at a time", path, most)
		}
		s.Inputs = append(s.Inputs, in)
		s.learn(in.axes)
	}
	s.fill()
	if len(s.Outcomes) == 0 {
		return nil, fmt.Errorf("%s: no results; accepted: %s", strings.Join(paths, ", "), acceptedFiles)
	}
	return s, nil
}

// Rows returns what a file or a folder holds, rows of points that failed among it. Results that come from no sweep are
// rows without a fingerprint. Of in, it fills what is not in the rows.
func Rows(path string) (rows []folder.Row, in Input, err error) {
	all, in, err := read(path, false)
	for _, r := range all {
		if r.Result != nil {
			r.Result.Inputs = nil // no row has them
		}
		rows = append(rows, r.Row)
	}
	return rows, in, err
}

// placed is a row with the place where it was found, for errors, and the text of its result if that was asked for.
type placed struct {
	folder.Row
	place string
	text  []byte
}

func read(path string, texts bool) (all []placed, in Input, err error) {
	in = Input{Path: path}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		if all, err = readFile(path, texts); err == nil {
			err = complete(all, filepath.Dir(path))
		}
		if filepath.Base(path) == "results.jsonl" {
			in.axes = orderBeside(path)
		}
		return all, in, err
	}
	if results := filepath.Join(path, "results.jsonl"); !folder.Has(path) && files.Exists(results) { // nothing but the results was kept
		all, err = readFile(results, texts)
		in.axes = orderBeside(results)
	} else {
		all, err = readFolder(&in, texts)
	}
	for i := range all {
		all[i].place = fmt.Sprintf("%s: point %.8s", path, all[i].Fingerprint)
	}
	if err == nil {
		err = complete(all, path)
	}
	return all, in, err
}

// orderBeside is the order of the axes in the plan beside results, which can be read without it.
func orderBeside(results string) []folder.Axis {
	f, err := folder.Open(filepath.Dir(results))
	if err != nil {
		return nil
	}
	return f.Plan.Order()
}

// complete gives rows of a sweep their inputs, which stand beside them in the folder, once each.
func complete(all []placed, folderPath string) error {
	bare := func(r placed) bool { return r.Fingerprint != "" && r.Result != nil && r.Result.Inputs == nil }
	if !slices.ContainsFunc(all, bare) {
		return nil
	}
	inputs, err := folder.ReadInputs(folderPath)
	if err != nil {
		return err
	}
	for _, r := range all {
		if bare(r) {
			r.Result.Inputs = inputs.Of(r.Result, filepath.Base(r.Trace))
		}
	}
	return nil
}

func readFolder(in *Input, texts bool) (all []placed, err error) {
	f, err := folder.Open(in.Path)
	if err != nil {
		return nil, err
	}
	rows, missing, err := f.Rows()
	for _, r := range rows {
		p := placed{Row: r}
		if texts && r.Result != nil && err == nil {
			p.text, err = result.Encode(r.Result)
		}
		all = append(all, p)
	}
	in.Missing, in.Notes, in.axes = missing, f.Notes(), f.Plan.Order()
	return all, err
}

func readFile(path string, texts bool) (all []placed, err error) {
	in, err := files.Open(path, files.Results)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // nothing was written
	for lines := in.Lines(); ; {
		line, err := lines.Next()
		if err != nil && err != io.EOF {
			return nil, err
		}
		if len(bytes.TrimSpace(line)) > 0 {
			place := fmt.Sprintf("%s:%d", path, lines.Number())
			if err := files.CheckJSON(path, lines.Number(), line, files.Results); err != nil {
				return nil, err
			}
			row, text, err := parse(line)
			if err != nil {
				return nil, fmt.Errorf("%s: %w; accepted: a line for each result, as run --format json and sweep write them", place, err)
			}
			if !texts {
				text = nil
			}
			all = append(all, placed{row, place, bytes.Clone(text)})
		}
		if err == io.EOF {
			return all, nil
		}
	}
}

// parse reads a line: a row of a sweep, or a result alone. The text is that of the result, in the line or in a copy of
// it.
func parse(line []byte) (row folder.Row, text []byte, err error) {
	if line, _, err = folder.Unseal(line); err != nil {
		return row, nil, fmt.Errorf("the line %w", err)
	}
	var read struct {
		folder.Row
		Result json.RawMessage `json:"result"`
	}
	err = files.ExactKeys(line, &read)
	if err == nil {
		err = json.Unmarshal(line, &read)
	}
	if err != nil {
		return row, nil, fmt.Errorf("not a result: %w", files.NotJSON(err))
	}
	row = read.Row
	for name, value := range row.Axes {
		if what := cmp.Or(visible.Hidden(name), visible.Hidden(value)); what != "" {
			return row, nil, fmt.Errorf("not a result: an axis %s", what)
		}
	}
	switch {
	case read.Result != nil:
		line = read.Result
	case row.Error != "":
		return row, nil, nil
	}
	if row.Result, err = result.Parse(line); err != nil {
		return row, nil, fmt.Errorf("not a result: %w", files.NotJSON(err))
	}
	return row, line, nil
}

// The bits of the cache have two names: that of a key of results, and that of an axis that changes them.
const (
	kvBits = "kv-bits"
	kvPath = "kv.bits"
)

// cacheBits are the axes that change the bits of the cache.
var cacheBits = []string{kvPath, "kv.key_bits", "kv.value_bits"}

// cacheKey is the key of a result's bits of the cache: of keys and of values where they differ.
func cacheKey(r *result.Result) Key {
	if r.KeyBits != r.ValueBits {
		return Key{kvBits, fmt.Sprintf("%d/%d", r.KeyBits, r.ValueBits), fmt.Sprintf("%d-bit keys, %d-bit values", r.KeyBits, r.ValueBits)}
	}
	return Key{kvBits, strconv.Itoa(r.KVBits), fmt.Sprintf("KV %d bits", r.KVBits)}
}

// keysOf are the keys of a result: what every result has, then the axes of its sweep in the order of the spec, or by
// name.
func keysOf(r *result.Result, axes map[string]string, order []folder.Axis) []Key {
	number := strconv.Itoa
	keys := []Key{{"npu", r.NPU, r.NPU}, {"model", r.Model, r.Model}, {"task", r.Task, r.Task},
		{"prompt", number(r.PromptTokens), "prompt " + number(r.PromptTokens)}, {"gen", number(r.GeneratedTokens), "gen " + number(r.GeneratedTokens)},
		{"batch", number(r.Batch), "batch " + number(r.Batch)}, cacheKey(r)}
	var names []string
	for name := range axes {
		names = append(names, name)
	}
	if slices.ContainsFunc(cacheBits, func(name string) bool { _, axis := axes[name]; return axis }) { // says the same
		keys = slices.DeleteFunc(keys, func(k Key) bool { return k.Name == kvBits })
	}
	if _, axis := axes[expertsKey]; r.Experts != nil && !axis {
		keys = append(keys, Key{expertsKey, r.Experts.Routing, "experts " + r.Experts.Routing})
	}
	if _, axis := axes[formatKey]; r.Format != "" && !axis { // of a sweep before version 0.2.0
		keys = append(keys, Key{formatKey, r.Format, r.Format})
	}
	place := func(name string) int {
		return slices.IndexFunc(order, func(a folder.Axis) bool { return a.Name == name })
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(a, b)) })
	for _, name := range names {
		keys = append(keys, Key{name, axes[name], name + " " + axes[name]})
	}
	return keys
}

// Only keeps the outcomes that have what is asked for, as KEY=VALUE. Values of one key are alternatives. A key or a
// value that no outcome has is an error.
func (s *Set) Only(conditions ...string) (*Set, error) {
	wanted := map[string][]string{}
	names := s.choices()
	for _, text := range conditions {
		key, value, ok := cut(text, names)
		if key == kvBits && !slices.Contains(names, kvBits) {
			key = kvPath // an axis
		}
		if !ok || !slices.Contains(names, key) {
			return nil, fmt.Errorf("--only %s: nothing to choose by; accepted: KEY=VALUE with a key of %s", text, strings.Join(names, ", "))
		}
		value = canonical(key, value)
		there := distinct(s.Outcomes, func(o *Outcome) string { return o.Key(key).Value })
		if !slices.Contains(there, value) {
			slices.Sort(there)
			return nil, fmt.Errorf("--only %s: no result has that; accepted: %s", text, strings.Join(there, ", "))
		}
		wanted[key] = append(wanted[key], value)
	}
	kept := *s
	kept.Outcomes = slices.DeleteFunc(slices.Clone(s.Outcomes), func(o *Outcome) bool {
		for key, values := range wanted {
			if !slices.Contains(values, o.Key(key).Value) {
				return true
			}
		}
		return false
	})
	if len(kept.Outcomes) == 0 {
		return nil, errors.New("--only: no result has all of that; accepted: what some result has")
	}
	return &kept, nil
}

// cut cuts KEY=VALUE behind the longest of the names, which may have = in them, or else at the first =.
func cut(text string, names []string) (key, value string, ok bool) {
	for _, name := range names {
		if strings.HasPrefix(text, name+"=") && len(name) >= len(key) {
			key, value, ok = name, text[len(name)+1:], true
		}
	}
	if ok {
		return key, value, ok
	}
	return strings.Cut(text, "=")
}

package workloads

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// fields reads keys of one JSON object. The first thing that is wrong stays in err, and every later answer is a
// harmless value, so that a reader need not check after each key.
type fields struct {
	file  string
	raw   map[string]json.RawMessage
	names map[string]string // that the family gives to keys
	class Family            // its model_type, where the file does not say
	err   error

	assumed []string        // sizes that the file does not say
	missing []string        // numbers that it does not say
	asked   map[string]bool // keys that have been read, or would have been
}

// name is what the file calls a key.
func (f *fields) name(key string) string {
	f.ask(key)
	if _, ok := f.raw[f.names[key]]; ok {
		return f.names[key]
	}
	return key
}

// take keeps what was wrong in an object inside.
func (f *fields) take(inner *fields) {
	if f.err == nil {
		f.err = inner.err
	}
}

func readFields(file string, data []byte) *fields {
	f := &fields{file: file}
	err := json.Unmarshal(data, &f.raw)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		line, column := position(data, syntax.Offset)
		f.err = fmt.Errorf("%s:%d:%d: %w; accepted: a Hugging Face config.json", file, line, column, files.NotJSON(err))
	case err != nil || f.raw == nil:
		f.err = fmt.Errorf("%s: a JSON value that is not an object; accepted: a Hugging Face config.json", file)
	}
	return f
}

// position turns the offset of encoding/json, which counts the bad byte, into a line and a column counted from 1.
func position(data []byte, offset int64) (line, column int) {
	before := data[:max(0, min(offset-1, int64(len(data))))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// fail keeps the first error: one sentence that names the file, the key, its value and what is accepted.
func (f *fields) fail(key, format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("%s: %s: %s", f.file, f.name(key), fmt.Sprintf(format, args...))
	}
}

// has reports whether the key is there with a value; null is no value.
func (f *fields) has(key string) bool {
	v, ok := f.raw[f.name(key)]
	return ok && !bytes.Equal(v, []byte("null"))
}

// isNull reports whether the key is there and null, which transformers often reads differently from an absent key.
func (f *fields) isNull(key string) bool {
	v, ok := f.raw[f.name(key)]
	return ok && bytes.Equal(v, []byte("null"))
}

// show returns a value as it stands in the file, on one line and cut to what fits in a sentence.
func (f *fields) show(key string) string {
	const longest = 60
	var line bytes.Buffer
	if err := json.Compact(&line, f.raw[f.name(key)]); err != nil {
		return "nothing" // no such key: encoding/json has accepted every value that is there
	}
	v := line.Bytes()
	if len(v) <= longest {
		return string(v)
	}
	cut := longest
	for cut > 0 && !utf8.RuneStart(v[cut]) {
		cut--
	}
	return string(v[:cut]) + "…"
}

// count reads a required positive integer.
func (f *fields) count(key string) int {
	if !f.has(key) {
		f.miss(key)
		f.fail(key, "missing; accepted: a positive integer")
		return 1
	}
	return f.countOr(key, 1)
}

// countOr reads a positive integer; absent and null mean fallback.
func (f *fields) countOr(key string, fallback int) int {
	if !f.has(key) {
		f.miss(key)
		return fallback
	}
	n := f.countOf(key)
	if n < 1 {
		f.fail(key, "%s is not usable; accepted: a positive integer", f.show(key))
		return 1
	}
	return n
}

// countOf returns a positive integer that is there; 0 if it is none.
func (f *fields) countOf(key string) int {
	n, err := strconv.Atoi(string(f.raw[f.name(key)]))
	if err != nil || n > math.MaxInt32 {
		return 0
	}
	return n
}

// flagOr reads true or false; absent and null mean fallback.
func (f *fields) flagOr(key string, fallback bool) bool {
	if !f.has(key) {
		return fallback
	}
	switch string(f.raw[f.name(key)]) {
	case "true":
		return true
	case "false":
		return false
	}
	f.fail(key, "%s is not usable; accepted: true or false", f.show(key))
	return fallback
}

// textOr reads a string; absent and null mean fallback.
func (f *fields) textOr(key, fallback string) string {
	if !f.has(key) {
		return fallback
	}
	var s string
	if err := json.Unmarshal(f.raw[f.name(key)], &s); err != nil {
		f.fail(key, "%s is not usable; accepted: a string", f.show(key))
		return fallback
	}
	return s
}

// fractionOr reads a number above 0 and up to 1; absent and null mean fallback.
func (f *fields) fractionOr(key string, fallback float64) float64 {
	if !f.has(key) {
		return fallback
	}
	var v float64
	if err := json.Unmarshal(f.raw[f.name(key)], &v); err != nil || !(v > 0 && v <= 1) {
		f.fail(key, "%s is not usable; accepted: a number above 0 and at most 1", f.show(key))
		return fallback
	}
	return v
}

// refuse fails when the key has a value other than those that switch its feature off.
func (f *fields) refuse(key, wrong, accepted string, off ...string) {
	if f.has(key) && !slices.Contains(off, string(f.raw[f.name(key)])) {
		f.fail(key, "%s %s; accepted: %s", f.show(key), wrong, accepted)
	}
}

// integers reads a list of them.
func (f *fields) integers(key string) (list []int) {
	if err := json.Unmarshal(f.raw[f.name(key)], &list); err != nil {
		f.fail(key, "%s is not usable; accepted: a list of integers", f.show(key))
	}
	return list
}

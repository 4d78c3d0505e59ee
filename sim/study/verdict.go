package study

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Verdict is what became of a result that was run again (package rerun).
type Verdict struct {
	Place       string       `json:"place"`
	Label       string       `json:"label"`   // NPU, model and schedule
	MadeBy      string       `json:"made_by"` // version
	Equal       bool         `json:"equal"`   // every value, but for the version
	Bytes       bool         `json:"bytes"`   // and every byte: else somebody has spelt it otherwise
	Differences []Difference `json:"differences,omitempty"`
}

// Respelt are the verdicts that are equal, but not byte by byte.
func Respelt(all []Verdict) (n int) {
	for _, v := range all {
		if v.Equal && !v.Bytes {
			n++
		}
	}
	return n
}

// Differing are the verdicts that differ.
func Differing(all []Verdict) (n int) {
	for _, v := range all {
		if !v.Equal {
			n++
		}
	}
	return n
}

// Difference is a key that has another value than the result says; "-" stands for none.
type Difference struct {
	Key string `json:"key"`
	Was string `json:"was"`
	Is  string `json:"is"`
}

// none stands where a key is not there.
const none = "-"

// Differences compares two JSON objects key by key, at whatever depth.
func Differences(was, is []byte) (all []Difference, err error) {
	a, err := leaves(was)
	if err != nil {
		return nil, err
	}
	b, err := leaves(is)
	if err != nil {
		return nil, err
	}
	for key, x := range a {
		if y, both := b[key]; !both {
			all = append(all, Difference{key, x, none})
		} else if x != y && !sameNumber(x, y) {
			all = append(all, Difference{key, x, y})
		}
	}
	for key, y := range b {
		if _, both := a[key]; !both {
			all = append(all, Difference{key, none, y})
		}
	}
	slices.SortFunc(all, func(x, y Difference) int { return strings.Compare(x.Key, y.Key) })
	return all, nil
}

// sameNumber reports whether two texts are one number: 1e-07 and 1e-7. Whole ones may have more digits than a float64.
func sameNumber(a, b string) bool {
	m, errA := strconv.ParseInt(a, 10, 64)
	n, errB := strconv.ParseInt(b, 10, 64)
	if errA == nil && errB == nil {
		return m == n
	}
	x, err := strconv.ParseFloat(a, 64)
	if err != nil {
		return false
	}
	y, err := strconv.ParseFloat(b, 64)
	return err == nil && x == y
}

// leaves are the values of an object by their paths, as they are spelt.
func leaves(text []byte) (map[string]string, error) {
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	var tree any
	if err := in.Decode(&tree); err != nil {
		return nil, err
	}
	all := map[string]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, below := range v {
				walk(strings.TrimPrefix(path+"."+key, "."), below)
			}
		case []any:
			for i, below := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), below)
			}
		case string:
			all[path] = strconv.Quote(v)
		default:
			all[path] = fmt.Sprint(v)
		}
	}
	walk("", tree)
	return all, nil
}

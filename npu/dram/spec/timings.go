package spec

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// mostTimings is the most timings that a Timing may have.
const mostTimings = 64

// Changes are changes of timings, by their place in TimingNames; the zero Time leaves a timing as it is.
type Changes [mostTimings]Time

// timingNames are the tags of Timing, in its order.
var timingNames = sync.OnceValue(func() []string {
	var names []string
	for f := range reflect.TypeFor[Timing]().Fields() {
		names = append(names, f.Tag.Get("yaml"))
	}
	return names
})

// TimingNames returns the names of all timings, as files and keys have them: JEDEC's, such as tRCD and tRRD_S.
func TimingNames() []string { return slices.Clone(timingNames()) }

// Clocks returns the timings, by their place in TimingNames.
func (t *Timing) Clocks() []int64 {
	v := reflect.ValueOf(t).Elem()
	all := make([]int64, v.NumField())
	for i := range all {
		all[i] = v.Field(i).Int()
	}
	return all
}

func (t *Timing) set(i int, clocks int64) { reflect.ValueOf(t).Elem().Field(i).SetInt(clocks) }

// down reports whether a timing is an interval that something has to happen in, which is rounded down to clocks.
func down(name string) bool { return strings.HasPrefix(name, "tREFI") }

// Change sets timings to other values. What is made of those that change follows unless it is given, too: tRC keeps its
// distance from tRAS + tRP, tRPab that from tRP, tREFIpb its share of tREFI, tRFC2 and tRFC4 theirs of tRFC. Whether
// the result is possible, Validate knows.
func (s *Standard) Change(to *Changes) {
	was, t := s.Timing, &s.Timing
	given := map[string]bool{}
	for i, name := range timingNames() {
		if c := to[i]; c != 0 {
			t.set(i, c.Clocks(s.TCK, s.grain(), down(name)))
			given[name] = true
		}
	}
	if !given["tRC"] {
		t.TRC += t.TRAS + t.TRP - was.TRAS - was.TRP
	}
	if !given["tRPab"] {
		t.TRPAB += t.TRP - was.TRP
	}
	follow := func(name string, to *int64, now, before int64) {
		if !given[name] && before > 0 {
			*to = *to * now / before
		}
	}
	follow("tREFIpb", &t.TREFIPB, t.TREFI, was.TREFI)
	follow("tRFC2", &t.TRFC2, t.TRFC, was.TRFC)
	follow("tRFC4", &t.TRFC4, t.TRFC, was.TRFC)
}

var word = regexp.MustCompile(`[A-Za-z0-9_.]+`)

// Problem says what Validate finds, with values as files name them, and the paths of those that it names; empty if
// nothing is wrong.
func (s *Standard) Problem() (text string, about []string) {
	err := s.Validate()
	if err == nil {
		return "", nil
	}
	text = strings.TrimPrefix(err.Error(), fmt.Sprintf("DRAM standard %q: ", s.Name))
	text = word.ReplaceAllStringFunc(text, func(field string) string {
		path, ok := fieldPaths()[field]
		if !ok {
			return field
		}
		about = append(about, path)
		return path[strings.LastIndexByte(path, '.')+1:]
	})
	return text, about
}

// IsZero reports whether nothing changes.
func (c Changes) IsZero() bool { return c == Changes{} }

// String lists the changes: "tRCD=18ns, tRP=20".
func (c Changes) String() string {
	var all []string
	for i, name := range timingNames() {
		if c[i] != 0 {
			all = append(all, name+"="+c[i].String())
		}
	}
	return strings.Join(all, ", ")
}

// texts are the changes by name.
func (c *Changes) texts() map[string]Time {
	all := map[string]Time{}
	for i, name := range timingNames() {
		if c[i] != 0 {
			all[name] = c[i]
		}
	}
	return all
}

// MarshalYAML writes the changes by name.
func (c Changes) MarshalYAML() (any, error) { return c.texts(), nil }

// MarshalJSON writes the changes by name, in alphabetical order.
func (c Changes) MarshalJSON() ([]byte, error) { return json.Marshal(c.texts()) }

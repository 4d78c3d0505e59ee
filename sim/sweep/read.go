package sweep

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/npu/config"
)

// place is a position in a file, counted from 1; the zero place is the file as a whole.
type place struct{ line, column int }

// text is a scalar of the file.
type text struct {
	place
	value string
}

// reader collects everything that is wrong with a spec, in the manner of npu/config.
type reader struct {
	file   string
	faults []fault
}

type fault struct {
	place
	key, message string
}

func (r *reader) add(at place, key, format string, args ...any) {
	r.faults = append(r.faults, fault{at, key, fmt.Sprintf(format, args...)})
}

// err returns the faults in the order of the file, one a line, or nil.
func (r *reader) err() error {
	slices.SortStableFunc(r.faults, func(a, b fault) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	var errs []error
	for _, f := range r.faults {
		s := r.file
		if f.line > 0 {
			s = fmt.Sprintf("%s:%d:%d", r.file, f.line, f.column)
		}
		if f.key != "" {
			s += ": " + f.key
		}
		errs = append(errs, errors.New(s+": "+f.message))
	}
	return errors.Join(errs...)
}

// document returns the mapping that the file holds, or nil after having said why there is none.
func (r *reader) document(data []byte) *yaml.Node {
	accepted := "accepted: one mapping of " + strings.Join(keys(), ", ")
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		var bad *yaml.LoadError
		switch {
		case !errors.As(err, &bad):
			r.add(place{}, "", "%v; %s", err, accepted)
		case strings.Contains(bad.Message, "no documents"):
			r.add(place{}, "", "the file is empty; %s", accepted)
		case strings.Contains(bad.Message, "found multiple"):
			r.add(place{}, "", "the file holds more than one document; %s", accepted)
		default:
			r.add(place{bad.Mark.Line, bad.Mark.Column}, "", "not YAML: %s; %s", bad.Message, accepted)
		}
		return nil
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		r.add(place{}, "", "the file is empty; %s", accepted)
		return nil
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		r.add(placeOf(top), "", "the file is %s; %s", describe(top), accepted)
		return nil
	}
	return top
}

// entry is a key of a mapping and what stands behind it.
type entry struct {
	key   text
	value *yaml.Node
}

// entries returns the entries of a mapping in the order of the file, each key once.
func (r *reader) entries(n *yaml.Node, under string) []entry {
	var all []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode {
			r.add(placeOf(k), under, "a key is %s; accepted: text", describe(k))
			continue
		}
		if first := slices.IndexFunc(all, func(e entry) bool { return e.key.value == k.Value }); first >= 0 {
			r.add(placeOf(k), joined(under, k.Value), "given a second time, first in line %d; accepted: each key once", all[first].key.line)
			continue
		}
		all = append(all, entry{text{placeOf(k), k.Value}, n.Content[i+1]})
	}
	return all
}

// texts returns the scalars of a list, or the one that stands alone.
func (r *reader) texts(n *yaml.Node, key, accepted string) []text {
	if n.Kind != yaml.SequenceNode {
		if t, ok := r.scalar(n, key, accepted+", or a list of them"); ok {
			return []text{t}
		}
		return nil
	}
	if len(n.Content) == 0 {
		r.add(placeOf(n), key, "an empty list leaves nothing to run; accepted: %s, or a list of them", accepted)
	}
	var all []text
	for _, x := range n.Content {
		t, ok := r.scalar(x, key, accepted)
		if !ok {
			continue
		}
		if first := slices.IndexFunc(all, func(o text) bool { return o.value == t.value }); first >= 0 {
			r.add(t.place, key, "%s stands in the list twice, first in line %d; accepted: each value once", t.value, all[first].line)
			continue
		}
		all = append(all, t)
	}
	return all
}

// scalar returns the text of a value.
func (r *reader) scalar(n *yaml.Node, key, accepted string) (text, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		r.add(placeOf(n), key, "got %s; accepted: %s", describe(n), accepted)
		return text{}, false
	}
	return text{placeOf(n), n.Value}, true
}

// unknown says that a key does not exist, and which do.
func (r *reader) unknown(k text, under string, accepted []string) {
	near := ""
	if n := config.Nearest(k.value, accepted); n != "" {
		near = ", nearest is " + n
	}
	r.add(k.place, joined(under, k.value), "unknown key%s; accepted: %s", near, strings.Join(accepted, ", "))
}

func joined(under, key string) string {
	if under == "" {
		return key
	}
	return under + "." + key
}

func placeOf(n *yaml.Node) place { return place{n.Line, n.Column} }

// describe says in words what kind of YAML n is.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping of keys"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return fmt.Sprintf("the alias *%s, which is not read here", n.Value)
	}
	if n.Tag == "!!null" {
		return "no value"
	}
	return fmt.Sprintf("%q", n.Value)
}

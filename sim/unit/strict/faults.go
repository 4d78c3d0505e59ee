package strict

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Place is a position in a file, counted from 1; the zero place is the file as a whole.
type Place struct{ Line, Column int }

// PlaceOf returns where n begins.
func PlaceOf(n *yaml.Node) Place { return Place{n.Line, n.Column} }

// Fault is one thing that is wrong with a file.
type Fault struct {
	Place
	Key     string // "" for the file as a whole
	Message string
}

// Faults is everything that is wrong with a YAML file, so that all of it is reported at once.
type Faults struct {
	File string
	All  []Fault
	more int // faults beside those
}

// mostFaults is how many faults are kept and reported: a file of a million keys can have as many.
const mostFaults = 100

// Add notes a fault.
func (f *Faults) Add(at Place, key, message string) {
	if len(f.All) == mostFaults {
		f.more++
		return
	}
	f.All = append(f.All, Fault{at, key, message})
}

// Key is a key of a mapping: its path from the top of the file, and what stands behind it.
type Key struct {
	Path        string
	Node, Value *yaml.Node
}

// Keys yields the keys of the mapping at a path ("" at the top of the file) that are scalars and given for the first
// time, and notes in at where the value of each is. Others are faults, whose paths stand below under; accepted says which
// keys there are.
func (f *Faults) Keys(n *yaml.Node, under, path string, at map[string]Place, accepted func() string) iter.Seq[Key] {
	return func(yield func(Key) bool) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := Key{Node: n.Content[i], Value: n.Content[i+1]}
			if k.Node.Kind != yaml.ScalarNode {
				f.Add(PlaceOf(k.Node), under+path, "a key is "+Describe(k.Node)+"; accepted: "+accepted())
				continue
			}
			if k.Path = k.Node.Value; path != "" {
				k.Path = path + "." + k.Path
			}
			if first, twice := at[k.Path]; twice {
				f.Add(PlaceOf(k.Node), under+k.Path, fmt.Sprintf("given a second time, first in line %d; accepted: each key once", first.Line))
				continue
			}
			at[k.Path] = PlaceOf(k.Value)
			if !yield(k) {
				return
			}
		}
	}
}

// Len returns the number of faults.
func (f *Faults) Len() int { return len(f.All) + f.more }

// Err returns the faults in the order of the file, one a line, or nil.
func (f *Faults) Err() error {
	slices.SortStableFunc(f.All, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var errs []error
	for _, x := range f.All {
		s := f.File
		if x.Line > 0 {
			s = fmt.Sprintf("%s:%d:%d", f.File, x.Line, x.Column)
		}
		if x.Key != "" {
			s += ": " + x.Key
		}
		errs = append(errs, errors.New(short(s)+": "+short(x.Message)))
	}
	if f.more > 0 {
		errs = append(errs, fmt.Errorf("%s: and %d more faults; accepted: a file without them", f.File, f.more))
	}
	return errors.Join(errs...)
}

// short cuts the middle out of a text that quotes too much of the file.
func short(text string) string {
	const most = 4000
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most/2]+" … "+text[len(text)-most/2:], "")
}

// Document returns the one mapping that the file holds, or nil after having said why there is none and what is
// accepted.
func (f *Faults) Document(data []byte, accepted string) *yaml.Node {
	wrong := func(at Place, what string) *yaml.Node {
		f.Add(at, "", what+"; accepted: "+accepted)
		return nil
	}
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		var bad *yaml.LoadError
		switch {
		case !errors.As(err, &bad):
			return wrong(Place{}, err.Error())
		case strings.Contains(bad.Message, "no documents"):
			return wrong(Place{}, "the file is empty")
		case strings.Contains(bad.Message, "found multiple"):
			return wrong(Place{}, "the file holds more than one document")
		}
		return wrong(Place{bad.Mark.Line, bad.Mark.Column}, "not YAML: "+bad.Message)
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return wrong(Place{}, "the file is empty")
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return wrong(PlaceOf(top), "the file is "+Describe(top))
	}
	return top
}

// Describe says in words what kind of YAML n is.
func Describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping of keys"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return fmt.Sprintf("the alias *%s, which is not read here", n.Value)
	}
	switch n.Tag {
	case "!!null":
		return "no value"
	case "!!bool":
		return fmt.Sprintf("the truth value %s", n.Value)
	case "!!int", "!!float":
		return fmt.Sprintf("the number %s", n.Value)
	case "!!str":
		return fmt.Sprintf("the text %q", n.Value)
	}
	return fmt.Sprintf("%q of type %s", n.Value, n.Tag)
}

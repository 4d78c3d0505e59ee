package config

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// place is a position in a file, counted from 1; the zero place is the file as a whole.
type place struct{ line, column int }

// fault is one thing that is wrong with a file.
type fault struct {
	place
	path    string // the key, or "" for the file as a whole
	message string
}

// reader copies one document onto a Config and collects everything that is wrong with it.
type reader struct {
	file    string
	faults  []fault
	written map[string]place // of every key that the document holds, right or wrong
	failed  map[string]bool  // keys whose value in the Config means nothing
}

func newReader(file string) *reader {
	return &reader{file: file, written: map[string]place{}, failed: map[string]bool{}}
}

func (r *reader) add(at place, path, message string) {
	r.faults = append(r.faults, fault{place: at, path: path, message: message})
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
		if f.path != "" {
			s += ": " + f.path
		}
		errs = append(errs, errors.New(s+": "+f.message))
	}
	return errors.Join(errs...)
}

// document returns the mapping that the file holds, or nil after having said why there is none.
func (r *reader) document(data []byte) *yaml.Node {
	const one = "accepted: one mapping of keys such as base, array, dram"
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		var bad *yaml.LoadError
		switch {
		case !errors.As(err, &bad):
			r.add(place{}, "", err.Error()+"; "+one)
		case strings.Contains(bad.Message, "no documents"):
			r.add(place{}, "", "the file is empty; "+one)
		case strings.Contains(bad.Message, "found multiple"):
			r.add(place{}, "", "the file holds more than one document; "+one)
		default:
			r.add(place{bad.Mark.Line, bad.Mark.Column}, "", "not YAML: "+bad.Message+"; "+one)
			return nil
		}
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		if len(r.faults) == 0 {
			r.add(place{}, "", "the file is empty; "+one)
		}
		return nil
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		r.add(placeOf(top), "", "the file is "+describe(top)+"; "+one)
		return nil
	}
	return top
}

// base returns the value of the key base and whether there is one.
func (r *reader) base(top *yaml.Node) (name string, ok bool) {
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if key.Value != "base" {
			continue
		}
		if value.Kind != yaml.ScalarNode || value.Tag != "!!str" || !slices.Contains(Names(), value.Value) {
			what := "got " + describe(value)
			if value.Kind == yaml.ScalarNode && value.Tag == "!!str" {
				what = notKnown(value.Value, Names())
			} else {
				what += "; accepted: " + list(Names())
			}
			r.add(placeOf(value), "base", what)
			return "", true
		}
		return value.Value, true
	}
	return "", false
}

// mapping copies the keys of n onto the section v of c.
func (r *reader) mapping(n *yaml.Node, c *Config, v reflect.Value, prefix string) {
	known := children(v, prefix)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			r.add(placeOf(key), prefix, "a key is "+describe(key)+"; accepted: "+strings.Join(c.level(prefix+"."), ", "))
			continue
		}
		path := key.Value
		if prefix != "" {
			path = prefix + "." + path
		}
		if first, twice := r.written[path]; twice {
			r.add(placeOf(key), path, fmt.Sprintf("given a second time, first in line %d; accepted: each key once", first.line))
			continue
		}
		r.written[path] = placeOf(value)
		if path == "base" {
			continue
		}
		k := slices.IndexFunc(known, func(k node) bool { return k.path == path })
		switch {
		case k < 0 && prefix == "":
			r.add(placeOf(key), path, c.unknownKey(path, "base"))
		case k < 0:
			r.add(placeOf(key), path, c.unknownKey(path))
		case known[k].section && value.Kind != yaml.MappingNode:
			r.add(placeOf(value), path, "got "+describe(value)+"; accepted: a mapping of "+strings.Join(c.level(path+"."), ", "))
		case known[k].section:
			r.mapping(value, c, known[k].value, path)
		default:
			r.scalar(value, known[k])
		}
	}
}

// scalar sets one value, whose YAML type must be the key's: a quoted number is text, an unquoted truth value is not.
func (r *reader) scalar(n *yaml.Node, to node) {
	fits := n.Kind == yaml.ScalarNode
	switch to.value.Kind() {
	case reflect.Bool:
		fits = fits && n.Tag == "!!bool"
	case reflect.String:
		fits = fits && n.Tag == "!!str"
	default: // integers and quantities; a bare number for a quantity is refused by its own type, with a better message
		fits = fits && (n.Tag == "!!int" || n.Tag == "!!float" || n.Tag == "!!str")
		if _, quantity := to.value.Interface().(fmt.Stringer); fits && !quantity {
			fits = n.Tag != "!!str"
		}
	}
	if !fits {
		r.failed[to.path] = true
		r.add(placeOf(n), to.path, "got "+describe(n)+"; accepted: "+kindOf(to.value))
		return
	}
	if err := setText(to.value, n.Value); err != nil {
		r.failed[to.path] = true
		r.add(placeOf(n), to.path, err.Error())
	}
}

// problems reports what Validate found, at the line of the key that the file gives, and leaves out what follows from a
// key that could not be read.
func (r *reader) problems(c *Config, base string) {
	for _, p := range c.Validate() {
		involved := append([]string{p.Path}, p.with...)
		if slices.ContainsFunc(involved, func(path string) bool { return r.failed[path] }) {
			continue
		}
		i := slices.IndexFunc(involved, func(path string) bool { return r.written[path] != place{} })
		if i < 0 { // cannot come from this file
			r.add(place{}, p.Path, p.Message+" (the value is that of base "+base+")")
			continue
		}
		r.add(r.written[involved[i]], p.Path, p.Message)
	}
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

package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// reader copies one document onto a Config and collects everything that is wrong with it.
type reader struct {
	Faults
	written map[string]Place // of every key that the document holds, right or wrong
	failed  map[string]bool  // keys whose value in the Config means nothing
}

func newReader(file string) *reader {
	return &reader{Faults: Faults{File: file}, written: map[string]Place{}, failed: map[string]bool{}}
}

// base returns the value of the key base and whether there is one.
func (r *reader) base(top *yaml.Node) (name string, ok bool) {
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if key.Value != "base" {
			continue
		}
		if value.Kind != yaml.ScalarNode || value.Tag != "!!str" || !slices.Contains(Names(), value.Value) {
			what := "got " + Describe(value)
			if value.Kind == yaml.ScalarNode && value.Tag == "!!str" {
				what = notKnown(value.Value, Names())
			} else {
				what += "; accepted: " + list(Names())
			}
			r.Add(PlaceOf(value), "base", what)
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
			r.Add(PlaceOf(key), prefix, "a key is "+Describe(key)+"; accepted: "+strings.Join(c.level(prefix+"."), ", "))
			continue
		}
		path := key.Value
		if prefix != "" {
			path = prefix + "." + path
		}
		if first, twice := r.written[path]; twice {
			r.Add(PlaceOf(key), path, fmt.Sprintf("given a second time, first in line %d; accepted: each key once", first.Line))
			continue
		}
		r.written[path] = PlaceOf(value)
		if path == "base" {
			continue
		}
		k := slices.IndexFunc(known, func(k node) bool { return k.path == path })
		switch {
		case k < 0 && prefix == "":
			r.Add(PlaceOf(key), path, c.unknownKey(path, "base"))
		case k < 0:
			r.Add(PlaceOf(key), path, c.unknownKey(path))
		case known[k].section && value.Kind != yaml.MappingNode:
			r.Add(PlaceOf(value), path, "got "+Describe(value)+"; accepted: a mapping of "+strings.Join(c.level(path+"."), ", "))
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
		r.Add(PlaceOf(n), to.path, "got "+Describe(n)+"; accepted: "+kindOf(to.value))
		return
	}
	if err := to.set(n.Value); err != nil {
		r.failed[to.path] = true
		r.Add(PlaceOf(n), to.path, err.Error())
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
		i := slices.IndexFunc(involved, func(path string) bool { return r.written[path] != Place{} })
		if i < 0 { // cannot come from this file
			r.Add(Place{}, p.Path, p.Message+" (the value is that of base "+base+")")
			continue
		}
		r.Add(r.written[involved[i]], p.Path, p.Message)
	}
}

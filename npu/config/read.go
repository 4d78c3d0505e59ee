package config

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
)

// reader copies one document onto a Config and collects everything that is wrong with it.
type reader struct {
	strict.Faults
	written map[string]strict.Place // of every key that the document holds, right or wrong
	failed  map[string]bool         // keys whose value in the Config means nothing
	parted  *yaml.Node              // dram.part; nil: none
}

func newReader(file string) *reader {
	return &reader{Faults: strict.Faults{File: file}, written: map[string]strict.Place{}, failed: map[string]bool{}}
}

// base returns the value of the key base and whether there is one.
func (r *reader) base(top *yaml.Node) (name string, ok bool) {
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if key.Value != "base" {
			continue
		}
		if value.Kind != yaml.ScalarNode || value.Tag != "!!str" || !slices.Contains(Names(), value.Value) {
			what := "got " + strict.Describe(value)
			if value.Kind == yaml.ScalarNode && value.Tag == "!!str" {
				what = strict.NotKnown(value.Value, Names())
			} else {
				what += "; accepted: " + strict.List(Names())
			}
			r.Add(strict.PlaceOf(value), "base", what)
			return "", true
		}
		return value.Value, true
	}
	return "", false
}

// mapping copies the keys of n onto the section v of c.
func (r *reader) mapping(n *yaml.Node, c *Config, v reflect.Value, prefix string) {
	known := children(v, prefix)
	accepted := func() string { return strings.Join(c.level(prefix+"."), ", ") }
	for given := range r.Keys(n, "", prefix, r.written, accepted) {
		path, key, value := given.Path, given.Node, given.Value
		switch path {
		case "base":
			continue
		case "dram.part":
			if r.parted = value; value.Kind != yaml.MappingNode {
				r.parted, r.failed["dram.standard"] = nil, true
				r.Add(strict.PlaceOf(value), path, "got "+strict.Describe(value)+"; accepted: a mapping of the keys of a part, or its file as dram.standard")
			}
			continue
		}
		k := slices.IndexFunc(known, func(k node) bool { return k.path == path })
		switch {
		case k < 0 && prefix == "":
			r.Add(strict.PlaceOf(key), path, c.unknownKey(path, "base"))
		case k < 0:
			r.Add(strict.PlaceOf(key), path, c.unknownKey(path))
		case known[k].section && value.Kind != yaml.MappingNode:
			r.Add(strict.PlaceOf(value), path, "got "+strict.Describe(value)+"; accepted: a mapping of "+strings.Join(c.level(path+"."), ", "))
		case known[k].section:
			r.mapping(value, c, known[k].value, path)
		default:
			r.scalar(value, known[k])
		}
	}
}

// scalar sets one value, whose YAML type must be the key's: a quoted number is text, an unquoted truth value is not.
func (r *reader) scalar(n *yaml.Node, to node) {
	if !strict.Fits(n, to.value) {
		r.failed[to.path] = true
		r.Add(strict.PlaceOf(n), to.path, "got "+strict.Describe(n)+"; accepted: "+strict.KindOf(to.value))
		return
	}
	if err := to.set(n.Value); err != nil {
		r.failed[to.path] = true
		r.Add(strict.PlaceOf(n), to.path, err.Error())
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
		i := slices.IndexFunc(involved, func(path string) bool { return r.written[path] != strict.Place{} })
		if i < 0 { // cannot come from this file
			r.Add(strict.Place{}, p.Path, p.Message+" (the value is that of base "+base+")")
			continue
		}
		r.Add(r.written[involved[i]], p.Path, p.Message)
	}
}

package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// Key is one settable value of a Config.
type Key struct {
	Path string // as --set, sweeps and files name it: "array.rows"
	Type string // what a value looks like: "a whole number such as 64"
}

// Keys returns every settable key, in the order of the files.
func Keys() []Key {
	var c Config
	var keys []Key
	for _, l := range c.leaves() {
		keys = append(keys, Key{Path: l.path, Type: strict.KindOf(l.value)})
	}
	return keys
}

// Lookup returns the key at path.
func Lookup(path string) (Key, bool) {
	keys := Keys()
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Path == path })
	if i < 0 {
		return Key{}, false
	}
	return keys[i], true
}

// Get returns the text of the value at path, as Set reads it.
func (c *Config) Get(path string) (text string, ok bool) {
	n, ok := c.at(path)
	if !ok || n.section {
		return "", false
	}
	return n.text(), true
}

// node is one key of a Config: a section of further keys, or a value. A key may be left out of files and JSON if its
// field has the tag omitempty: its zero value then stands for the text of the tag default, so that machines that do not
// use it stay what they were, byte by byte.
type node struct {
	path     string
	value    reflect.Value
	section  bool
	optional bool
	absent   string // optional: what an absent key, the zero value, stands for
	spared   bool   // optional, or of a section that is: a file without a base may leave it out
}

// text returns the value as set reads it.
func (n node) text() string {
	if n.optional && n.value.IsZero() {
		return n.absent
	}
	return strict.TextOf(n.value)
}

// set sets the value to what text says. The error names what would be right.
func (n node) set(text string) error {
	if n.optional && text == n.absent {
		n.value.SetZero()
		return nil
	}
	if err := strict.SetText(n.value, text); err != nil {
		return err
	}
	if _, number := n.value.Interface().(int); number && n.optional && n.value.IsZero() {
		return fmt.Errorf("%s is out of range; accepted: more than 0, such as the default %s", text, n.absent)
	}
	return nil
}

func isSection(v reflect.Value) bool {
	return v.Kind() == reflect.Struct || v.Type() == reflect.TypeFor[spec.Changes]()
}

// children returns the keys directly below v, whose own path is prefix, in the order of the struct.
func children(v reflect.Value, prefix string) []node {
	var ns []node
	if v.Type() == reflect.TypeFor[spec.Changes]() {
		for i, name := range spec.TimingNames() {
			ns = append(ns, node{path: prefix + "." + name, value: v.Index(i), optional: true})
		}
		return ns
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type == reflect.TypeFor[*spec.Part]() {
			continue
		}
		path, optional := strings.CutSuffix(f.Tag.Get("yaml"), ",omitempty")
		if prefix != "" {
			path = prefix + "." + path
		}
		ns = append(ns, node{path: path, value: v.Field(i), section: isSection(v.Field(i)), optional: optional,
			absent: f.Tag.Get("default")})
	}
	return ns
}

// root returns the settable value of c itself.
func (c *Config) root() reflect.Value { return reflect.ValueOf(c).Elem() }

// leaves returns every value of c, in the order of the files.
func (c *Config) leaves() []node {
	var out []node
	var walk func(v reflect.Value, prefix string, spared bool)
	walk = func(v reflect.Value, prefix string, spared bool) {
		for _, n := range children(v, prefix) {
			n.spared = n.optional || spared
			if n.section {
				walk(n.value, n.path, n.spared)
				continue
			}
			out = append(out, n)
		}
	}
	walk(c.root(), "", false)
	return out
}

// at returns the key at path.
func (c *Config) at(path string) (node, bool) {
	n := node{value: c.root(), section: true}
	for name := range strings.SplitSeq(path, ".") {
		if !n.section {
			return node{}, false
		}
		below := children(n.value, n.path)
		i := slices.IndexFunc(below, func(k node) bool { return k.name() == name })
		if i < 0 {
			return node{}, false
		}
		n = below[i]
	}
	return n, true
}

// name returns the last part of the path.
func (n node) name() string { return n.path[strings.LastIndexByte(n.path, '.')+1:] }

// level returns the names of the keys of the deepest section on path that exists.
func (c *Config) level(path string) []string {
	parent := node{value: c.root(), section: true}
	for i := strings.LastIndexByte(path, '.'); i > 0; i = strings.LastIndexByte(path[:i], '.') {
		if n, ok := c.at(path[:i]); ok && n.section {
			parent = n
			break
		}
	}
	var names []string
	for _, n := range children(parent.value, parent.path) {
		names = append(names, n.name())
	}
	return names
}

// nearestPath returns the key that a wrong path may have meant: one spelt alike, or one of that name in another
// section.
func (c *Config) nearestPath(path string) string {
	var paths []string
	for _, n := range children(c.root(), "") {
		if n.section {
			paths = append(paths, n.path)
		}
	}
	for _, l := range c.leaves() {
		paths = append(paths, l.path)
	}
	if p := suggest.Nearest(path, paths); p != "" {
		return p
	}
	last := path[strings.LastIndexByte(path, '.')+1:]
	for _, p := range paths {
		if p[strings.LastIndexByte(p, '.')+1:] == last {
			return p
		}
	}
	return ""
}

// unknownKey says what is wrong with path, which keys its section accepts, and others that the caller does.
func (c *Config) unknownKey(path string, others ...string) string {
	return "unknown key; accepted: " + strings.Join(append(c.level(path), others...), ", ") + suggest.Question(c.nearestPath(path))
}

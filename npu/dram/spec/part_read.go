package spec

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// notGiven stands for the sources that a part of a user does not name.
const notGiven = "not given"

// ParsePart returns the part of the text of a file. A part that gives no name is called as the file.
func ParsePart(file string, data []byte) (*Part, error) {
	if err := files.Part.Fits(file, len(data)); err != nil {
		return nil, err
	}
	f := &strict.Faults{File: file}
	top := f.Document(data, "one mapping of keys such as base, data_rate, timing")
	if top == nil {
		return nil, f.Err()
	}
	p := ReadPart(f, top, "", strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)))
	if err := f.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

// ReadPart returns the part that a mapping describes, whose keys stand behind the key prefix. It notes what is wrong in
// f, and returns nil if anything is. The part is called by name if it does not give one.
func ReadPart(f *strict.Faults, n *yaml.Node, prefix, name string) *Part {
	r := &partReader{Faults: f, prefix: prefix, names: Names()}
	before := f.Len()
	l := r.layer(n, false)
	if l.name == "" {
		l.name = name
	}
	if f.Len() > before {
		return nil
	}
	var base *Part
	if l.base != "" {
		base = MustLookupPart(l.base)
		l.tell(base)
	} else {
		r.missing(l, n)
	}
	for _, source := range []string{"source", "energy.source"} {
		if base == nil && l.values[source] == "" {
			l.values[source] = notGiven
		}
	}
	if problem := nameProblem(l.name); problem != "" {
		r.add(l.at["name"], "name", problem)
	}
	if f.Len() > before {
		return nil
	}
	p := l.over(base)
	if l.values[keyEvidence] == "" && l.values["source"] != "" { // that of the base is not of what differs from it
		delete(p.values, keyEvidence)
	}
	if l.currents != nil {
		l.currents.into(r, p, l)
	}
	r.check(p, l)
	if f.Len() > before {
		return nil
	}
	if preset, err := LookupPart(p.Name); err == nil {
		if preset.equal(p) {
			return preset
		}
		if prefix == "" { // what a configuration carries stays, also where a later version has a part of that name
			r.add(l.at["name"], "name", fmt.Sprintf("%q is the name of a part that pmpdsim has, with other values; accepted: a name of its own", p.Name))
			return nil
		}
	}
	return p
}

// equal reports whether two parts have the same content.
func (p *Part) equal(q *Part) bool {
	return p.Name == q.Name && slices.Equal(p.comments, q.comments) && maps.Equal(p.values, q.values) &&
		slices.EqualFunc(p.rows, q.rows, func(a, b densityRow) bool { return a.density == b.density && maps.Equal(a.values, b.values) })
}

// layer is what a mapping says of a part.
type layer struct {
	base, name string
	values     map[string]string       // by path, in canonical texts
	at         map[string]strict.Place // of the keys
	comments   []string                // nil: none are given
	rows       []densityRow
	currents   *currents // nil: none are given
	speeds     []speed   // of a table of presets
}

// speed is a part of a table of presets.
type speed struct {
	name string
	is   *yaml.Node
}

// partReader reads a part and collects everything that is wrong with it.
type partReader struct {
	*strict.Faults
	prefix string   // before keys: "" or "dram.part."
	names  []string // that base may have
}

func (r *partReader) add(at strict.Place, key, message string) { r.Add(at, r.prefix+key, message) }

// sections are the keys that hold further keys.
func sections() []string { return []string{"commands", "hbm", "timing", "energy"} }

// keysOf returns the keys directly below a section, or at the top.
func keysOf(section string) []string {
	var names []string
	if section == "" {
		names = []string{"base", "name", "comments", "densities", "currents"}
	}
	for _, k := range partKeys() {
		first, rest, nested := strings.Cut(k.path, ".")
		switch {
		case section == "" && !slices.Contains(names, first):
			names = append(names, first)
		case nested && first == section:
			names = append(names, rest)
		}
	}
	return names
}

// layer reads a mapping; tables are those of presets, which have several speeds.
func (r *partReader) layer(n *yaml.Node, table bool) *layer {
	l := &layer{values: map[string]string{}, at: map[string]strict.Place{}}
	r.section(n, "", l, func(k, value *yaml.Node) bool {
		switch key := k.Value; {
		case key == "base":
			l.base = r.base(value)
		case key == "name":
			l.name, _ = r.text(value, "name")
		case key == "comments":
			l.comments = r.texts(value)
		case key == "currents":
			l.currents = r.currents(value)
		case key == "densities":
			l.rows = r.densities(value)
		case key == "speeds" && table:
			for i := 0; i+1 < len(value.Content); i += 2 {
				l.speeds = append(l.speeds, speed{value.Content[i].Value, value.Content[i+1]})
			}
		default:
			return false
		}
		return true
	})
	return l
}

// section reads the keys of a section, or of the top, of which special reads those that are no values.
func (r *partReader) section(n *yaml.Node, section string, l *layer, special func(key, value *yaml.Node) bool) {
	accepted := func() string { return strings.Join(keysOf(section), ", ") }
	for given := range r.Keys(n, r.prefix, section, l.at, accepted) {
		path, key, value := given.Path, given.Node, given.Value
		k, known := keysByPath()[path]
		switch {
		case special != nil && special(key, value):
		case known:
			r.value(value, k, l)
		case section == "" && slices.Contains(sections(), path) && value.Kind == yaml.MappingNode:
			r.section(value, path, l, nil)
		case section == "" && slices.Contains(sections(), path):
			r.add(strict.PlaceOf(value), path, "got "+strict.Describe(value)+"; accepted: a mapping of "+strings.Join(keysOf(path), ", "))
		default:
			r.add(strict.PlaceOf(key), path, "unknown key; "+r.meant(path, section))
		}
	}
}

// meant says what is accepted in a section instead of a path, and which key it may have meant.
func (r *partReader) meant(path, section string) string {
	var all []string
	for _, k := range partKeys() {
		all = append(all, k.path)
	}
	near := suggest.Nearest(path, append(all, keysOf("")...))
	last := path[strings.LastIndexByte(path, '.')+1:]
	for _, p := range all { // the name of another section, or spelt in other letters
		if near == "" && strings.EqualFold(p[strings.LastIndexByte(p, '.')+1:], last) {
			near = p
		}
	}
	return "accepted: " + strings.Join(keysOf(section), ", ") + suggest.Question(near)
}

// value reads the value of a key.
func (r *partReader) value(n *yaml.Node, k key, l *layer) {
	v := reflect.New(k.of).Elem()
	if !strict.Fits(n, v) {
		r.add(strict.PlaceOf(n), k.path, "got "+strict.Describe(n)+"; accepted: "+strict.KindOf(v))
		return
	}
	if err := strict.SetText(v, n.Value); err != nil {
		r.add(strict.PlaceOf(n), k.path, err.Error())
		return
	}
	text := strict.TextOf(v)
	if text == "" {
		r.add(strict.PlaceOf(n), k.path, "an empty text says nothing; accepted: "+strict.KindOf(v))
		return
	}
	if problem := textProblem(text); problem != "" {
		r.add(strict.PlaceOf(n), k.path, problem)
		return
	}
	l.values[k.path] = text
}

// text reads a text that is no value of a key.
func (r *partReader) text(n *yaml.Node, key string) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		r.add(strict.PlaceOf(n), key, "got "+strict.Describe(n)+"; accepted: text")
		return "", false
	}
	if problem := textProblem(n.Value); problem != "" {
		r.add(strict.PlaceOf(n), key, problem)
		return "", false
	}
	return n.Value, true
}

// IsFile reports whether the name of a standard is that of a part's file.
func IsFile(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

func (r *partReader) base(n *yaml.Node) string {
	name, ok := r.text(n, "base")
	if ok && !slices.Contains(r.names, name) {
		r.add(strict.PlaceOf(n), "base", fmt.Sprintf("%q is not known; %s", name, accepted(name, r.names)))
		return ""
	}
	return name
}

// texts reads the comments.
func (r *partReader) texts(n *yaml.Node) []string {
	if n.Kind != yaml.SequenceNode {
		r.add(strict.PlaceOf(n), "comments", "got "+strict.Describe(n)+"; accepted: a list of texts")
		return nil
	}
	all := []string{}
	for _, x := range n.Content {
		if text, ok := r.text(x, "comments"); ok {
			all = append(all, text)
		}
	}
	return all
}

// densities reads the table of densities: {16Gb: {rows: 65536, timing: {tRFC: 280ns}}}.
func (r *partReader) densities(n *yaml.Node) []densityRow {
	const accepted = "; accepted: a mapping of densities to their keys, as in {16Gb: {rows: 65536, timing: {tRFC: 280ns}}}"
	if n.Kind != yaml.MappingNode {
		r.add(strict.PlaceOf(n), "densities", "got "+strict.Describe(n)+accepted)
		return nil
	}
	var all []densityRow
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, value := n.Content[i], n.Content[i+1]
		var d Density
		if err := d.UnmarshalText([]byte(k.Value)); err != nil || d == 0 || k.Kind != yaml.ScalarNode || value.Kind != yaml.MappingNode {
			r.add(strict.PlaceOf(k), "densities", "got "+strict.Describe(k)+" with "+strict.Describe(value)+accepted)
			continue
		}
		if slices.ContainsFunc(all, func(o densityRow) bool { return o.density == d }) {
			r.add(strict.PlaceOf(k), "densities."+d.String(), "given a second time; accepted: each density once")
			continue
		}
		below := &partReader{Faults: r.Faults, prefix: r.prefix + "densities." + d.String() + "."}
		l := &layer{values: map[string]string{}, at: map[string]strict.Place{}}
		below.section(value, "", l, nil)
		for _, k := range []string{keyDensity, keyRate, "tCK", keyEvidence} {
			if l.values[k] != "" {
				below.add(l.at[k], k, "does not depend on the density; accepted: it stands at the top")
			}
		}
		all = append(all, densityRow{density: d, values: l.values})
	}
	return all
}

// tell says in the source of a part that changes a base what it changes, unless it names a source.
func (l *layer) tell(base *Part) {
	if l.values["source"] != "" {
		return
	}
	var changed []string
	for _, k := range partKeys() {
		if text := l.values[k.path]; text != "" && text != base.values[k.path] {
			changed = append(changed, k.path+"="+text)
		}
	}
	if l.currents != nil {
		changed = append(changed, "currents")
	}
	if len(changed) > 0 {
		l.values["source"] = base.Name + changedTo + strings.Join(changed, ", ")
	}
}

// changedTo stands behind the name of the base in the source of a part that names none.
const changedTo = ", changed: "

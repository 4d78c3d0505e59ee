package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// entry is a key of a part with what stands behind it: an int64, a bool, a string, a list of strings, or entries. note
// is what a comment beside it says.
type entry struct {
	key   string
	value any
	note  string
}

// flow are entries on one line.
type flow []entry

// fields returns the whole part in the order of partKeys, without what is of no use: keys that are not given.
func (p *Part) fields() []entry {
	var all []entry
	s := p.own()
	for _, k := range partKeys() {
		text, given := p.values[k.path]
		section, name, nested := strings.Cut(k.path, ".")
		if !given {
			continue
		}
		f := entry{key: k.path, value: typed(k, text)}
		if nested {
			if len(all) == 0 || all[len(all)-1].key != section {
				all = append(all, entry{key: section, value: []entry{}})
			}
			if f.key = name; section == "timing" {
				f.note = s.note(name, text)
			}
			last := &all[len(all)-1]
			last.value = append(last.value.([]entry), f)
			continue
		}
		switch k.path {
		case keyRate:
			f.note = "tCK " + s.TCK.String()
		case keyDensity:
			if text := p.at(p.Density())["timing.tRFC"]; text != "" {
				f.note = fmt.Sprintf("%d rows of a bank, tRFC %s, %s", s.Rows, text, s.note("tRFC", text))
			}
		}
		all = append(all, f)
		if k.path == "source" && len(p.comments) > 0 {
			all = append(all, entry{key: "comments", value: p.comments})
		}
	}
	if len(p.rows) > 0 {
		var rows []entry
		for _, r := range p.rows {
			row := &Part{values: r.values, own: p.own}
			rows = append(rows, entry{key: r.density.String(), value: flow(row.fields())})
		}
		all = append(all, entry{key: "densities", value: rows})
	}
	return all
}

// note says what a timing that is given in clocks is in ns, and the other way round.
func (s *Standard) note(name, text string) string {
	var t Time
	set(&t, text)
	if t > 0 {
		n := t.Clocks(s.TCK, s.grain(), down(name))
		if n == 1 {
			return "1 clock"
		}
		return fmt.Sprintf("%d clocks", n)
	}
	return (unit.Femtoseconds(t.Clocks(1, 1, false)) * s.TCK).String()
}

// typed is the value of a text as YAML and JSON have it: whole numbers and truth values as such.
func typed(k key, text string) any {
	switch {
	case k.of.Kind() == reflect.Bool:
		return text == "true"
	case k.of.Kind() == reflect.Int, k.of == reflect.TypeFor[int64](), k.of == reflect.TypeFor[Time]():
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	}
	return text
}

// Shown returns the whole part as a file that ParsePart reads back: clocks and ns side by side, with the sources. A fixture,
// whose name no file may have, is ramulator2.1-NAME there.
func (p *Part) Shown() ([]byte, error) {
	name := strings.ReplaceAll(p.Name, "/", "-")
	n := node(append([]entry{{key: "name", value: name}}, p.fields()...), true)
	data, err := yaml.Dump(n)
	if err != nil {
		return nil, fmt.Errorf("writing DRAM part %q: %w", p.Name, err)
	}
	return data, nil
}

// MarshalYAML writes the part without its name, as ReadPart reads it.
func (p *Part) MarshalYAML() (any, error) { return node(p.fields(), false), nil }

// node is fields as YAML.
func node(fields []entry, notes bool) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, f := range fields {
		k := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: f.key}
		var v *yaml.Node
		switch value := f.value.(type) {
		case []entry:
			v = node(value, notes)
		case flow:
			v = node(value, false)
			for _, n := range append([]*yaml.Node{v}, v.Content...) {
				n.Style = yaml.FlowStyle
			}
		case []string:
			v = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
			for _, text := range value {
				v.Content = append(v.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text})
			}
		case int64:
			v = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatInt(value, 10)}
		case bool:
			v = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(value)}
		case string:
			v = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
		}
		if notes {
			v.LineComment = f.note
		}
		n.Content = append(n.Content, k, v)
	}
	return n
}

// MarshalJSON writes the part without its name: one text for one content.
func (p *Part) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	writeJSON(&b, p.fields())
	return b.Bytes(), nil
}

func writeJSON(b *bytes.Buffer, fields []entry) {
	b.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(f.key))
		b.WriteByte(':')
		switch below := f.value.(type) {
		case []entry:
			writeJSON(b, below)
			continue
		case flow:
			writeJSON(b, below)
			continue
		}
		text, err := json.Marshal(f.value)
		if err != nil {
			panic("spec: a value of a part that was read: " + err.Error())
		}
		b.Write(text)
	}
	b.WriteByte('}')
}

// Text is the content of the part as one line, equal for equal parts.
func (p *Part) Text() string {
	text, err := p.MarshalJSON()
	if err != nil {
		panic("spec: " + err.Error())
	}
	return p.Name + string(text)
}

// Notes says what a part of a user leaves open: sources that it does not name, gates that are never waited for.
func (p *Part) Notes() []string {
	var all []string
	if source := p.values["source"]; source == notGiven || strings.Contains(source, changedTo) {
		all = append(all, "source: the values have no source; a text that says where they come from makes results checkable")
	}
	if p.values["energy.source"] == notGiven {
		all = append(all, "energy.source: the energies have no source")
	}
	t := &p.own().Timing
	if t.TFAW < 4*t.TRRDS {
		all = append(all, fmt.Sprintf("timing.tFAW: %d clocks are never waited for: four activates take 4 tRRD_S, %d", t.TFAW, 4*t.TRRDS))
	}
	if t.TRAS < t.TRCD+t.TRTP {
		all = append(all, fmt.Sprintf("timing.tRAS: %d clocks are never waited for where a row is read: tRCD + tRTP are %d", t.TRAS, t.TRCD+t.TRTP))
	}
	if len(p.rows) > 0 && p.Density() == 0 {
		all = append(all, "density: none is chosen of the table of densities")
	}
	return slices.Clip(all)
}

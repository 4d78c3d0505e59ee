package config

import (
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"
)

// A changed NPU does not claim the source of what it was made of: its text says what that was and what was changed, as in
// "edge-lpddr5, changed: array.rows=16". Fingerprints take the texts of the origin: what was changed is in the values.

// What stands behind the origin in the texts of a changed NPU.
const (
	changedTo = ", changed: " // source; then path=value, …
	changed   = ", changed"   // description
)

// SaysChanges reports whether a source is that of a changed NPU: its keys say the same.
func SaysChanges(source string) bool { return strings.Contains(source, changedTo) }

// told are the texts that say what an NPU is. No number depends on them.
type told struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	Source      string `yaml:"source"`
}

// presetTexts are those of the presets, by name.
var presetTexts = sync.OnceValue(func() map[string]told {
	all := map[string]told{}
	for _, name := range Names() {
		data, err := presets.ReadFile("presets/" + name + ".yaml")
		var t told
		if err == nil {
			err = yaml.Unmarshal(data, &t)
		}
		if err != nil {
			panic("config: preset " + name + ": " + err.Error())
		}
		all[name] = t
	}
	return all
})

// tell rewrites the texts of c, which was made of before, unless they are given.
func (c *Config) tell(before *Config, given func(path string) bool) {
	origin, rest, _ := strings.Cut(before.Source, changedTo)
	list := strings.Split(rest, ", ")
	if rest == "" {
		list = nil
		for name, t := range presetTexts() {
			if t.Source == before.Source {
				origin = name
			}
		}
	}
	was := before.leaves()
	for i, l := range c.leaves() {
		if slices.Contains([]string{"name", "description", "source"}, l.path) {
			continue
		}
		old := was[i].text()
		now := l.text()
		if now == old || !given(l.path) { // what follows from others is not said
			continue
		}
		list = slices.DeleteFunc(list, func(change string) bool { return strings.HasPrefix(change, l.path+"=") })
		list = append(list, l.path+"="+now)
	}
	if len(list) == 0 {
		return
	}
	slices.Sort(list)
	if !given("source") {
		c.Source = origin + changedTo + strings.Join(list, ", ")
	}
	if t, preset := presetTexts()[origin]; preset && !given("description") && c.Description == t.Description {
		c.Description = origin + changed
	}
}

// origin returns c with the texts of what it was made of.
func (c *Config) origin() *Config {
	source, _, one := strings.Cut(c.Source, changedTo)
	description, other := strings.CutSuffix(c.Description, changed)
	if !one && !other {
		return c
	}
	o := *c
	o.Source, o.Description = source, description
	if t, preset := presetTexts()[source]; preset && one {
		o.Source = t.Source
	}
	if t, preset := presetTexts()[description]; preset && other {
		o.Description = t.Description
	}
	return &o
}

package spec

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// The tables of the presets. Each is a part file that has further keys: speeds, a mapping of names to what is of that
// name alone. A table may have a part of an earlier one, by the names of the files, as its base.
//
//go:embed parts/*.yaml
var tables embed.FS

// library are the parts that the program has.
type library struct {
	presets  map[string]*Part
	fixtures map[string]*Part
	names    []string // of all, sorted
}

var parts = sync.OnceValue(func() *library {
	lib := &library{presets: map[string]*Part{}, fixtures: map[string]*Part{}}
	all, err := tables.ReadDir("parts")
	if err != nil {
		panic("spec: " + err.Error())
	}
	for _, file := range all {
		name := "parts/" + file.Name()
		data, err := tables.ReadFile(name)
		if err != nil {
			panic("spec: " + err.Error())
		}
		if err := lib.add(name, data); err != nil {
			panic("spec: a table of presets is wrong: " + err.Error())
		}
	}
	for _, s := range ramulatorTables(func(preset string) Energy { return lib.presets[preset].own().Energy }) {
		lib.fixtures[s.Name] = partOf(s)
		lib.names = append(lib.names, s.Name)
	}
	slices.Sort(lib.names)
	return lib
})

// add reads a table.
func (lib *library) add(file string, data []byte) error {
	f := &strict.Faults{File: file}
	r := &partReader{Faults: f, names: lib.names}
	top := f.Document(data, "a table of parts")
	if top == nil {
		return f.Err()
	}
	l := r.layer(top, true)
	if f.Len() > 0 {
		return f.Err()
	}
	family := l.over(lib.presets[l.base])
	for _, s := range l.speeds {
		below := &partReader{Faults: f, prefix: "speeds." + s.name + "."}
		own := below.layer(s.is, false)
		own.name = s.name
		p := own.over(family)
		for _, key := range []string{"source", "energy.source", keyEvidence, keyDensity} {
			if p.values[key] == "" {
				below.add(strict.PlaceOf(s.is), key, "is missing; accepted: its text, as presets must be cited")
			}
		}
		if own.values["source"] == "" || own.values[keyEvidence] == "" {
			below.add(strict.PlaceOf(s.is), "source", "is missing, or evidence; accepted: those of this speed")
		}
		if f.Len() > 0 {
			return f.Err()
		}
		if lib.presets[p.Name] != nil {
			return fmt.Errorf("%s: %s has been read before", file, p.Name)
		}
		lib.presets[p.Name] = p
		lib.names = append(lib.names, p.Name)
	}
	return f.Err()
}

// orFile is what else names a part.
const orFile = "or the path of a part's file, which ends in .yaml or .yml, such as ./my-part.yaml"

// inUse are the names of the presets that machines, figures and documents use.
func inUse() []string {
	return []string{"lpddr4x-4266", "lpddr5-6400", "lpddr5x-8533", "ddr4-3200", "ddr5-6400", "hbm2-2000", "hbm2e", "hbm3-6400", "hbm3e"}
}

// Accepted says in an error about a name which ones are accepted: those in use, and where the others are listed.
func Accepted(name string, others ...string) string { return accepted(name, Names(), others...) }

func accepted(name string, names []string, others ...string) string {
	return "accepted: " + strings.Join(append(append(inUse(), "others of pmpdsim list dram"), others...), ", ") +
		suggest.Question(suggest.Nearest(name, names))
}

// All returns a fresh copy of the presets that machines, figures and documents use. The tests step through these; the
// other parts of the same tables differ in numbers only.
func All() []*Standard {
	var all []*Standard
	for _, name := range inUse() {
		all = append(all, MustLookup(name))
	}
	return all
}

// Names returns the names that Lookup accepts, sorted: those of the presets and of the fixtures.
func Names() []string { return slices.Clone(parts().names) }

// LookupPart returns the preset or fixture of that name. Its error says which there are.
func LookupPart(name string) (*Part, error) {
	if p := parts().presets[name]; p != nil {
		return p, nil
	}
	if p := parts().fixtures[name]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("DRAM standard %q is not known; %s", name, Accepted(name, orFile))
}

// MustLookupPart is LookupPart for a name that is known to exist; it panics otherwise.
func MustLookupPart(name string) *Part {
	p, err := LookupPart(name)
	if err != nil {
		panic(err)
	}
	return p
}

// Lookup returns a fresh copy of the data of the preset or fixture of that name. Its error says which there are.
func Lookup(name string) (*Standard, error) {
	p, err := LookupPart(name)
	if err != nil {
		return nil, err
	}
	return p.Standard(0), nil
}

// MustLookup is Lookup for a name that is known to exist; it panics otherwise.
func MustLookup(name string) *Standard { return MustLookupPart(name).Standard(0) }

// IsPreset reports whether p is a part that the program has under its name.
func (p *Part) IsPreset() bool {
	lib := parts()
	return p == lib.presets[p.Name] || p == lib.fixtures[p.Name]
}

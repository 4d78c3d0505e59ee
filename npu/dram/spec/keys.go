package spec

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
)

// key is a value of part files that stands for a field of a Standard, or for what fields are made of.
type key struct {
	path string       // "timing.tRCD"
	of   reflect.Type // of its values
	at   []int        // the field; nil: of none
}

// The keys that stand for no field.
const (
	keyRate     = "data_rate" // makes tCK
	keyPage     = "page"      // makes Columns
	keyDensity  = "density"   // chooses what the table of densities has
	keyEvidence = "evidence"
)

// partKeys are all keys of a part, in the order in which files show them.
var partKeys = sync.OnceValue(func() []key {
	all := []key{{path: keyEvidence, of: reflect.TypeFor[evidence]()}, {path: keyRate, of: reflect.TypeFor[DataRate]()},
		{path: keyDensity, of: reflect.TypeFor[Density]()}, {path: keyPage, of: reflect.TypeFor[unit.Bytes]()}}
	var walk func(t reflect.Type, prefix string, at []int)
	walk = func(t reflect.Type, prefix string, at []int) {
		for i := range t.NumField() {
			f := t.Field(i)
			name := f.Tag.Get("yaml")
			if name == "" || name == "-" {
				continue
			}
			k := key{path: prefix + name, of: f.Type, at: append(at[:len(at):len(at)], i)}
			switch {
			case f.Type.Kind() == reflect.Struct:
				walk(f.Type, k.path+".", k.at)
				continue
			case t == reflect.TypeFor[Timing]():
				k.of = reflect.TypeFor[Time]()
			}
			all = append(all, k)
		}
	}
	walk(reflect.TypeFor[Standard](), "", nil)
	move := func(path, before string) {
		i := slices.IndexFunc(all, func(k key) bool { return k.path == path })
		k := all[i]
		all = slices.Delete(all, i, i+1)
		all = slices.Insert(all, slices.IndexFunc(all, func(k key) bool { return k.path == before }), k)
	}
	move("source", keyEvidence)
	move("tCK", keyDensity)
	move(keyPage, "rows")
	return all
})

// keysByPath are the keys by their paths.
var keysByPath = sync.OnceValue(func() map[string]key {
	all := map[string]key{}
	for _, k := range partKeys() {
		all[k.path] = k
	}
	return all
})

// fieldPaths are the paths of fields by the names that Validate has for them.
var fieldPaths = sync.OnceValue(func() map[string]string {
	all := map[string]string{"Columns": keyPage}
	for _, k := range partKeys() {
		if k.at == nil {
			continue
		}
		f := reflect.TypeFor[Standard]().FieldByIndex(k.at)
		section, _, nested := strings.Cut(k.path, ".")
		switch {
		case !nested, section == "timing", section == "energy" && f.Name != "Source":
			all[f.Name] = k.path
		case section == "commands":
			all["Commands."+f.Name] = k.path
		case section == "hbm":
			all["HBM."+f.Name] = k.path
		}
	}
	return all
})

// evidence says how well the values of a preset are founded.
type evidence string

const (
	verified  evidence = "verified"  // a public configuration or sheet of that speed was read
	estimated evidence = "estimated" // a simulator has it, whose author calls it an estimate
	derived   evidence = "derived"   // made of another speed's
)

// UnmarshalText reads "verified".
func (e *evidence) UnmarshalText(text []byte) error {
	return strict.Enum(e, text, []evidence{verified, estimated, derived})
}

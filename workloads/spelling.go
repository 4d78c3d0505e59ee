package workloads

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// A number that config.json leaves out has the default of its class, so a misspelt key would give another model without a
// word. The keys that have been asked for are known when all has been read: one that nobody asked for, and that is spelt much
// like one that is missing, is an error.

// ask keeps that a key is read, under any of its names.
func (f *fields) ask(key string) {
	if f.asked == nil {
		f.asked = map[string]bool{}
	}
	f.asked[key] = true
	if own, ok := f.names[key]; ok {
		f.asked[own] = true
	}
}

// miss keeps that a number is left out.
func (f *fields) miss(key string) {
	if !f.isNull(key) && !slices.Contains(f.missing, key) {
		f.missing = append(f.missing, key)
	}
}

// spelling fails for the first number that is missing where a key that nobody reads is nearly its name. It comes before
// whatever else is wrong, which may follow from it. A family without latent attention may have that attention's v_head_dim, and
// one with it head_dim, which its class saves beside.
func (f *fields) spelling() {
	plain := strings.NewReplacer("_", "", "-", "", ".", "", " ", "")
	for _, there := range slices.Sorted(maps.Keys(f.raw)) {
		if f.asked[there] || there == "v_head_dim" || there == "head_dim" || len(there) > 64 {
			continue
		}
		for _, key := range f.missing {
			for _, name := range []string{cmp.Or(f.names[key], key), key} {
				if misspelt(strings.ToLower(plain.Replace(there)), plain.Replace(name)) {
					f.err = nil
					f.fail(there, "is not known, and %s is missing; accepted: %s, or no such key: the class's default%s", name, name, suggest.Question(name))
					return
				}
			}
		}
	}
}

// misspelt reports whether a key is nearly another one, whatever sets words apart: one letter in four is wrong, or three.
func misspelt(key, name string) bool {
	most := min(3, len(name)/4)
	return max(len(key)-len(name), len(name)-len(key)) <= most && suggest.Edits(key, name) <= most
}

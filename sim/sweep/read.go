package sweep

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

// text is a scalar of the file.
type text struct {
	strict.Place
	value string
}

// reader reads a spec in the manner of npu/config, and collects everything that is wrong with it.
type reader struct{ strict.Faults }

func newReader(file string) *reader { return &reader{Faults: strict.Faults{File: file}} }

func (r *reader) add(at strict.Place, key, format string, args ...any) {
	r.Add(at, key, fmt.Sprintf(format, args...))
}

// alike notes that something has the name of an earlier one.
func (r *reader) alike(at strict.Place, key, name string, first strict.Place) {
	r.add(at, key, "is called %s like the one in line %d; accepted: different names, rows are known by them", name, first.Line)
}

// document returns the mapping that the file holds, or nil after having said why there is none.
func (r *reader) document(data []byte) *yaml.Node {
	return r.Document(data, "one mapping of "+strings.Join(keys(), ", "))
}

// entry is a key of a mapping and what stands behind it.
type entry struct {
	key   text
	value *yaml.Node
}

// entries returns the entries of a mapping in the order of the file, each key once.
func (r *reader) entries(n *yaml.Node, under string) []entry {
	var all []entry
	lines := map[string]int{} // of the keys so far
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode {
			r.add(strict.PlaceOf(k), under, "a key is %s; accepted: text", strict.Describe(k))
			continue
		}
		if err := visible.Name(k.Value); err != nil {
			r.add(strict.PlaceOf(k), under, "the key %v", err)
			continue
		}
		if first, twice := lines[k.Value]; twice {
			r.add(strict.PlaceOf(k), joined(under, k.Value), "given a second time, first in line %d; accepted: each key once", first)
			continue
		}
		lines[k.Value] = k.Line
		all = append(all, entry{text{strict.PlaceOf(k), k.Value}, n.Content[i+1]})
	}
	return all
}

// texts returns the scalars of a list, or the one that stands alone.
func (r *reader) texts(n *yaml.Node, key, accepted string) []text {
	if n.Kind != yaml.SequenceNode {
		if t, ok := r.scalar(n, key, accepted+", or a list of them"); ok {
			return []text{t}
		}
		return nil
	}
	if len(n.Content) == 0 {
		r.add(strict.PlaceOf(n), key, "an empty list leaves nothing to run; accepted: %s, or a list of them", accepted)
	}
	var all []text
	lines := map[string]int{} // of the values so far
	for _, x := range n.Content {
		t, ok := r.scalar(x, key, accepted)
		if !ok {
			continue
		}
		if first, twice := lines[t.value]; twice {
			r.add(t.Place, key, "%s stands in the list twice, first in line %d; accepted: each value once", t.value, first)
			continue
		}
		lines[t.value] = t.Line
		all = append(all, t)
	}
	return all
}

// scalar returns the text of a value.
func (r *reader) scalar(n *yaml.Node, key, accepted string) (text, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		r.add(strict.PlaceOf(n), key, "got %s; accepted: %s", strict.Describe(n), accepted)
		return text{}, false
	}
	if err := visible.Name(n.Value); err != nil {
		r.add(strict.PlaceOf(n), key, "%v", err)
		return text{}, false
	}
	return text{strict.PlaceOf(n), n.Value}, true
}

// unknown says that a key does not exist, and which do.
func (r *reader) unknown(k text, under string, accepted []string) {
	r.add(k.Place, joined(under, k.value), "unknown key; %s", suggest.Accepted(k.value, accepted))
}

func joined(under, key string) string {
	if under == "" {
		return key
	}
	return under + "." + key
}

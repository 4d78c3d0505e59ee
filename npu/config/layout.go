package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// Layout names how quantised weights lie in DRAM.
type Layout string

// The layouts. Interleaved: for each chunk of a matrix, all planes side by side. PlaneMajor: each plane on its own. Packed:
// no planes, but whole codes one behind the other, a copy for each precision.
const (
	Interleaved Layout = "interleaved"
	PlaneMajor  Layout = "plane-major"
	Packed      Layout = "packed"
)

// Layouts returns the layouts that there are.
func Layouts() []Layout { return []Layout{Interleaved, PlaneMajor, Packed} }

// LayoutForms is how ParseLayout wants a layout to be written.
const LayoutForms = "interleaved[:CHUNK], plane-major[:CHUNK][+skew=SIZE], packed"

// UnmarshalText reads the name of a layout.
func (l *Layout) UnmarshalText(t []byte) error { return strict.Enum(l, t, Layouts()) }

// String writes w as ParseLayout reads it.
func (w Weights) String() string {
	s := string(w.Layout)
	if w.Layout != Packed {
		s += ":" + w.Chunk.String()
	}
	if w.Skew != 0 {
		s += "+skew=" + w.Skew.String()
	}
	return s
}

// ParseLayout turns a layout in one word, such as plane-major:4KiB+skew=8KiB, into the assignments that Set takes. A chunk
// that it does not name stays what it is in the Config; a skew that it does not name is 0, since it belongs to one layout.
func ParseLayout(spec string) ([]string, error) {
	rest, skew, skewed := strings.Cut(spec, "+")
	name, chunk, chunked := strings.Cut(rest, ":")
	if !slices.Contains(Layouts(), Layout(name)) {
		meant := suggest.Nearest(name, Layouts())
		return nil, fmt.Errorf("layout %q is not known; accepted: %s%s", name, LayoutForms, suggest.Question(meant))
	}
	key, size, assigned := strings.Cut(skew, "=")
	switch {
	case skewed && (key != "skew" || !assigned):
		return nil, fmt.Errorf("%q is not an option of a layout; accepted: %s", "+"+skew, LayoutForms)
	case chunked && Layout(name) == Packed:
		return nil, fmt.Errorf("%q: packed weights have no chunks; accepted: %s", spec, LayoutForms)
	}
	if !skewed {
		size = "0B"
	}
	to := []string{"weights.layout=" + name, "weights.skew=" + size}
	if chunked {
		to = append(to, "weights.chunk="+chunk)
	}
	return to, nil
}

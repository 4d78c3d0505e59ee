package workloads

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The letters of LayerPattern.
const (
	fullLayer     = 'f'
	windowedLayer = 'w'
)

// capital is the letter of a layer that does not rotate.
func capital(b byte) byte { return b &^ 0x20 }

// kind is the letter of layer l, 0 where there is no pattern.
func (m *Model) kind(l int) byte {
	if m.LayerPattern == "" {
		return 0
	}
	return m.LayerPattern[l%len(m.LayerPattern)]
}

// Windowed reports whether layer l attends to a sliding window only.
func (m *Model) Windowed(l int) bool {
	if m.LayerPattern != "" {
		return m.Window > 0 && m.kind(l)|0x20 == windowedLayer
	}
	return m.Window > 0 && l >= m.WindowFrom && (m.WindowEvery <= 1 || l%m.WindowEvery == 0)
}

// Rotated reports whether layer l rotates queries and keys.
func (m *Model) Rotated(l int) bool {
	return m.RotaryDim > 0 && (m.LayerPattern == "" || m.kind(l)&0x20 != 0)
}

// WindowAt returns the number of positions that one token of layer l attends to when context positions, its own
// included, are there. A window counts the token itself: key j is seen by query i when i−j < Window (transformers'
// sliding_window_overlay).
func (m *Model) WindowAt(l, context int) int {
	if !m.Windowed(l) {
		return context
	}
	if m.Chunked {
		return (context-1)%m.Window + 1
	}
	return min(context, m.Window)
}

// FirstOf returns the first position that the token at a position attends to in layer l.
func (m *Model) FirstOf(l, position int) int { return position + 1 - m.WindowAt(l, position+1) }

// NormsHeads reports whether layer l has a norm of each head of q and k.
func (m *Model) NormsHeads(l int) bool {
	return m.QKNorm && (m.QKNormKind != BareNorms || m.Rotated(l))
}

// validatePattern says what is wrong with the pattern of the layers.
func (m *Model) validatePattern() error {
	if len(m.LayerPattern) > m.Layers || strings.Trim(m.LayerPattern, "fwFW") != "" {
		return fmt.Errorf("layer_pattern: %q is not usable; accepted: up to %d letters, f for full attention, w for a window, capitals "+
			"without rotation", m.LayerPattern, m.Layers)
	}
	return nil
}

// setPattern keeps what a list of letters, one a layer, says beyond Window, in as few letters as repeat to it.
func (m *Model) setPattern(all string) {
	m.WindowEvery, m.WindowFrom, m.LayerPattern = 0, 0, ""
	switch {
	case m.Window == 0 && strings.Contains(all, "w"): // the others rotate because these have windows
		all = strings.Repeat("f", m.Layers)
	case m.Window == 0:
		all = strings.ReplaceAll(all, "W", "F")
	}
	if m.RotaryDim == 0 {
		all = strings.ToLower(all)
	}
	switch all {
	case strings.Repeat("w", m.Layers):
		return
	case strings.Repeat("f", m.Layers):
		m.Window = 0
		return
	}
	if strings.Trim(all, "fF") == "" {
		m.Window = 0
	}
	m.LayerPattern = period(all)
}

// period returns the shortest beginning that repeats to a text, the last time perhaps cut off.
func period(all string) string {
	for n := 1; n < len(all); n++ {
		if strings.HasPrefix(strings.Repeat(all[:n], len(all)/n+1), all) {
			return all[:n]
		}
	}
	return all
}

// window reads which layers attend to a sliding window, and which do not rotate.
func (f *fields) window(m *Model, t traits) {
	if m.Window = 0; !f.isNull("sliding_window") && string(f.raw["sliding_window"]) != "0" {
		m.Window = f.countOr("sliding_window", t.window)
	}
	if !t.windowed && m.Window != 0 {
		f.fail("sliding_window", "%s is not modelled: %s models attend to every position; accepted: null", f.show("sliding_window"),
			t.family)
	}
	if t.flagged && !f.flagOr("use_sliding_window", false) {
		m.Window = 0
	}
	m.Chunked = t.chunked && m.Window > 0
	switch {
	case t.pattern != "":
		pattern := f.pattern(m, t)
		if t.chunked && m.Window == 0 { // the others do not rotate all the same
			pattern = strings.ReplaceAll(pattern, "w", "f")
		}
		m.setPattern(pattern)
	case t.alternate && m.Window > 0:
		m.WindowEvery = 2 // even layers slide
	case t.flagged && m.Window > 0:
		if m.WindowFrom = f.windowFrom(); m.WindowFrom >= m.Layers {
			m.Window, m.WindowFrom = 0, 0
		}
	}
	f.layerTypes(m, t)
}

// windowFrom reads max_window_layers, which may be 0: that many layers at the bottom have no window.
func (f *fields) windowFrom() int {
	if string(f.raw["max_window_layers"]) == "0" {
		return 0
	}
	return f.countOr("max_window_layers", 28)
}

// pattern is the row's for every layer, with the period that the file gives.
func (f *fields) pattern(m *Model, t traits) string {
	pattern := t.pattern
	for _, key := range []string{"sliding_window_pattern", "_sliding_window_pattern", "no_rope_layer_interval"} {
		if n, ok := f.period(key, m); ok && t.has(strings.TrimPrefix(key, "_")) {
			pattern = strings.Repeat(pattern[:1], n-1) + pattern[len(pattern)-1:]
		}
	}
	all := []byte(strings.Repeat(pattern, m.Layers/len(pattern)+1)[:m.Layers])
	if t.has("no_rope_layers") {
		f.noRope(m, all)
	}
	return string(all)
}

// period reads the number of layers after which the last of a pattern comes again. EXAONE writes LLLG for 4.
func (f *fields) period(key string, m *Model) (int, bool) {
	if !f.has(key) {
		return 0, false
	}
	var text string
	if json.Unmarshal(f.raw[f.name(key)], &text) == nil && strings.Trim(text, "L") == "G" {
		return len(text), true
	}
	return min(f.countOr(key, 1), m.Layers+1), true
}

// noRope reads a list that has 0 for each layer that does not rotate. Where there is a window it is those that have it
// (transformers' configuration_smollm3.py); chunks have the others (configuration_llama4.py).
func (f *fields) noRope(m *Model, all []byte) {
	const key = "no_rope_layers"
	if f.has(key) {
		var rotate []int
		if err := json.Unmarshal(f.raw[f.name(key)], &rotate); err != nil || len(rotate) != m.Layers && len(rotate) > 0 {
			f.fail(key, "%s is not usable; accepted: a list of %d numbers, 0 for a layer without rotation", f.show(key), m.Layers)
			return
		}
		for l, r := range rotate {
			all[l] = fullLayer
			if m.Chunked {
				all[l] = windowedLayer
			}
			if r == 0 {
				all[l] = capital(fullLayer)
			}
		}
	}
	for l := range all {
		if m.Window > 0 && !m.Chunked && all[l] == capital(fullLayer) {
			all[l] = capital(windowedLayer)
		}
	}
}

// layerTypes reads the explicit list, where there is one: classes that have it go by it. In others it has to say what
// their rule says.
func (f *fields) layerTypes(m *Model, t traits) {
	const key, full = "layer_types", "full_attention"
	sliding := "sliding_attention"
	if m.Chunked {
		sliding = "chunked_attention"
	}
	if f.err != nil || !f.has(key) {
		return
	}
	var types []string
	if err := json.Unmarshal(f.raw[f.name(key)], &types); err != nil || len(types) != m.Layers {
		f.fail(key, "%s is not usable; accepted: a list of %d strings, one per layer", f.show(key), m.Layers)
		return
	}
	kinds, other := make([]byte, m.Layers), false
	for l, got := range types {
		if got == "chunked_attention" && t.chunked && !m.Chunked {
			got = full // without chunks
		}
		want := full
		if m.Windowed(l) {
			want = sliding
		}
		if got != want && (!t.typed || got != full && (got != sliding || m.Window == 0)) {
			f.fail(key, "layer %d is %q; accepted: %q, as sliding_window has it in %s models", l, got, want, m.Family)
			return
		}
		other = other || got != want
		kinds[l] = fullLayer
		if got == sliding {
			kinds[l] = windowedLayer
		}
		if t.still && got == full || !t.still && m.RotaryDim > 0 && !m.Rotated(l) {
			kinds[l] = capital(kinds[l])
		}
	}
	if other {
		m.setPattern(string(kinds))
	}
}

package workloads

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// compressedTensors: CompressedTensorsConfig of vLLM's llm-compressor: groups of modules, each with what is done to its weights.
// Targets are classes (Linear), names, or patterns behind re:.
func (f *fields) compressedTensors(q *quantised) {
	inner := f
	if !f.has("config_groups") && f.has("quantization_config") {
		inner = f.object("quantization_config")
	}
	for _, name := range inner.textsOr("ignore") {
		if !inner.target(q, name, formats.Format{}) {
			return
		}
	}
	if !inner.has("config_groups") {
		q.unread = "compressed-tensors without config_groups is not modelled; accepted: groups with num_bits of their weights"
		return
	}
	groups := inner.object("config_groups")
	for _, key := range inner.keysOf("config_groups") {
		g := groups.object(key)
		of, ok := g.groupFormat(q)
		for _, name := range g.textsOr("targets", "Linear") {
			if !ok || !inner.target(q, name, of) {
				return
			}
		}
		if f.err == nil {
			f.err = g.err
		}
	}
	if f.err == nil {
		f.err = inner.err
	}
}

// target gives the modules of a name, a pattern or a class a format.
func (f *fields) target(q *quantised, name string, of formats.Format) bool {
	expression, isPattern := strings.CutPrefix(name, "re:")
	switch {
	case isPattern:
		m, err := pattern(expression)
		if err != nil {
			q.unread = err.Error()
			return false
		}
		q.parts = append(q.parts, modulePart{m, of})
	case name == "Linear":
		q.format, q.head = of, true
	default:
		q.parts = append(q.parts, modulePart{module(name), of})
	}
	return true
}

// groupFormat reads what a group does to its weights.
func (f *fields) groupFormat(q *quantised) (formats.Format, bool) {
	if !f.has("weights") {
		return formats.Format{}, true
	}
	w := f.object("weights")
	g := scaled(w.bitsOf(8, "num_bits"), 0, w.flagOr("symmetric", true))
	switch strategy := w.textOr("strategy", "tensor"); strategy {
	case "tensor":
		g.Rows = formats.AllRows
	case "channel":
	case "group", "tensor_group":
		g.Group = w.groupOr("group_size", 128)
	case "block":
		var block []int
		if !w.decode("block_structure", &block) || len(block) != 2 || min(block[0], block[1]) < 1 || max(block[0], block[1]) > 1<<20 {
			w.fail("block_structure", "%s is not usable; accepted: two positive integers, as in [128, 128]", w.show("block_structure"))
		} else {
			g.Rows, g.Group = block[0], block[1]
		}
	default:
		q.unread = fmt.Sprintf("compressed-tensors with strategy %.20q is not modelled; accepted: tensor, channel, group, block", strategy)
	}
	if g.Bits == 4 && w.textOr("type", "int") == "float" { // NVFP4, and MXFP4 with groups of 32
		g.Table, g.Scale = true, 8
	}
	if f.err == nil {
		f.err = w.err
	}
	if g.IsFP16() {
		g = formats.Format{}
	}
	return g, q.unread == ""
}

// decode reads a value into a variable, and reports whether it has its type. An absent one has not.
func (f *fields) decode(key string, to any) bool {
	return f.has(key) && json.Unmarshal(f.raw[key], to) == nil
}

// sortedKeys are the keys of an object, whose order says nothing.
func sortedKeys(raw map[string]json.RawMessage) []string { return slices.Sorted(maps.Keys(raw)) }

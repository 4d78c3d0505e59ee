package precision

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
)

// IsRuleFile reports whether a text names a file of rules.
func IsRuleFile(text string) bool {
	return strings.HasSuffix(text, ".yaml") || strings.HasSuffix(text, ".yml")
}

// ReadRules reads rules from a text, or from the file that it names:
//
//	rules:
//	  - {layers: "0-1,30-31", bits: 8}
//	  - {matrices: [q_proj, k_proj], bits: +1}
//	  - {layers: 0-3, matrices: down_proj, bits: 4>3@100}
func ReadRules(text string) ([]Rule, error) {
	if !IsRuleFile(text) {
		return ParseRules(text)
	}
	data, err := files.Read(text, files.Precisions)
	if err != nil {
		return nil, err
	}
	return parseRuleFile(text, data)
}

// The keys of a file.
const (
	keyRules    = "rules"
	keyLayers   = "layers"
	keyMatrices = "matrices"
	keyBits     = "bits"

	acceptedFile = "a mapping with the key " + keyRules + ", a list of {" + keyLayers + ": A-B, " + keyMatrices + ": NAME or [NAMES], " + keyBits + ": N}"
)

func parseRuleFile(name string, data []byte) ([]Rule, error) {
	f := &strict.Faults{File: name}
	top := f.Document(data, acceptedFile)
	if top == nil {
		return nil, f.Err()
	}
	var all []Rule
	var list *yaml.Node
	for k := range f.Keys(top, "", "", map[string]strict.Place{}, func() string { return keyRules }) {
		if k.Path != keyRules {
			f.Add(strict.PlaceOf(k.Node), k.Path, "unknown key; accepted: "+keyRules)
			continue
		}
		list = k.Value
	}
	switch {
	case list == nil && f.Len() == 0:
		f.Add(strict.Place{}, keyRules, "missing; accepted: "+acceptedFile)
	case list != nil && (list.Kind != yaml.SequenceNode || len(list.Content) == 0):
		f.Add(strict.PlaceOf(list), keyRules, "got "+strict.Describe(list)+"; accepted: "+acceptedFile)
	case list != nil:
		for i, n := range list.Content {
			if r, ok := readRule(f, n, fmt.Sprintf("%s[%d]", keyRules, i)); ok {
				all = append(all, r)
			}
		}
	}
	return all, f.Err()
}

// readRule reads a rule of a file, by way of its text.
func readRule(f *strict.Faults, n *yaml.Node, under string) (r Rule, ok bool) {
	if n.Kind != yaml.MappingNode {
		f.Add(strict.PlaceOf(n), under, "got "+strict.Describe(n)+"; accepted: "+acceptedFile)
		return r, false
	}
	before := f.Len()
	var selector []string
	bits := ""
	keys := func() string { return strings.Join([]string{keyLayers, keyMatrices, keyBits}, ", ") }
	for k := range f.Keys(n, under+".", "", map[string]strict.Place{}, keys) {
		value, fine := words(k.Value)
		switch {
		case k.Path != keyLayers && k.Path != keyMatrices && k.Path != keyBits:
			f.Add(strict.PlaceOf(k.Node), under+"."+k.Path, "unknown key; accepted: "+keys())
		case !fine:
			f.Add(strict.PlaceOf(k.Value), under+"."+k.Path, "got "+strict.Describe(k.Value)+"; accepted: a text, a number or a list of them")
		case k.Path == keyLayers:
			selector = append([]string{keyLayers + "=" + value}, selector...)
		case k.Path == keyMatrices:
			selector = append(selector, value)
		default:
			bits = value
		}
	}
	if f.Len() > before {
		return r, false
	}
	if bits == "" || len(selector) == 0 {
		f.Add(strict.PlaceOf(n), under, "bits, or layers and matrices, are missing; accepted: "+acceptedFile)
		return r, false
	}
	r, err := parseRule(strings.Join(selector, ",") + "=" + bits)
	if err != nil {
		f.Add(strict.PlaceOf(n), under, err.Error())
	}
	return r, err == nil
}

// words is a scalar, or a list of scalars with commas between.
func words(n *yaml.Node) (string, bool) {
	if n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		return n.Value, n.Value != ""
	}
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		return "", false
	}
	var all []string
	for _, x := range n.Content {
		if x.Kind != yaml.ScalarNode || x.Tag == "!!null" || x.Value == "" {
			return "", false
		}
		all = append(all, x.Value)
	}
	return strings.Join(all, ","), true
}

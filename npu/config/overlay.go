package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Overlay writes c as a file that Load reads back to the same Config: changes to the preset that is closest to it.
// about is what the file says above them, a line each.
func (c *Config) Overlay(about []string) ([]byte, error) {
	base, changes := "", []node(nil)
	for _, name := range Names() {
		p, err := Preset(name)
		if err != nil {
			return nil, err
		}
		if differ := c.differing(p); base == "" || len(differ) < len(changes) {
			base, changes = name, differ
		}
	}
	top := &yaml.Node{Kind: yaml.MappingNode, HeadComment: "# " + strings.Join(about, "\n# ")}
	if len(about) == 0 {
		top.HeadComment = ""
	}
	put(top, "base", &yaml.Node{Kind: yaml.ScalarNode, Value: base})
	for _, n := range changes {
		value := new(yaml.Node)
		if err := value.Encode(n.value.Interface()); err != nil {
			return nil, fmt.Errorf("writing %s of NPU %q: %w", n.path, c.Name, err)
		}
		if n.optional && n.value.IsZero() {
			value = &yaml.Node{Kind: yaml.ScalarNode, Value: n.absent}
		}
		at, keys := top, strings.Split(n.path, ".")
		for _, section := range keys[:len(keys)-1] {
			at = below(at, section)
		}
		put(at, keys[len(keys)-1], value)
	}
	return yaml.Dump(top)
}

// differing returns the values of c that are not those of o.
func (c *Config) differing(o *Config) (all []node) {
	others := o.leaves()
	for i, n := range c.leaves() {
		if n.text() != others[i].text() {
			all = append(all, n)
		}
	}
	return all
}

// put appends a key to a mapping.
func put(mapping *yaml.Node, key string, value *yaml.Node) {
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
}

// below returns the section of a mapping, which is made where there is none yet.
func below(mapping *yaml.Node, section string) *yaml.Node {
	if n := len(mapping.Content); n > 0 && mapping.Content[n-2].Value == section {
		return mapping.Content[n-1]
	}
	s := &yaml.Node{Kind: yaml.MappingNode}
	put(mapping, section, s)
	return s
}

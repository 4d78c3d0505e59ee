package config

import (
	"reflect"
	"testing"
)

// TestAnOptionalKeyStandsForItsDefault: absent and given as its default are one machine.
func TestAnOptionalKeyStandsForItsDefault(t *testing.T) {
	var s struct {
		Page  string `yaml:"page,omitempty" default:"open"`
		Ranks int    `yaml:"ranks"`
	}
	keys := children(reflect.ValueOf(&s).Elem(), "dram")
	page, ranks := keys[0], keys[1]
	if page.path != "dram.page" || !page.optional || ranks.optional {
		t.Fatalf("%+v", keys)
	}
	for _, step := range []struct{ set, stored, text string }{
		{"open", "", "open"}, {"closed", "closed", "closed"}, {"open", "", "open"}} {
		if err := page.set(step.set); err != nil || s.Page != step.stored || page.text() != step.text {
			t.Errorf("set to %s: stored %q, shown %q, %v", step.set, s.Page, page.text(), err)
		}
	}
	if err := ranks.set("0"); err != nil || ranks.text() != "0" {
		t.Errorf("ranks %s, %v", ranks.text(), err)
	}
}

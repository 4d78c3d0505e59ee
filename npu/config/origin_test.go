package config

import "testing"

func TestAChangedNPUDoesNotClaimItsOriginsSource(t *testing.T) {
	preset, err := Preset("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	set := func(c *Config, assignments ...string) *Config {
		t.Helper()
		own := *c
		if err := own.Set(assignments); err != nil {
			t.Fatal(err)
		}
		return &own
	}
	mine, err := Parse("mine.yaml", []byte("base: edge-lpddr5\nsource: my chip\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name                string
		npu                 *Config
		source, description string
	}{
		{"one key", set(preset, "array.rows=16"), "edge-lpddr5, changed: array.rows=16", "edge-lpddr5, changed"},
		{"a value that is as it was", set(preset, "array.rows=128"), preset.Source, preset.Description},
		{"several, at once or one after the other", set(set(preset, "array.rows=16"), "array.cols=8", "array.rows=32"),
			"edge-lpddr5, changed: array.cols=8, array.rows=32", "edge-lpddr5, changed"},
		{"texts of one's own", set(preset, "array.rows=16", "source=me", "description=mine"), "me", "mine"},
		{"a name alone", set(preset, "name=x"), preset.Source, preset.Description},
		{"a chip of one's own, changed", set(mine, "array.rows=16"), "my chip, changed: array.rows=16", preset.Description},
		{"the mapping follows the channels", set(preset, "dram.channels=2"), "edge-lpddr5, changed: dram.channels=2", "edge-lpddr5, changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.npu.Source != c.source || c.npu.Description != c.description {
				t.Errorf("source %q, description %q; want %q, %q", c.npu.Source, c.npu.Description, c.source, c.description)
			}
		})
	}
	t.Run("the fingerprint is that of the values and of the origin's texts", func(t *testing.T) {
		c := set(preset, "array.rows=16", "kv.bits=4")
		as := *c
		as.Source, as.Description = preset.Source, preset.Description
		if c.Fingerprint() != as.Fingerprint() {
			t.Error("the changes count twice")
		}
		if other := set(set(preset, "kv.bits=4"), "array.rows=16"); *other != *c {
			t.Errorf("%+v, want %+v", other, c)
		}
		text, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Parse("edge-lpddr5.yaml", text); err != nil || *again != *c || again.Fingerprint() != c.Fingerprint() {
			t.Errorf("%+v, %v", again, err)
		}
	})
}

package config

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestFormatsOfWeights(t *testing.T) {
	for _, c := range []struct {
		assignments string
		bits        unit.Bits
		want        string
		row         unit.Bytes // of 4,100 weights
	}{
		{"", 4, "codebooks", 2 * 16},
		{"", 5, "codebooks", 2 * 32},
		{"", 6, "a scale a row", 2},
		{"weights.zero_points=true", 8, "a scale a row, with zero points", 3},
		{"weights.zero_points=true", 4, "codebooks", 32},
		{"weights.group=codebook", 8, "codebooks", 512},
		{"weights.group=channel", 2, "a scale a row", 2},
		{"weights.group=128", 4, "a scale for 128 weights", 33 * 2},
		{"weights.group=64 weights.zero_points=true", 4, "a scale for 64 weights, with zero points", (65*(16+4) + 7) / 8},
		{"weights.group=32 weights.zero_points=true", 3, "a scale for 32 weights, with zero points", (129*(16+3) + 7) / 8},
	} {
		cfg, err := Preset("edge-lpddr5")
		if err != nil {
			t.Fatal(err)
		}
		if err := cfg.Set(strings.Fields(c.assignments)); err != nil {
			t.Fatal(err)
		}
		f, ok := cfg.Weights.Format(c.bits)
		if !ok || f.String() != c.want || f.RowBytes(4100) != c.row {
			t.Errorf("%q at %d bits: %v, %v a row, %v; want %s, %v", c.assignments, c.bits, f, f.RowBytes(4100), ok, c.want, c.row)
		}
		if _, ok := cfg.Weights.Format(16); ok {
			t.Errorf("%q: fp16 has a format", c.assignments)
		}
	}
}

func TestGroupsGoThroughYAMLAndJSON(t *testing.T) {
	for _, text := range Groups() {
		c, err := Parse("npu.yaml", []byte("base: edge-lpddr5\nweights:\n  group: "+text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(data), `"group"`); got != (text != "auto") {
			t.Errorf("%s: JSON with a group: %v", text, got)
		}
		var again Config
		if err := json.Unmarshal(data, &again); err != nil || again.Weights != c.Weights || c.Weights.Group.String() != text {
			t.Errorf("%s: %+v, after JSON %+v, %v", text, c.Weights, again.Weights, err)
		}
	}
	c, _ := Preset("edge-lpddr5")
	for text, want := range map[string]string{
		"weights.group=16": `"16" is not known; accepted: auto, codebook, channel, 32, 64, 128`,
		"lm_head.bits=9":   "9 bits are not a width of the head's weights; accepted: 2 to 8, 16",
	} {
		if err := c.Set([]string{text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if err := c.Set([]string{"weights.group=codebook", "weights.zero_points=true"}); err == nil {
		t.Error("codebooks have zero points")
	}
}

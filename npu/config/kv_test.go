package config

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Of two heads of 64 values; keys by channel are those of 32 positions at once.
func TestTheCacheInWordsAndBytes(t *testing.T) {
	for _, c := range []struct {
		set, words  string
		keys, value unit.Bytes
	}{
		{"kv.bits=8", "8 bits", 128, 128},
		{"kv.bits=4 kv.key_bits=4", "4 bits", 64, 64},
		{"kv.bits=16 kv.group=32", "16 bits", 256, 256},
		{"kv.bits=8 kv.value_bits=3", "8-bit keys, 3-bit values", 128, 48},
		{"kv.bits=3 kv.group=head", "3 bits, a scale a head", 48 + 2*2, 48 + 2*2},
		{"kv.bits=4 kv.key_bits=16 kv.group=128", "16-bit keys, 4-bit values, a scale for 128", 256, 64 + 2*2},
		{"kv.bits=2 kv.group=32 kv.key_scales=channel kv.zero_points=true", "2 bits, a scale for 32, keys by channel, zero points",
			32*32 + 128*4, 32 + 2*2*4},
		{"kv.bits=2 kv.group=32 kv.key_scales=token", "2 bits, a scale for 32", 32 + 8, 32 + 8},
	} {
		cfg, err := Preset("edge-lpddr5")
		if err == nil {
			err = cfg.Set(strings.Fields(c.set))
		}
		if err != nil {
			t.Fatal(err)
		}
		if p := cfg.Validate(); len(p) > 0 {
			t.Errorf("%s: %v", c.set, p)
		}
		if got := cfg.KV.String(); got != c.words {
			t.Errorf("%s: %q, want %q", c.set, got, c.words)
		}
		if k, v := cfg.KV.Keys().SpanBytes(2, 64), cfg.KV.Values().SpanBytes(2, 64); k != c.keys || v != c.value {
			t.Errorf("%s: keys of %d bytes, values of %d; want %d, %d", c.set, k, v, c.keys, c.value)
		}
		data, err := json.Marshal(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var again Config
		if err := json.Unmarshal(data, &again); err != nil || again.KV != cfg.KV {
			t.Errorf("%s: %+v after JSON %+v, %v", c.set, again.KV, cfg.KV, err)
		}
		if plain := strings.Contains(string(data), `"kv":{"bits":8}`); plain != (c.set == "kv.bits=8") {
			t.Errorf("%s: JSON as of old: %v", c.set, plain)
		}
	}
}

func TestCachesThatCannotBe(t *testing.T) {
	for set, want := range map[string]string{
		"kv.bits=5":                       "kv.bits: 5 bits are not a width of cached values; accepted: 16, 8, 4, 3, 2",
		"kv.key_bits=6":                   "kv.key_bits: 6 bits are not a width of cached values; accepted: 0 (those of kv.bits), 16, 8, 4, 3, 2",
		"kv.group=48":                     `kv.group: "48" is not known; accepted: none, head, 32, 64, 128`,
		"kv.group=head kv.key_scales=row": `kv.key_scales: "row" is not known; accepted: token, channel`,
		"kv.group=head kv.zero_points=1":  `kv.zero_points: "1" is not a truth value; accepted: true or false`,
		"kv.zero_points=true":             "kv.zero_points: true, but there are no scales for them to stand with; accepted: false, or a kv.group of head, 32, 64, 128",
		"kv.group=head kv.key_scales=channel": "kv.key_scales: channel, but kv.group is head, which is no number of positions; " +
			"accepted: token, or a kv.group of 32, 64, 128",
		"kv.group=64 kv.bits=4 kv.key_scales=channel graph.prefill_chunk=100": "graph.prefill_chunk: 100 tokens are no whole groups of 64 positions, " +
			"whose keys share scales; accepted: 0, or a multiple of kv.group",
	} {
		cfg, err := Preset("edge-lpddr5")
		if err != nil {
			t.Fatal(err)
		}
		err = cfg.Set(strings.Fields(set))
		if err == nil {
			t.Errorf("%s: no error", set)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", set, err, want)
		}
	}
}

package traces

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

func TestTheCacheOfATrace(t *testing.T) {
	for _, text := range []string{"16", "8", "4/8,group=32"} {
		c, err := formats.ParseCache(text)
		if err != nil {
			t.Fatal(err)
		}
		h := &Header{Quant: &Quant{}}
		h.Quant.Cached(c)
		got, known := h.Cache()
		if !known || got.Scaled() != c {
			t.Errorf("%s: %v, known %v", c, got, known)
		}
		if version := h.needs(); (version == 2) != (text != "16") {
			t.Errorf("%s: version %d", c, version)
		}
	}
	eight := 8
	for what, h := range map[string]*Header{"no quant": {}, "nothing of the cache": {Quant: &Quant{}}, "the bits alone": {Quant: &Quant{KVBits: &eight}}} {
		if c, known := h.Cache(); known {
			t.Errorf("%s: %s", what, c)
		}
	}
}

func TestCachesThatATraceCannotHave(t *testing.T) {
	for quant, want := range map[string]string{
		`"kv_bits":8,"kv_cache":"8"`:               `quant.kv_cache: version 1 has no such key; accepted: version 2`,
		`"kv_bits":8,"kv_cache":"9"`:               `quant.kv_cache: "9" is not a width of cached values`,
		`"kv_bits":8,"kv_cache":"8,group=head"`:    `quant.kv_cache: "8,group=head" is written in another way; accepted: 8`,
		`"kv_bits":16,"kv_cache":"16"`:             `quant.kv_cache: "16" has no codes; accepted: no such key for a cache of fp16`,
		`"version":2,"kv_bits":4,"kv_cache":"8"`:   `quant.kv_bits: kv_cache is 8; accepted: 8`,
		`"version":2,"kv_bits":4,"kv_cache":"4/8"`: `quant.kv_bits: 4 is not the width of both; accepted: no such key beside kv_cache 4/8`,
		`"version":2,"kv_cache":"4,zero_points"`:   `quant.kv_bits: kv_cache is 4,zero_points; accepted: 4`,
		`"version":2,"kv_bits":4,"kv_cache":"4"`:   ``,
		`"version":2,"kv_cache":"4/8,zero_points"`: ``,
		`"kv_bits":16`:  ``,
		`"seed_bits":3`: `quant.seed_bits: version 1 has no such key; accepted: version 2`,
		`"sensitivity_sha256":"` + strings.Repeat("0", 64) + `"`: `quant.sensitivity_sha256: version 1 has no such key; accepted: version 2`,
		`"version":2,"seed_bits":3`:                              ``,
		`"version":2,"kv_cache":"4/8","kv_value":8`:              `quant.kv_value: unknown key`,
	} {
		lines, of := base(), quant
		if rest, second := strings.CutPrefix(quant, `"version":2,`); second {
			lines[0], of = strings.Replace(lines[0], `"version":1`, `"version":2`, 1), rest
		}
		lines[0] = strings.Replace(lines[0], `"precisions"`, `"quant":{"scheme":"anyprec-lut",`+of+`},"precisions"`, 1)
		r, err := NewReader("t.jsonl", strings.NewReader(strings.Join(lines, "\n")))
		if err == nil {
			_ = r.Close()
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", quant, err, want)
		}
	}
}

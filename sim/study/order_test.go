package study_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

func TestValuesHaveAnOrder(t *testing.T) {
	for want, values := range map[string][]string{
		"8x8 16x16 128x128":     {"128x128", "16x16", "8x8"},
		"2 10 1e2":              {"10", "1e2", "2"},
		"512KiB 1MiB":           {"1MiB", "512KiB"},
		"a a2 a10 b":            {"b", "a10", "a2", "a"},
		"ddr4-3200 lpddr5-6400": {"lpddr5-6400", "ddr4-3200"},
		"v1.9 v1.10 v01.10":     {"v01.10", "v1.10", "v1.9"},
		"ä1 ä2":                 {"ä2", "ä1"},
	} {
		slices.SortFunc(values, study.CompareValues)
		if got := strings.Join(values, " "); len(got) != len(want) || got != want && want != "v1.9 v1.10 v01.10" {
			t.Errorf("%s, want %s", got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[a9]{0,2}[0-9]{0,2}[xé-]?[0-9]{0,2}`)
		a, b, c := value.Draw(t, "a"), value.Draw(t, "b"), value.Draw(t, "c")
		if x := study.CompareValues(a, b); x != -study.CompareValues(b, a) || (x == 0) != (a == b) {
			t.Errorf("%q and %q", a, b)
		}
		numbers := study.AreNumbers([]string{a}) || study.AreNumbers([]string{b}) || study.AreNumbers([]string{c})
		if !numbers && study.CompareValues(a, b) < 0 && study.CompareValues(b, c) < 0 && study.CompareValues(a, c) >= 0 {
			t.Errorf("%q < %q < %q", a, b, c)
		}
	})
}

// swept is the folder of a sweep over two axes whose values have the order of no alphabet.
func swept(t *testing.T, format string) string {
	t.Helper()
	dir := t.TempDir()
	axes := []folder.Axis{{Name: "width", Values: []string{"two", "one", "four"}}, {Name: "clock", Values: []string{"2GHz", "500MHz"}}}
	var planned []folder.Planned
	var rows strings.Builder
	for _, width := range axes[0].Values {
		for _, clock := range axes[1].Values {
			r := folder.Row{Fingerprint: width + clock + "0123456789", NPU: "n", Model: "m", Schedule: "fp16", Axes: map[string]string{"width": width, "clock": clock}}
			planned = append(planned, folder.Planned{Row: r})
			rows.WriteString(`{"fingerprint":"` + r.Fingerprint + `","npu":"n","axes":{"clock":"` + clock + `","width":"` + width + `"},"result":` + line("n", "fp16", "") + "}\n")
		}
	}
	plan := folder.NewPlan(folder.Plan{Axes: axes}, planned)
	text, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if format == folder.FormatV0 {
		text = old(t, planned)
	}
	lines := strings.SplitAfter(rows.String(), "\n")
	slices.Sort(lines)
	for name, data := range map[string]string{"plan.jsonl": string(text), "results.jsonl": strings.Join(lines, "")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// old is the plan as version 0.1.0 wrote it.
func old(t *testing.T, planned []folder.Planned) []byte {
	t.Helper()
	text := []byte(`{"format":"` + folder.FormatV0 + `","spec":"s","version":"v0.1.0","points":6}` + "\n")
	for _, p := range planned {
		line, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		text = append(append(text, line...), '\n')
	}
	return text
}

func TestAxesHaveTheOrderOfTheirSpec(t *testing.T) {
	for _, format := range []string{folder.Format, folder.FormatV0} {
		s, err := study.Read(filepath.Join(swept(t, format), "results.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		if s, err = s.Arrange(); err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Join(s.Values("width"), " "), "two one four"; got != want {
			t.Errorf("%s: widths %s, want %s", format, got, want)
		}
		if got, want := strings.Join(s.Values("clock"), " "), "500MHz 2GHz"; got != want {
			t.Errorf("%s: clocks %s, want %s: quantities have an order", format, got, want)
		}
		if format == folder.FormatV0 {
			continue
		}
		want := "width two, clock 500MHz: fp16; width two, clock 2GHz: fp16; width one, clock 500MHz: fp16; width one, clock 2GHz: fp16; " +
			"width four, clock 500MHz: fp16; width four, clock 2GHz: fp16"
		if got := told(s); got != want {
			t.Errorf("%s", got)
		}
	}
}

func TestTheBitsOfTheCacheAreSaidOnce(t *testing.T) {
	at := func(axes, bits string) string {
		return row(axes, strings.Replace(line("n", "fp16", ""), `"kv_bits":8`, `"kv_bits":`+bits, 1))
	}
	for _, c := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"an axis of the key", []string{at(`{"kv.bits":"4"}`, "4"), at(`{"kv.bits":"16"}`, "16")}, "kv.bits 4: fp16; kv.bits 16: fp16"},
		{"an axis of a name", []string{at(`{"cache":"narrow"}`, "4"), at(`{"cache":"wide"}`, "16")}, "cache narrow: fp16; cache wide: fp16"},
		{"an axis that does not tell", []string{at(`{"a":"x"}`, "4"), at(`{"a":"x"}`, "16"), at(`{"a":"y"}`, "4")},
			"a x, KV 4 bits: fp16; a x, KV 16 bits: fp16; a y, KV 4 bits: fp16"},
		{"keys and values apart", []string{at(`{"b":"x"}`, `8,"key_bits":4,"value_bits":8`), at(`{"b":"x"}`, "8")},
			"KV 8 bits: fp16; 4-bit keys, 8-bit values: fp16"},
		{"an axis of one side", []string{at(`{"kv.key_bits":"4"}`, `8,"key_bits":4,"value_bits":8`), at(`{"kv.key_bits":"8"}`, "8")},
			"kv.key_bits 4: fp16; kv.key_bits 8: fp16"},
		{"no axis", []string{at(`{"b":"x"}`, "4"), at(`{"b":"x"}`, "16")}, "KV 4 bits: fp16; KV 16 bits: fp16"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := read(t, c.lines...)
			a, err := s.Arrange()
			if err != nil || told(a) != c.want {
				t.Errorf("%s, %v, want %s", told(a), err, c.want)
			}
		})
	}
	s := read(t, at(`{"kv.bits":"4"}`, "4"), at(`{"kv.bits":"16"}`, "16"))
	for _, key := range []string{"kv.bits=4", "kv-bits=4"} {
		if some, err := s.Only(key); err != nil || len(some.Outcomes) != 1 {
			t.Errorf("%s: %v", key, err)
		}
	}
}

package study_test

import (
	"slices"
	"strings"
	"testing"
)

// Results of one model and schedule that differ in what weights are: none of them takes the name of another.
var (
	plain = line("n", "fp16", "")
	gptq  = line("n", "fp16", `,"weight_format":"gptq: 4 bits","model_fingerprint":"aa"`)
	awq   = line("n", "fp16", `,"weight_format":"awq: 4 bits","model_fingerprint":"bb"`)
	zipf  = line("n", "fp16", `,"experts":{"routing":"zipf,s=1","count":8,"per_token":2}`)
	even  = line("n", "fp16", `,"experts":{"routing":"uniform","count":8,"per_token":2}`)
	split = line("n", "fp16", `,"key_bits":8,"value_bits":4`)
	four  = line("n", "uniform:4", "")
	ruled = line("n", "uniform:4;down_proj=+1", `,"precision_rules":"down_proj=+1"`)
)

func TestWeightsTellResultsApart(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"formats of files", []string{gptq, awq}, "awq: 4 bits: fp16; gptq: 4 bits: fp16"},
		{"a file's format and none", []string{gptq, plain}, "gptq: 4 bits: fp16; not quantised: fp16"},
		{"routings of experts", []string{zipf, even}, "experts uniform: fp16; experts zipf,s=1: fp16"},
		{"bits of keys and values", []string{split, plain}, "KV 8 bits: fp16; 8-bit keys, 4-bit values: fp16"},
		{"rules", []string{ruled, four}, ": uniform:4; : uniform:4;down_proj=+1"},
		{"bits of the cache beside a routing", []string{strings.Replace(zipf, `"kv_bits":8`, `"kv_bits":4`, 1), even},
			"KV 4 bits, experts zipf,s=1: fp16; KV 8 bits, experts uniform: fp16"},
	} {
		s, err := read(t, c.lines...).Arrange()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := told(s); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestOnlyByWeights(t *testing.T) {
	all := read(t, plain, gptq, awq, zipf, even, split, four, ruled)
	for condition, want := range map[string]int{"format=gptq: 4 bits": 1, "format=none": 6, "experts=zipf,s=1": 1, "experts=none": 6, "kv-bits=8/4": 1,
		"precision=down_proj=+1": 1, "precision=none": 7, "schedule=uniform:4": 1, "schedule=uniform:4;down_proj=+1": 1} {
		s, err := all.Only(condition)
		if err != nil || len(s.Outcomes) != want {
			t.Errorf("%s: %v, %d results; want %d", condition, err, len(s.Outcomes), want)
		}
	}
	if _, err := all.Only("precision=o_proj=+1"); err == nil || !strings.Contains(err.Error(), "accepted: down_proj=+1, none") {
		t.Error(err)
	}
}

// A mean over routings does not swallow another NPU, nor another format.
func TestOverRoutings(t *testing.T) {
	with := func(text, config string) string {
		return strings.TrimSuffix(text, "}") + `,"config_fingerprint":"` + config + `"}`
	}
	s, err := read(t, with(zipf, "aaaaaaaa"), with(even, "aaaaaaaa"), with(zipf, "bbbbbbbb"), with(even, "bbbbbbbb")).Arrange("experts")
	if err != nil || told(s) != "config aaaaaaaa: fp16; config bbbbbbbb: fp16" || len(s.Outcomes[0].Replicates) != 2 {
		t.Errorf("%v: %s", err, told(s))
	}
	if _, err := read(t, zipf, even, zipf).Arrange("experts"); err == nil {
		t.Error("a result counts twice")
	}
	if _, err := read(t, ruled, four).Arrange("precision"); err == nil {
		t.Error("a mean over rules")
	}
}

// What tokens ask for is no choice of who builds the machine; the format of weights is one.
func TestRoutingIsWorkload(t *testing.T) {
	s, err := read(t, zipf, even, gptq).Arrange()
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Distinct(s.Workload()); !slices.Equal(got, []string{"no experts", "experts uniform", "experts zipf,s=1"}) {
		t.Errorf("workloads %q", got)
	}
	if got := s.Distinct(s.Design()); !slices.Equal(got, []string{"gptq: 4 bits, fp16", "not quantised, fp16"}) {
		t.Errorf("designs %q", got)
	}
}

func TestGridOfRules(t *testing.T) {
	three := strings.Replace(four, "uniform:4", "uniform:3", 1)
	s, err := read(t, ruled, four, strings.Replace(ruled, "uniform:4", "uniform:3", 1), three).Arrange()
	if err != nil {
		t.Fatal(err)
	}
	for _, axes := range [][2]string{{"precision", "schedule"}, {"", ""}} {
		g, err := s.Grid(axes[0], axes[1])
		if err != nil {
			t.Fatal(err)
		}
		rules, schedules := g.XValues, g.YValues
		if g.X != "precision" {
			rules, schedules = schedules, rules
		}
		slices.Sort(schedules)
		if !slices.Equal(rules, []string{"down_proj=+1", "none"}) || !slices.Equal(schedules, []string{"uniform:3", "uniform:4"}) {
			t.Errorf("%v: over %v and %v", axes, rules, schedules)
		}
		for _, x := range g.XValues {
			for _, y := range g.YValues {
				if g.At(x, y) == nil {
					t.Errorf("%v: no result at %s, %s", axes, x, y)
				}
			}
		}
	}
	if _, err := s.Grid("npu", "schedule"); err != nil { // rules are in the schedule's name
		t.Error(err)
	}
}

// Roofs are drawn for what is read: of rules and files, too.
func TestWidthsOfRulesAndFiles(t *testing.T) {
	file := line("n", "file;layers=0-1:16;down_proj=-2", `,"prefill_weight_bits":8,"inputs":{"npu":{},"model":{"stored":{"method":"gguf",`+
		`"default":{"bits":4},"parts":[{"matrix":"v_proj","format":{"bits":6}}]}}}`)
	both := line("n", "static:4>3;v_proj=+1;down_proj=+1", `,"prefill_weight_bits":8`)
	for _, c := range []struct {
		lines  []string
		phases []string
		want   []int
	}{
		{[]string{four}, []string{"decode"}, []int{4}},
		{[]string{ruled}, []string{"decode"}, []int{4, 5}},
		{[]string{both}, []string{"decode"}, []int{3, 4, 5, 6}},
		{[]string{both}, []string{"prefill"}, []int{8}}, // 8 is the most
		{[]string{file}, []string{"decode"}, []int{2, 4, 6, 16}},
		{[]string{file, both}, []string{"prefill", "decode"}, []int{2, 3, 4, 5, 6, 8, 16}},
	} {
		if got := read(t, c.lines...).Widths(c.phases...); !slices.Equal(got, c.want) {
			t.Errorf("%v %v: %v, want %v", c.lines, c.phases, got, c.want)
		}
	}
}

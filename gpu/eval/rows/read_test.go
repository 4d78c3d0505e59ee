package rows_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
)

// row is one of a schedule whose name a spreadsheet could take as a formula.
func row() rows.Row {
	rate := 39.5
	return rows.Row{Schedule: "=uniform:4", Model: "tiny", NPU: "rk3588", AvgWeightBits: 4.25, BitsPerToken: 3.5, BitsPerTokenLow: 3, BitsPerTokenHigh: 4,
		KLMean: 0.02, KLLow: 0.01, KLHigh: 0.03, Agreement: 0.9, AgreementLow: 0.8, AgreementHigh: 1, RougeL: 0.7, RougeLLow: 0.5, RougeLHigh: 0.75,
		Prefix: 9, PrefixLow: 5, PrefixHigh: 12, TokensPerSecond: &rate, AnswerBits: 4.5, PrefillBits: 4, Prompts: 3, Prompt: 16, Generated: 8, KVBits: 16,
		KVCache: "16/8", Quantiser: "weighted", Seed: 7}
}

func TestAllThatQualityWritesIsReadBack(t *testing.T) {
	with := row()
	with.ByPosition, with.Weights, with.Machine = []rows.Block{{0, 0, 4, 3, 0.1, 1}, {1, 7, 4, 3.5, 0.2, 0.9}}, "abc", "a GPU"
	with.ByPrompt = &rows.ByPrompt{KL: []float64{1, 2, 3}}
	line, err := json.Marshal(with)
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := rows.WriteCSV(&table, []rows.Row{row(), row()}); err != nil {
		t.Fatal(err)
	}
	unknown := strings.Replace(string(line), "{", `{"beauty":{"x":[1]},`, 1)
	more := strings.Replace(strings.ReplaceAll(table.String(), "\n", ",9\n"), ",9\n", ",beauty\n", 1)
	for name, c := range map[string]struct {
		text string
		want []rows.Row
	}{
		"lines":                     {string(line) + "\n\n" + string(line) + "\n", []rows.Row{with, with}},
		"a line without its end":    {string(line), []rows.Row{with}},
		"a list":                    {"[" + string(line) + ",\n" + string(line) + "]\n", []rows.Row{with, with}},
		"keys that nobody knows":    {unknown, []rows.Row{with}},
		"a table":                   {table.String(), []rows.Row{row(), row()}},
		"columns that nobody knows": {more, []rows.Row{row(), row()}},
		"what other programs saved": {"\ufeff" + strings.ReplaceAll(table.String(), "\n", "\r\n"), []rows.Row{row(), row()}},
	} {
		got, err := rows.Read("f", []byte(c.text))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: error %v, got\n%+v\nwant\n%+v", name, err, got, c.want)
		}
	}
}

func TestWhatNoEvaluationComesTo(t *testing.T) {
	line, err := json.Marshal(row())
	if err != nil {
		t.Fatal(err)
	}
	changed := func(old, with string) string {
		text := strings.Replace(string(line), old, with, 1)
		if text == string(line) {
			t.Errorf("%s is not there", old)
		}
		return text
	}
	head := "schedule,model,avg_weight_bits\n"
	for _, c := range []struct{ text, want string }{
		{"", "f: there are no rows; accepted: JSON or CSV that pmpdsim quality wrote"},
		{head, "f: there are no rows; accepted: JSON or CSV that pmpdsim quality wrote"},
		{"{}", "f:1: schedule is missing; accepted: rows as pmpdsim quality writes them"},
		{string(line) + "\n\n{\"a\"", "f:3: this is no JSON object of a schedule, or it ends too early; accepted: what pmpdsim quality --format json wrote"},
		{"[" + string(line), "f:1: this is no JSON object of a schedule, or it ends too early; accepted: what pmpdsim quality --format json wrote"},
		{"[\n1]", "f:2: this is no JSON object of a schedule, or it ends too early; accepted: what pmpdsim quality --format json wrote"},
		{changed(`"kl_mean":0.02`, `"kl_mean":"x"`), `f:1: kl_mean: "x" is no number; accepted: a number`},
		{changed(`"kl_mean":0.02`, `"kl_mean":null`), `f:1: kl_mean: null is no number; accepted: a number`},
		{changed(`"kl_mean":0.02`, `"kl_mean":-1`), "f:1: kl_mean: -1 is out of range; accepted: 0 to 1e+09"},
		{changed(`"kl_mean":0.02`, `"kl_mean":1,"kl_mean":2`), `f:1: "kl_mean" stands twice; accepted: each key once`},
		{changed(`"rouge_l":0.7`, `"rouge_l":1.5`), "f:1: rouge_l: 1.5 is out of range; accepted: 0 to 1"},
		{changed(`"rouge_l_low":0.5`, `"rouge_l_low":0.9`), "f:1: rouge_l: its interval goes from 0.9 to 0.75; accepted: upwards, in 0 to 1"},
		{changed(`"kl_high":`, `"kl_high":1e308,"kl_x":`), "f:1: kl_mean: its interval goes from 0.01 to 1e+308; accepted: upwards, in 0 to 1e+09"},
		{changed(`"tokens_per_second":39.5`, `"tokens_per_second":1e308`), "f:1: tokens_per_second: 1e+308 is out of range; accepted: more than 0, up to 1e+09, or nothing"},
		{changed(`"prompts":3`, `"prompts":1.5`), "f:1: prompts: 1.5 is no whole number; accepted: a whole number"},
		{changed(`"prompts":3`, `"prompts":0`), "f:1: prompts: 0 is out of range; accepted: 1 or more"},
		{changed(`"tokens_per_second":39.5`, `"tokens_per_second":0`), "f:1: tokens_per_second: 0 is out of range; accepted: more than 0, up to 1e+09, or nothing"},
		{changed(`"avg_weight_bits":4.25`, `"avg_weight_bits":17`), "f:1: avg_weight_bits: 17 is out of range; accepted: more than 0, up to 16"},
		{changed(`"model":"tiny"`, `"model":""`), "f:1: schedule, model: a name is empty; accepted: names"},
		{changed(`"by_position":null`, `"by_position":[{"from":3,"to":1}]`),
			"f:1: by_position[0]: no block of positions with its measures; accepted: blocks that rise, of values as pmpdsim quality writes them"},
		{changed(`"by_position":null`, `"by_position":7`), "f:1: by_position: 7 is no list; accepted: what pmpdsim quality writes there"},
		{head + "a,b\n", "f:2: 2 cells below a head of 3; accepted: CSV that pmpdsim quality wrote"},
		{head + "a,b,c\n", "f:2: avg_weight_bits: c is no number; accepted: a number"},
		{head + "a,b,4\n", "f:2: bits_per_token is missing; accepted: rows as pmpdsim quality writes them"},
		{"\x00\x01\n\x02\n", "f:2: schedule is missing; accepted: rows as pmpdsim quality writes them"},
	} {
		if _, err := rows.Read("f", []byte(c.text)); err == nil || err.Error() != c.want {
			t.Errorf("%.60q: got %v\nwant %s", c.text, err, c.want)
		}
	}
}

func TestOnlyChoosesRows(t *testing.T) {
	all := []rows.Row{row(), row(), row()}
	all[1].NPU, all[2].KVCache, all[2].Schedule = "edge", "4", "static:4>2"
	for _, c := range []struct {
		choices []string
		want    int
		said    string
	}{
		{nil, 3, ""},
		{[]string{"npu=rk3588"}, 2, ""},
		{[]string{"npu=rk3588", "npu=edge"}, 3, ""},
		{[]string{"npu=rk3588", "kv-bits=4"}, 1, ""},
		{[]string{"schedule=static:4-2"}, 1, ""},
		{[]string{"schedule=static:4>2", "schedule==uniform:4"}, 3, ""},
		{[]string{"npu=edge", "kv-bits=4"}, 0, "--only: no row has all of npu=edge, kv-bits=4; accepted: choices that rows have together"},
		{[]string{"npu=x"}, 0, "--only npu=x: no row has it; accepted: npu=edge, rk3588"},
		{[]string{"x=1"}, 0, "--only x=1: no choice of rows; accepted: schedule=, model=, npu=, kv-bits= or quantiser=, and a value"},
	} {
		got, err := rows.Only(all, c.choices...)
		if len(got) != c.want || (err == nil) != (c.said == "") || err != nil && err.Error() != c.said {
			t.Errorf("%v: %d rows, error %v", c.choices, len(got), err)
		}
	}
}

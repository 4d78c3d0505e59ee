package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// written is a line of a plausible result.
func written(t *testing.T) string {
	t.Helper()
	r := &Result{NPU: "n", Model: "m", Task: "t", Schedule: "fp16", PrefillBits: 16, KVBits: 8, PromptTokens: 9, GeneratedTokens: 4, Batch: 2, Counts: counted()}
	r.Footprint.Planes, r.Footprint.Total, r.Footprint.Capacity = 3, 3, 4
	r.Fill(npu(t), []float64{4, 4, 3}, []string{"q_proj"})
	r.Breakdown(npu(t))
	var b bytes.Buffer
	if err := WriteJSON(&b, []*Result{r}); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

// TestEveryNumberOfAResultIsChecked puts, one after the other, values into each number that a result has that no run comes to.
func TestEveryNumberOfAResultIsChecked(t *testing.T) {
	line := written(t)
	if _, err := Parse([]byte(line)); err != nil {
		t.Fatalf("as written: %v", err)
	}
	var tree map[string]any
	if err := json.Unmarshal([]byte(line), &tree); err != nil {
		t.Fatal(err)
	}
	numbers := 0
	var walk func(at any, set func(any))
	try := func(was any, set func(any), bad any) {
		set(bad)
		text, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(text); err == nil {
			t.Errorf("%v instead of %v is believed: %s", bad, was, text)
		}
		set(was)
	}
	walk = func(at any, set func(any)) {
		switch v := at.(type) {
		case map[string]any:
			for key, x := range v {
				walk(x, func(n any) { v[key] = n })
			}
		case []any:
			for i, x := range v {
				walk(x, func(n any) { v[i] = n })
			}
		case float64:
			numbers++
			for _, bad := range []any{-1.0, 1e31, json.RawMessage("1e999"), "NaN"} {
				try(v, set, bad)
			}
		case bool:
			try(v, set, !v)
		}
	}
	walk(tree, nil)
	if numbers < 80 {
		t.Errorf("%d numbers were tried", numbers)
	}
	for key, v := range tree {
		try(v, func(n any) { tree[key] = n }, json.RawMessage("null"))
	}
}

func TestWhatIsWrongWithAResultIsNamed(t *testing.T) {
	line := written(t)
	for _, c := range []struct{ from, to, want string }{
		{`"tokens_per_second":`, `"tokens_per_second":1e-320,"was":`, "tokens_per_second is 1e-320, and no run comes to that"},
		{`"tokens_per_second":`, `"tokens_per_second":0,"was":`, "tokens_per_second is 0, and has to be above it"},
		{`"tokens_per_second":`, `"tokens_per_second":-1,"was":`, "tokens_per_second is -1, and no run comes to that"},
		{`"tokens_per_second":`, `"tokens_per_second":null,"was":`, "tokens_per_second is null"},
		{`"tokens_per_second":`, `"tokens_per_second":"7","was":`, "tokens_per_second is a string, which it cannot be"},
		{`"tokens_per_second":`, `"was":`, "tokens_per_second is missing"},
		{`"tokens_per_second":`, `"tokens_per_second":7,"was":`, "tokens_per_second contradicts tpot_seconds, with 4 generated tokens and batch 2"},
		{`"row_hit_rate":`, `"row_hit_rate":1.5,"was":`, "row_hit_rate is 1.5, more than the whole"},
		{`"schedule":"fp16"`, `"schedule":""`, "schedule is empty"},
		{`"schedule":"fp16"`, `"schedule":"\u001b[31mfp16"`, "schedule holds U+001B, which is not seen"},
		{`"schedule":"fp16"`, "\"schedule\":\"fp16\u202e\"", "schedule holds U+202E, which is not seen"},
		{`"batch":`, `"batch":2,"Batch":`, "Batch: the key is spelt batch"},
		{`"generated_tokens":4`, `"generated_tokens":1`, "tokens_per_second is there, and generated_tokens is 1, which leaves nothing to decode"},
		{`"generated_tokens":4`, `"generated_tokens":0`, "generated_tokens is 0, and has to be above it"},
		{`"capacity":4`, `"capacity":2`, "fits is true, and footprint_bytes has 3 of 2"},
		{`"macs_per_byte":`, `"macs_per_byte":-3,"was":`, "operators.decode[0].macs_per_byte is -3, and no run comes to that"},
	} {
		bad := strings.Replace(line, c.from, c.to, 1)
		if _, err := Parse([]byte(bad)); bad == line || fmt.Sprint(err) != c.want {
			t.Errorf("%s: %v, want %s", c.to, err, c.want)
		}
	}
	t.Run("prefill alone has nothing of decode", func(t *testing.T) {
		r := &Result{NPU: "n", Model: "m", Task: "t", Schedule: "fp16", PrefillBits: 16, KVBits: 8, PromptTokens: 9, GeneratedTokens: 1, Batch: 2}
		r.Counts.Prefill, r.Footprint.Total, r.Footprint.Capacity = counted().Prefill, 3, 4
		r.Fill(npu(t), nil, []string{"q_proj"})
		r.Breakdown(npu(t))
		text, err := Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range ofDecode {
			if bytes.Contains(text, []byte(`"`+key+`":`)) && key != "decode" || bytes.Contains(text, []byte(`"decode":{`)) {
				t.Errorf("%s is in %s", key, text)
			}
		}
		if got, err := Parse(text); err != nil || got.TTFTSeconds != r.TTFTSeconds {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("version 0.1.0 did not say whether it fits", func(t *testing.T) {
		old := strings.Replace(strings.Replace(line, `"fits":true,`, "", 1), `"capacity":4`, `"capacity":2`, 1)
		if r, err := Parse([]byte(old)); err != nil || r.Fits {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

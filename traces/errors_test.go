package traces

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// base is a short synthetic trace, line by line.
func base() []string {
	return []string{
		`{"type":"header","format":"pmpd-trace","version":1,"tool":"test","source":"emulated","model":{"name":"tiny","family":"llama","layers":2,"hidden":64,"ffn":128,"heads":4,"kv_heads":4,"head_dim":16,"rotary_dim":16,"vocab":100,"max_positions":512,"norm":"rmsnorm","activation":"silu","gated_mlp":true,"parallel":false,"block_norms":2,"qk_norm":false,"qkv_bias":false,"o_bias":false,"mlp_bias":false,"head_bias":false,"tied":false,"softcap":false},"precisions":[4,3],"prefill_bits":4,"scheduler":{"kind":"static","spec":"static:4>3@1","params":{"bits":[4,3],"switch_at":[1]}},"prompt":{"tokens":5},"max_new":4}`,
		`{"type":"ops","ops":[{"id":0,"name":"L0.qkv","kind":"gemv","weight_bytes":{"4":100}}]}`,
		`{"type":"prefill","tokens":5,"w_bits":4}`,
		`{"type":"step","i":0,"tok_out":7,"kv_len":5,"w_bits":4,"step_ns":10}`,
		`{"type":"switch","i":1,"from":4,"to":3}`,
		`{"type":"step","i":1,"tok_in":7,"kv_len":6,"w_bits":3,"w_next":3,"step_ns":10}`,
		`{"type":"step","i":2,"kv_len":7,"w_bits":3,"step_ns":10}`,
		`{"type":"footer","steps":3,"stop":"max","sum_step_ns":30,"sha256_steps":"` + baseSum + `"}`,
	}
}

const baseSum = "cda3b350ed9afbc02e15e60bb7bf5aa45f47f2432dac2221d22a4a682cdfc7b7"

// badLines are changes of one line of base, and what the reader says about them.
var badLines = []struct {
	name     string
	line     int // from 1
	old, new string
	want     string
}{
	{"another format", 1, `"pmpd-trace"`, `"other"`, `t.jsonl:1: format: "other" is another format; accepted: pmpd-trace`},
	{"a later version, whatever else it holds", 1, `"version":1`, `"version":3,"new":1`, `t.jsonl:1: version: version 3 is not read; accepted: 1, 2`},
	{"a missing version", 1, `"version":1,`, ``, `t.jsonl:1: version: the key is missing and is required`},
	{"another record first", 1, base()[0], base()[2], `t.jsonl:1: type: a prefill record comes first; accepted: header`},
	{"a second header", 3, base()[2], base()[0], `t.jsonl:3: type: a second header stands here; accepted: one header`},
	{"an unknown record type", 3, `"prefill"`, `"prefil"`, `t.jsonl:3: type: "prefil" is not a record of version 1; accepted: header, ops, prefill, step, sched_features, switch, calib_ops, footer; did you mean "prefill"?`},
	{"an extension as a record type", 3, `"prefill"`, `"x_mine"`, `t.jsonl:3: type: "x_mine" is not a record of version 1; accepted: header, ops, prefill, step, sched_features, switch, calib_ops, footer`},
	{"a record without a type", 3, `"type":"prefill",`, ``, `t.jsonl:3: type: the key is missing or no string; accepted: header, ops, prefill, step, sched_features, switch, calib_ops, footer`},
	{"an unknown key", 3, `"w_bits":4`, `"w_bits":4,"bits":4`, `t.jsonl:3: bits: unknown key; accepted: tokens, w_bits, tok_out, step_ns, op_ns, experts, x_…`},
	{"a key in other letters", 3, `"tokens"`, `"Tokens"`, `t.jsonl:3: Tokens: unknown key; accepted: tokens, w_bits, tok_out, step_ns, op_ns, experts, x_…; did you mean "tokens"?`},
	{"an unknown key deep down", 1, `"prompt":{`, `"prompt":{"text":"hi",`, `t.jsonl:1: prompt.text: unknown key; accepted: sha256, tokens, ids, x_…`},
	{"an unknown key in a list", 2, `"id":0`, `"id":0,"fuse":1`, `t.jsonl:2: ops[0].fuse: unknown key; accepted: id, name, kind, layer, m, n, k, grid, block, weight_bytes, lut_bytes, in_bytes, out_bytes, kv_bytes_per_pos, flops, x_…`},
	{"a key twice", 4, `"i":0`, `"i":0,"i":0`, `t.jsonl:4: i: the key stands twice; accepted: each key once`},
	{"a precision twice", 2, `{"4":100}`, `{"4":100,"4":1}`, `t.jsonl:2: ops[0].weight_bytes.4: the key stands twice; accepted: each key once`},
	{"a missing key deep down", 1, `"layers":2,`, ``, `t.jsonl:1: model.layers: the key is missing and is required`},
	{"null", 4, `"tok_out":7`, `"tok_out":null`, `t.jsonl:4: tok_out: null stands here; accepted: a value, or no such key where nothing was measured`},
	{"an empty text", 1, `"tool":"test"`, `"tool":""`, `t.jsonl:1: tool: the text is empty; accepted: some text, or no such key`},
	{"a text that a terminal obeys", 1, `"tool":"test"`, `"tool":"\u001b[31m"`, `t.jsonl:1: tool: \u001b[31m holds U+001B, which is not seen; accepted: one line of letters, digits, punctuation and spaces`},
	{"a text of two lines", 1, `"tool":"test"`, `"tool":"a\nb"`, `t.jsonl:1: tool: a\nb holds U+000A, which is not seen; accepted: one line of letters, digits, punctuation and spaces`},
	{"a text that turns around", 1, `"tool":"test"`, "\"tool\":\"a\u202eb\"", `t.jsonl:1: tool: a\u202eb holds U+202E, which is not seen; accepted: one line of letters, digits, punctuation and spaces`},
	{"a fraction for an integer", 4, `"step_ns":10`, `"step_ns":10.5`, `t.jsonl:4: step_ns: 10.5 is not one; accepted: an integer`},
	{"a negative time", 4, `"step_ns":10`, `"step_ns":-10`, `t.jsonl:4: step_ns: -10 is negative; accepted: 0 or more`},
	{"an integer beyond 64 bits", 4, `"step_ns":10`, `"step_ns":9223372036854775808`, `t.jsonl:4: step_ns: 9223372036854775808 is not one; accepted: an integer`},
	{"a text for a number", 4, `"step_ns":10`, `"p_max":"high"`, `t.jsonl:4: p_max: "high" is not one; accepted: a number`},
	{"a probability above 1", 4, `"step_ns":10`, `"p_max":1.5`, `t.jsonl:4: p_max: 1.5 is out of range; accepted: 0 to 1`},
	{"a positive log-probability", 4, `"step_ns":10`, `"logp":0.1`, `t.jsonl:4: logp: 0.1 is out of range; accepted: 0 or less`},
	{"a list for an object", 1, `"prompt":{"tokens":5}`, `"prompt":[5]`, `t.jsonl:1: prompt: a list stands here; accepted: an object`},
	{"an unknown source", 1, `"emulated"`, `"tpu"`, `t.jsonl:1: source: "tpu" is not known; accepted: gpu, emulated, cpu, synthetic; did you mean "gpu"?`},
	{"a scheduler in another spelling", 1, `"kind":"static"`, `"kind":"naive"`, `t.jsonl:1: scheduler.kind: "naive" is not known; accepted: ` + precision.List(precision.Recordable())},
	{"a schedule of another kind", 1, `"static:4>3@1"`, `"uniform:4"`, `t.jsonl:1: scheduler.spec: "uniform:4" is another kind; accepted: a schedule of kind static`},
	{"switches that do not fit the precisions", 1, `"switch_at":[1]`, `"switch_at":[1,2]`, `t.jsonl:1: scheduler.params: 2 bits and 2 switches do not fit; accepted: bits, and one switch_at less than bits`},
	{"a GPU trace without a GPU", 1, `"emulated"`, `"gpu"`, `t.jsonl:1: gpu: the key is missing and is required where source is gpu`},
	{"a synthetic trace that launched something", 1, `"emulated"`, `"synthetic"`, `t.jsonl:2: type: an ops record stands in a synthetic trace, which launched nothing; accepted: no such record`},
	{"a precision that does not exist", 1, `"precisions":[4,3]`, `"precisions":[9,4,3]`, `t.jsonl:1: precisions[0]: 9 is not a weight precision; accepted: 2 to 8, 16`},
	{"precisions out of order", 1, `"precisions":[4,3]`, `"precisions":[3,4]`, `t.jsonl:1: precisions: 4 follows 3; accepted: from the highest down, each once`},
	{"prefill at no precision of the header", 1, `"prefill_bits":4`, `"prefill_bits":8`, `t.jsonl:1: prefill_bits: 8 is not one of the header's precisions; accepted: 4, 3`},
	{"heads that cannot be shared", 1, `"kv_heads":4`, `"kv_heads":3`, `t.jsonl:1: model.kv_heads: 4 heads do not share 3 key-value heads; accepted: a divisor of heads`},
	{"a precision as no number", 2, `{"4":100}`, `{"four":100}`, `t.jsonl:2: ops[0].weight_bytes.four: the key is not a weight precision; accepted: 2 to 8, 16`},
	{"an op out of place", 2, `"id":0`, `"id":1`, `t.jsonl:2: ops[0].id: 1 is not the place of the op in the table; accepted: 0`},
	{"a step before prefill", 3, base()[2], base()[3], `t.jsonl:3: type: a step record stands before prefill; accepted: prefill, or ops before it`},
	{"ops after prefill", 4, base()[3], base()[1], `t.jsonl:4: type: a second ops record stands here; accepted: one table`},
	{"a prefill of another length", 3, `"tokens":5`, `"tokens":6`, `t.jsonl:3: tokens: 6 are not the header's prompt tokens; accepted: 5`},
	{"a prefill at another precision", 3, `"w_bits":4`, `"w_bits":3`, `t.jsonl:3: w_bits: 3 is not the header's prefill_bits; accepted: 4`},
	{"a gap in the steps", 6, `"i":1`, `"i":2`, `t.jsonl:6: i: step 2 is out of order; accepted: 1`},
	{"a cache that does not grow by one", 6, `"kv_len":6`, `"kv_len":7`, `t.jsonl:6: kv_len: 7 is not the prompt and the 1 steps before; accepted: 6`},
	{"a step at no precision of the header", 4, `"w_bits":4`, `"w_bits":2`, `t.jsonl:4: w_bits: 2 is not one of the header's precisions; accepted: 4, 3`},
	{"a step that its schedule does not allow", 4, `"w_bits":4`, `"w_bits":3`, `t.jsonl:4: w_bits: 3 is not what the header's static schedule says for step 0; accepted: 4`},
	{"a change of precision without a switch", 7, `"w_bits":3`, `"w_bits":4`, `t.jsonl:7: w_bits: the precision changes from 3 to 4 without a switch record; accepted: 3, or a switch record before it`},
	{"a decision that was not followed", 6, `"w_next":3`, `"w_next":4`, `t.jsonl:7: w_bits: 3 is not the w_next of step 1; accepted: 4`},
	{"a switch to another step", 5, `"i":1`, `"i":2`, `t.jsonl:5: i: 2 is not the next step; accepted: 1`},
	{"a switch from another precision", 5, `"from":4`, `"from":3`, `t.jsonl:5: from: 3 is not the precision of step 0; accepted: 4`},
	{"a switch that is not followed", 6, `"w_bits":3`, `"w_bits":4`, `t.jsonl:6: w_bits: 4 is not where the switch before it goes; accepted: 3`},
	{"a token that is not in the vocabulary", 4, `"tok_out":7`, `"tok_out":100`, `t.jsonl:4: tok_out: token 100 is not in the vocabulary; accepted: 0 to 99`},
	{"a token that was not fed back", 6, `"tok_in":7`, `"tok_in":8`, `t.jsonl:6: tok_in: 8 is not the tok_out of the pass before; accepted: 7`},
	{"an agreement that is none", 4, `"step_ns":10`, `"ref":{"tok":8,"agree":true}`, `t.jsonl:4: ref.agree: tok 8 beside tok_out 7 says otherwise; accepted: false`},
	{"times for more ops than there are", 4, `"step_ns":10`, `"op_ns":[1,2]`, `t.jsonl:4: op_ns: the list has 2 elements for 1 ops; accepted: one per op, in order`},
	{"a footer with another number of steps", 8, `"steps":3`, `"steps":4`, `t.jsonl:8: steps: 4 is not the number of step records; accepted: 3`},
	{"a footer with another sum", 8, `"sum_step_ns":30`, `"sum_step_ns":31`, `t.jsonl:8: sum_step_ns: 31 is not the sum of step_ns; accepted: 30`},
	{"a step that was changed afterwards", 4, `"step_ns":10`, `"step_ns":10 `, `t.jsonl:8: sha256_steps: the step lines have another hash: the file was changed; accepted: SUM`},
	{"a limit that was not reached", 1, `"max_new":4`, `"max_new":5`, `t.jsonl:8: stop: 3 steps do not reach max_new 5; accepted: eos, truncated`},
	{"more tokens than the limit", 1, `"max_new":4`, `"max_new":3`, `t.jsonl:8: steps: 3 steps generate more than max_new tokens; accepted: at most 2, as prefill yields the first token`},
	{"a file that is cut off before its footer", 8, base()[7] + "\n", ``, `t.jsonl:7: footer: the trace ends without one after 3 steps; accepted: a file that ends with its footer`},
	{"a record after the footer", 8, base()[7], base()[7] + "\n" + base()[7], `t.jsonl:9: type: a footer record stands after the footer; accepted: nothing`},
	{"an empty line", 3, base()[2], base()[2] + "\n", `t.jsonl:4: the line is empty; accepted: one JSON object a line`},
	{"a line that is cut off", 4, `"step_ns":10}`, `"step`, `t.jsonl:4: not JSON: it ends too early; accepted: one JSON object a line`},
	{"a line that is no object", 4, base()[3], `[1]`, `t.jsonl:4: [1] stands where a record is due; accepted: one JSON object a line`},
	{"two objects on a line", 4, base()[3], base()[3] + base()[3], `t.jsonl:4: not JSON: '{' cannot stand at byte 69; accepted: one JSON object a line`},
	{"bytes that are no text", 4, `"step_ns"`, "\"\xff\"", `t.jsonl:4: the line is not valid UTF-8; accepted: UTF-8`},
	{"an extension that is nested too deeply", 4, `"i":0`, `"i":0,"x_deep":` + strings.Repeat("[", 40) + strings.Repeat("]", 40), `t.jsonl:4: the objects and lists are nested too deeply; accepted: at most 32 levels`},
	{"a line that is too long", 4, `"i":0`, `"i":0,"x_long":"` + strings.Repeat("a", most().Line) + `"`, `t.jsonl:4: the line goes on after 4 MiB; accepted: a decode trace (NAME.trace.jsonl.zst) with lines of at most 4 MiB`},
}

func TestBadTraces(t *testing.T) {
	whole := strings.Join(base(), "\n") + "\n"
	trace, err := read([]byte(whole))
	if err != nil {
		t.Fatalf("the base trace itself: %v", err)
	}
	for _, bad := range badLines {
		t.Run(bad.name+" is refused", func(t *testing.T) {
			lines := base()
			lines[bad.line-1] += "\n"
			changed := strings.Replace(lines[bad.line-1], bad.old, bad.new, 1)
			if changed == lines[bad.line-1] {
				t.Fatalf("%q is not in line %d", bad.old, bad.line)
			}
			lines[bad.line-1] = strings.TrimSuffix(changed, "\n")
			if changed == "" {
				lines = lines[:bad.line-1]
			}
			_, err := read([]byte(strings.Join(lines, "\n") + "\n"))
			if err == nil {
				t.Fatal("accepted")
			}
			got := err.Error()
			if strings.HasSuffix(bad.want, "SUM") {
				got = got[:len(got)-64] + "SUM"
			}
			if got != bad.want {
				t.Errorf("\ngot  %s\nwant %s", got, bad.want)
			}
		})
	}
	t.Run("and what was changed was right before", func(t *testing.T) {
		if trace.GeneratedTokens() != 4 || len(trace.Switches) != 1 {
			t.Errorf("%d tokens, %d switches", trace.GeneratedTokens(), len(trace.Switches))
		}
	})
}

func TestBadStreams(t *testing.T) {
	data := full(t)
	flipped := bytes.Clone(data)
	flipped[len(flipped)-1] ^= 1 // the frame's checksum
	for _, bad := range []struct {
		name string
		data []byte
		want string
	}{
		{"an empty file", nil, "t.jsonl: the file is empty; accepted: a trace of format pmpd-trace, zstd or plain JSON lines"},
		{"another kind of file", []byte("PK\x03\x04"), "t.jsonl: the file starts as neither zstd nor JSON lines; accepted: a trace of format pmpd-trace, zstd or plain JSON lines"},
		{"a zstd stream that is cut off", data[:len(data)-10], "t.jsonl:1: the zstd stream is cut off after 0 whole lines; accepted: the file as it was written"},
		{"a zstd stream whose checksum is wrong", flipped, "t.jsonl:1: the zstd stream is broken after 0 whole lines: CRC check failed; accepted: the file as it was written"},
		{"bytes after the zstd stream", append(bytes.Clone(data), "tail"...), "t.jsonl:11: the zstd stream is broken after 10 whole lines: invalid input: magic number mismatch; accepted: the file as it was written"},
	} {
		t.Run(bad.name+" is refused", func(t *testing.T) {
			_, err := read(bad.data)
			if err == nil || err.Error() != bad.want {
				t.Errorf("\ngot  %v\nwant %s", err, bad.want)
			}
		})
	}
	t.Run("an error stays", func(t *testing.T) {
		r, err := NewReader("t", strings.NewReader(base()[0]+"\n{}\n"+base()[2]))
		if err != nil {
			t.Fatal(err)
		}
		_, first := r.Next()
		_, second := r.Next()
		if first == nil || first != second {
			t.Errorf("first %v, then %v", first, second)
		}
	})
	t.Run("the stream's own error comes through", func(t *testing.T) {
		mine := errors.New("the disk is on fire")
		_, err := NewReader("t", io.MultiReader(strings.NewReader(`{"type"`), &failing{mine}))
		if !errors.Is(err, mine) {
			t.Errorf("got %v", err)
		}
	})
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

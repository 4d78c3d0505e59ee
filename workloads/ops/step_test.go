package ops_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// small is a small model of a family, with some keys of its config.json replaced.
func small(t testing.TB, family string, changes map[string]string) *workloads.Model {
	t.Helper()
	keys := map[string]string{"model_type": `"` + family + `"`, "hidden_size": "64", "num_hidden_layers": "4", "num_attention_heads": "4",
		"num_key_value_heads": "2", "intermediate_size": "96", "vocab_size": "100", "max_position_embeddings": "256", "head_dim": "16"}
	maps.Copy(keys, changes)
	var lines []string
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		lines = append(lines, `"`+k+`": `+keys[k])
	}
	m, err := workloads.ParseConfig("small", "config.json", []byte("{"+strings.Join(lines, ",")+"}"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sized is an operator with what it comes to in a pass.
type sized struct {
	ops.Op
	ops.Size
}

// step lists the operators of a pass with their sizes.
func step(m *workloads.Model, tokens, past int) (all []sized) {
	for _, o := range ops.Step(m) {
		all = append(all, sized{o, o.At(tokens, past)})
	}
	return all
}

// sum adds a figure over the operators that are kept.
func sum(all []sized, figure func(*sized) int64, keep func(sized) bool) int64 {
	total := int64(0)
	for _, o := range all {
		if keep(o) {
			total += figure(&o)
		}
	}
	return total
}

func kind(k ops.Kind) func(sized) bool {
	return func(o sized) bool { return o.Kind == k }
}

func TestStepReadsEveryParameterOnce(t *testing.T) {
	models := workloads.Models()
	for _, f := range workloads.Families() {
		m := small(t, string(f), map[string]string{"num_key_value_heads": "4", "rotary_dim": "8"})
		if m.Name = string(f); m.Experts == nil { // those have tests of their own
			models = append(models, m)
		}
	}
	for _, m := range models {
		for _, c := range []struct {
			name         string
			tokens, past int
		}{{"prefill", 33, 0}, {"decode", 1, 1000}} {
			t.Run(m.Name+" in "+c.name, func(t *testing.T) {
				all, p := step(m, c.tokens, c.past), m.Params()
				weights := func(o *sized) int64 { return int64(o.Matrix.Out) * int64(o.Matrix.In) }
				macs := func(o *sized) int64 { return o.MACs }
				if got := sum(all, weights, kind(ops.Linear)); got != p.Blocks {
					t.Errorf("linears have %d weights, want Blocks = %d", got, p.Blocks)
				}
				if got, want := sum(all, macs, kind(ops.Linear)), int64(c.tokens)*p.Blocks; got != want {
					t.Errorf("linears multiply %d times, want tokens × Blocks = %d", got, want)
				}
				if got := sum(all, macs, kind(ops.Head)); got != m.HeadParams() {
					t.Errorf("the head multiplies %d times, want once for the last token: %d", got, m.HeadParams())
				}
				side := func(o *sized) int64 { return o.Size.Params }
				rest := sum(all, side, func(o sized) bool { return o.Kind != ops.Embed })
				if rest != p.Biases+p.Norms {
					t.Errorf("%d biases and norm weights are read, want %d", rest, p.Biases+p.Norms)
				}
				if got, want := sum(all, side, kind(ops.Embed)), int64(c.tokens*m.Hidden); got != want && (m.LearnedPositions == 0 || got != 2*want) {
					t.Errorf("%d embedding values are read, want tokens × hidden = %d", got, want)
				}
				appended := sum(all, func(o *sized) int64 { return o.Elements }, kind(ops.KVAppend))
				if want := int64(c.tokens) * int64(m.KVBytesPerToken(8)); appended != want {
					t.Errorf("%d values go to the cache, want %d", appended, want)
				}
			})
		}
	}
}

func TestStepOrder(t *testing.T) {
	for _, c := range []struct {
		name, family string
		changes      map[string]string
		want         string // one block, and what is around it
	}{
		{"a llama block is sequential", "llama", nil, "embed | input_norm q_proj k_proj v_proj rope kv_append " +
			"scores softmax context o_proj attention_residual mlp_norm gate_proj up_proj silu_mul down_proj " +
			"mlp_residual | final_norm lm_head sample"},
		{"qwen3 normalises q and k heads", "qwen3", nil, "embed | input_norm q_proj k_proj v_proj q_norm k_norm " +
			"rope kv_append scores softmax context o_proj attention_residual mlp_norm gate_proj up_proj silu_mul " +
			"down_proj mlp_residual | final_norm lm_head sample"},
		{"a phi block is parallel, with one norm", "phi", nil, "embed | input_norm q_proj k_proj v_proj rope " +
			"kv_append scores softmax context o_proj fc1 gelu fc2 residual | final_norm lm_head sample"},
		{"a gemma2 block has four norms and two soft caps", "gemma2", nil, "embed | input_norm q_proj k_proj " +
			"v_proj rope kv_append scores attention_softcap softmax context o_proj post_attention_norm attention_residual " +
			"mlp_norm gate_proj up_proj gelu_mul down_proj post_mlp_norm mlp_residual | final_norm " +
			"lm_head final_softcap sample"},
		{"a parallel stablelm block has a gated MLP", "stablelm", map[string]string{"use_parallel_residual": "true"},
			"embed | input_norm q_proj k_proj v_proj rope kv_append scores softmax context o_proj gate_proj " +
				"up_proj silu_mul down_proj residual | final_norm lm_head sample"},
		{"olmo2 has its norms behind, and norms of all heads", "olmo2", nil, "embed | q_proj k_proj v_proj q_norm k_norm rope kv_append " +
			"scores softmax context o_proj post_attention_norm attention_residual gate_proj up_proj silu_mul down_proj post_mlp_norm " +
			"mlp_residual | final_norm lm_head sample"},
		{"gpt2 rotates nothing", "gpt2", nil, "embed | input_norm q_proj k_proj v_proj kv_append scores softmax context o_proj " +
			"attention_residual mlp_norm fc1 gelu fc2 mlp_residual | final_norm lm_head sample"},
		{"bloom normalises the embedding and biases scores", "bloom", nil, "embed | input_norm q_proj k_proj v_proj kv_append scores alibi " +
			"softmax context o_proj attention_residual mlp_norm fc1 gelu fc2 mlp_residual | embed_norm final_norm lm_head sample"},
		{"a gpt_neox block is parallel, with two norms", "gpt_neox", map[string]string{"rotary_pct": "0.5"}, "embed | input_norm q_proj k_proj v_proj rope " +
			"kv_append scores softmax context o_proj mlp_norm fc1 gelu fc2 residual | final_norm lm_head sample"},
		{"opt has a relu", "opt", nil, "embed | input_norm q_proj k_proj v_proj kv_append scores softmax context o_proj " +
			"attention_residual mlp_norm fc1 relu fc2 mlp_residual | final_norm lm_head sample"},
		{"bitnet has norms before o_proj and down_proj", "bitnet", nil, "embed | input_norm q_proj k_proj v_proj rope kv_append scores " +
			"softmax context attention_sub_norm o_proj attention_residual mlp_norm gate_proj up_proj relu2_mul mlp_sub_norm down_proj " +
			"mlp_residual | final_norm lm_head sample"},
		{"gemma3 has norms of heads, too", "gemma3_text", nil, "embed | input_norm q_proj k_proj v_proj q_norm k_norm rope kv_append " +
			"scores softmax context o_proj post_attention_norm attention_residual mlp_norm gate_proj up_proj gelu_mul down_proj " +
			"post_mlp_norm mlp_residual | final_norm lm_head sample"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := small(t, c.family, c.changes)
			var outer []string
			blocks := make([][]string, m.Layers)
			for _, o := range ops.Step(m) {
				if o.Layer < 0 {
					outer = append(outer, o.Name)
				} else {
					blocks[o.Layer] = append(blocks[o.Layer], o.Name)
				}
			}
			got := outer[0] + " | " + strings.Join(blocks[0], " ") + " | " + strings.Join(outer[1:], " ")
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			for l := range blocks {
				if !slices.Equal(blocks[l], blocks[0]) {
					t.Errorf("layer %d is %v, layer 0 %v", l, blocks[l], blocks[0])
				}
			}
		})
	}
}

func TestStepSizes(t *testing.T) {
	find := func(t *testing.T, all []sized, layer int, name string) sized {
		t.Helper()
		for _, o := range all {
			if o.Name == name && o.Layer == layer {
				return o
			}
		}
		t.Fatalf("no operator %s in layer %d", name, layer)
		return sized{}
	}
	t.Run("partial rotary counts the rotated values of q and k", func(t *testing.T) {
		m := small(t, "phi", map[string]string{"partial_rotary_factor": "0.5"})
		if o := find(t, step(m, 5, 3), 1, "rope"); o.Elements != 5*(4+2)*8 {
			t.Errorf("%+v", o)
		}
	})
	t.Run("norms reduce one row per token, head norms one per head", func(t *testing.T) {
		all := step(small(t, "qwen3", nil), 5, 3)
		if o := find(t, all, 0, "input_norm"); o.Rows != 5 || o.Elements != 5*64 || o.Size.Params != 64 {
			t.Errorf("%+v", o)
		}
		if o := find(t, all, 0, "q_norm"); o.Rows != 5*4 || o.Elements != 5*4*16 || o.Size.Params != 16 {
			t.Errorf("%+v", o)
		}
		if o := find(t, all, 0, "k_norm"); o.Rows != 5*2 || o.Elements != 5*2*16 {
			t.Errorf("%+v", o)
		}
		if o := find(t, all, -1, "final_norm"); o.Rows != 1 || o.Tokens != 1 {
			t.Errorf("the final norm works on the last token: %+v", o)
		}
	})
	t.Run("a parallel block adds attention and MLP at once", func(t *testing.T) {
		if o := find(t, step(small(t, "phi", nil), 5, 3), 0, "residual"); o.Elements != 2*5*64 {
			t.Errorf("%+v", o)
		}
	})
	t.Run("attention is causal and counts each query head", func(t *testing.T) {
		all := step(small(t, "llama", nil), 5, 3)
		const attended = 4 + 5 + 6 + 7 + 8
		for _, name := range []string{"scores", "context"} {
			o := find(t, all, 2, name)
			if o.MACs != 4*16*attended || o.Context != 8 || o.Heads != 4 || o.KVHeads != 2 {
				t.Errorf("%+v", o)
			}
		}
		if o := find(t, all, 2, "softmax"); o.Elements != 4*attended || o.Rows != 4*5 || o.MACs != 0 {
			t.Errorf("%+v", o)
		}
	})
	t.Run("only gemma2's even layers have the window", func(t *testing.T) {
		all := step(small(t, "gemma2", map[string]string{"sliding_window": "4"}), 1, 9)
		if o := find(t, all, 0, "scores"); o.Context != 4 || o.Attended != 4 {
			t.Errorf("%+v", o)
		}
		if o := find(t, all, 1, "scores"); o.Context != 10 || o.Attended != 10 {
			t.Errorf("%+v", o)
		}
	})
	t.Run("the head and the argmax see one token of a prefill", func(t *testing.T) {
		all := step(small(t, "phi", nil), 5, 0)
		if o := find(t, all, -1, "lm_head"); o.Tokens != 1 || o.Matrix.Out != 100 || o.Matrix.In != 64 || !o.Matrix.Bias || o.Size.Params != 100 {
			t.Errorf("%+v", o)
		}
		if o := find(t, all, -1, "sample"); o.Elements != 100 || o.Rows != 1 {
			t.Errorf("%+v", o)
		}
	})
}

// TestAttendedPositions compares the closed form with counting: query i of the pass sees key j when j ≤ past+i and the
// distance is less than the window.
func TestAttendedPositions(t *testing.T) {
	for _, window := range []string{"null", "1", "2", "5", "7", "100"} {
		m := small(t, "mistral", map[string]string{"sliding_window": window})
		for tokens := 1; tokens <= 9; tokens++ {
			for past := 0; past <= 9; past++ {
				attended, seen := int64(0), map[int]bool{}
				for i := past; i < past+tokens; i++ {
					for j := 0; j <= i; j++ {
						if m.Window == 0 || i-j < m.Window {
							attended++
							seen[j] = true
						}
					}
				}
				for _, o := range step(m, tokens, past) {
					if o.Kind != ops.Scores {
						continue
					}
					if o.Attended != attended || o.Context != len(seen) {
						t.Fatalf("window %s, %d tokens after %d: attended %d of %d positions, counted %d of %d", window, tokens,
							past, o.Attended, o.Context, attended, len(seen))
					}
					if tokens == 1 && o.Context != m.WindowAt(o.Layer, past+1) {
						t.Fatalf("window %s after %d: %d positions, WindowAt says %d", window, past, o.Context,
							m.WindowAt(o.Layer, past+1))
					}
				}
			}
		}
	}
}

func BenchmarkStep(b *testing.B) {
	m, err := workloads.Load("vicuna-7b")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		ops.Step(m)
	}
}

package workloads_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
)

func small(t *testing.T, family string, changes map[string]string) *workloads.Model {
	t.Helper()
	m, err := workloads.ParseConfig("small", "config.json", config(family, changes))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sum adds a figure over the operators that are kept.
func sum(ops []workloads.Operator, figure func(*workloads.Operator) int64, keep func(workloads.Operator) bool) int64 {
	total := int64(0)
	for _, o := range ops {
		if keep(o) {
			total += figure(&o)
		}
	}
	return total
}

func kind(k workloads.OpKind) func(workloads.Operator) bool {
	return func(o workloads.Operator) bool { return o.Kind == k }
}

func TestStepReadsEveryParameterOnce(t *testing.T) {
	for _, m := range workloads.Models() {
		for _, c := range []struct {
			name         string
			tokens, past int
		}{{"prefill", 33, 0}, {"decode", 1, 1000}} {
			t.Run(m.Name+" in "+c.name, func(t *testing.T) {
				ops, p := m.Step(c.tokens, c.past), m.Params()
				weights, macs := (*workloads.Operator).WeightParams, (*workloads.Operator).MACs
				if got := sum(ops, weights, kind(workloads.OpLinear)); got != p.Blocks {
					t.Errorf("linears have %d weights, want Blocks = %d", got, p.Blocks)
				}
				if got, want := sum(ops, macs, kind(workloads.OpLinear)), int64(c.tokens)*p.Blocks; got != want {
					t.Errorf("linears multiply %d times, want tokens × Blocks = %d", got, want)
				}
				if got := sum(ops, macs, kind(workloads.OpHead)); got != m.HeadParams() {
					t.Errorf("the head multiplies %d times, want once for the last token: %d", got, m.HeadParams())
				}
				side := func(o *workloads.Operator) int64 { return o.SideParams }
				rest := sum(ops, side, func(o workloads.Operator) bool { return o.Kind != workloads.OpEmbed })
				if rest != p.Biases+p.Norms {
					t.Errorf("%d biases and norm weights are read, want %d", rest, p.Biases+p.Norms)
				}
				if got, want := sum(ops, side, kind(workloads.OpEmbed)), int64(c.tokens*m.Hidden); got != want {
					t.Errorf("%d embedding values are read, want tokens × hidden = %d", got, want)
				}
				appended := sum(ops, func(o *workloads.Operator) int64 { return o.Elements }, kind(workloads.OpKVAppend))
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
		{"a llama block is sequential", "llama", nil, "embed_tokens | input_layernorm q_proj k_proj v_proj rope kv_append " +
			"scores softmax context o_proj attn_residual post_attention_layernorm gate_proj up_proj act_fn down_proj " +
			"mlp_residual | norm lm_head argmax"},
		{"qwen3 normalises q and k heads", "qwen3", nil, "embed_tokens | input_layernorm q_proj k_proj v_proj q_norm k_norm " +
			"rope kv_append scores softmax context o_proj attn_residual post_attention_layernorm gate_proj up_proj act_fn " +
			"down_proj mlp_residual | norm lm_head argmax"},
		{"a phi block is parallel, with one norm", "phi", nil, "embed_tokens | input_layernorm q_proj k_proj v_proj rope " +
			"kv_append scores softmax context o_proj fc1 act_fn fc2 residual | norm lm_head argmax"},
		{"a gemma2 block has four norms and two soft caps", "gemma2", nil, "embed_tokens | input_layernorm q_proj k_proj " +
			"v_proj rope kv_append scores softcap softmax context o_proj post_attention_layernorm attn_residual " +
			"pre_feedforward_layernorm gate_proj up_proj act_fn down_proj post_feedforward_layernorm mlp_residual | norm " +
			"lm_head softcap argmax"},
		{"a parallel stablelm block has a gated MLP", "stablelm", map[string]string{"use_parallel_residual": "true"},
			"embed_tokens | input_layernorm q_proj k_proj v_proj rope kv_append scores softmax context o_proj gate_proj " +
				"up_proj act_fn down_proj residual | norm lm_head argmax"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := small(t, c.family, c.changes)
			ops := m.Step(5, 3)
			outer := []string{}
			blocks := make([][]string, m.Layers)
			for _, o := range ops {
				if o.Layer < 0 {
					outer = append(outer, o.Name)
					continue
				}
				prefix, name, _ := strings.Cut(o.Name, ".")
				if prefix != "L"+string(rune('0'+o.Layer)) {
					t.Errorf("%q stands in layer %d", o.Name, o.Layer)
				}
				blocks[o.Layer] = append(blocks[o.Layer], name)
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
	find := func(t *testing.T, ops []workloads.Operator, name string) workloads.Operator {
		t.Helper()
		for _, o := range ops {
			if o.Name == name {
				return o
			}
		}
		t.Fatalf("no operator %s", name)
		return workloads.Operator{}
	}
	t.Run("partial rotary counts the rotated values of q and k", func(t *testing.T) {
		m := small(t, "phi", map[string]string{"partial_rotary_factor": "0.5"})
		if o := find(t, m.Step(5, 3), "L1.rope"); o.Elements != 5*(4+2)*8 {
			t.Errorf("%+v", o)
		}
	})
	t.Run("norms reduce one row per token, head norms one per head", func(t *testing.T) {
		ops := small(t, "qwen3", nil).Step(5, 3)
		if o := find(t, ops, "L0.input_layernorm"); o.Rows != 5 || o.Elements != 5*64 || o.SideParams != 64 {
			t.Errorf("%+v", o)
		}
		if o := find(t, ops, "L0.q_norm"); o.Rows != 5*4 || o.Elements != 5*4*16 || o.SideParams != 16 {
			t.Errorf("%+v", o)
		}
		if o := find(t, ops, "L0.k_norm"); o.Rows != 5*2 || o.Elements != 5*2*16 {
			t.Errorf("%+v", o)
		}
		if o := find(t, ops, "norm"); o.Rows != 1 || o.Tokens != 1 {
			t.Errorf("the final norm works on the last token: %+v", o)
		}
	})
	t.Run("a parallel block adds attention and MLP at once", func(t *testing.T) {
		if o := find(t, small(t, "phi", nil).Step(5, 3), "L0.residual"); o.Elements != 2*5*64 {
			t.Errorf("%+v", o)
		}
	})
	t.Run("attention is causal and counts each query head", func(t *testing.T) {
		ops := small(t, "llama", nil).Step(5, 3)
		const attended = 4 + 5 + 6 + 7 + 8
		for _, name := range []string{"L2.scores", "L2.context"} {
			o := find(t, ops, name)
			if o.MACs() != 4*16*attended || o.Context != 8 || o.Heads != 4 || o.KVHeads != 2 || o.WeightParams() != 0 {
				t.Errorf("%+v", o)
			}
		}
		if o := find(t, ops, "L2.softmax"); o.Elements != 4*attended || o.Rows != 4*5 || o.MACs() != 0 {
			t.Errorf("%+v", o)
		}
	})
	t.Run("only gemma2's even layers have the window", func(t *testing.T) {
		ops := small(t, "gemma2", map[string]string{"sliding_window": "4"}).Step(1, 9)
		if o := find(t, ops, "L0.scores"); o.Context != 4 || o.Attended != 4 {
			t.Errorf("%+v", o)
		}
		if o := find(t, ops, "L1.scores"); o.Context != 10 || o.Attended != 10 {
			t.Errorf("%+v", o)
		}
	})
	t.Run("the head and the argmax see one token of a prefill", func(t *testing.T) {
		ops := small(t, "phi", nil).Step(5, 0)
		if o := find(t, ops, "lm_head"); o.Tokens != 1 || o.Out != 100 || o.In != 64 || !o.Bias || o.SideParams != 100 {
			t.Errorf("%+v", o)
		}
		if o := find(t, ops, "argmax"); o.Elements != 100 || o.Rows != 1 {
			t.Errorf("%+v", o)
		}
	})
	t.Run("a step beyond the positions is our bug", func(t *testing.T) {
		m := small(t, "llama", nil)
		for _, c := range [][2]int{{0, 0}, {1, -1}, {1, 256}, {257, 0}} {
			func() {
				defer func() {
					if r, _ := recover().(string); !strings.HasPrefix(r, "workloads: ") {
						t.Errorf("Step(%d, %d): %q", c[0], c[1], r)
					}
				}()
				m.Step(c[0], c[1])
			}()
		}
		m.Step(1, 255)
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
				for _, o := range m.Step(tokens, past) {
					if o.Kind != workloads.OpScores {
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
		m.Step(1, 1032)
	}
}

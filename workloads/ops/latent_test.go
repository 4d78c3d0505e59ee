package ops_test

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// latentModel has 4 heads, whose queries have 12 + 4 values and whose values have 10; it caches 8 + 4 of a position.
func latentModel(t *testing.T, rank string) *workloads.Model {
	return small(t, "deepseek_v2", map[string]string{"n_routed_experts": "2", "first_k_dense_replace": "4", "num_key_value_heads": "4",
		"q_lora_rank": rank, "kv_lora_rank": "8", "qk_nope_head_dim": "12", "qk_rope_head_dim": "4", "v_head_dim": "10"})
}

func TestLatentAttentionHasTwoForms(t *testing.T) {
	names := func(all []ops.Op) string {
		var text []string
		for _, o := range all {
			if o.Layer == 0 {
				text = append(text, o.Name)
			}
		}
		return strings.Join(text, " ")
	}
	const before, behind = "input_norm q_a_proj q_a_norm q_b_proj kv_a_proj_with_mqa kv_a_norm rope kv_append ",
		" o_proj attention_residual mlp_norm gate_proj up_proj silu_mul down_proj mlp_residual"
	m := latentModel(t, "20")
	if got, want := names(ops.Step(m)), before+"k_b_proj v_b_proj scores softmax context"+behind; got != want {
		t.Errorf("a prompt: %s\nwant      %s", got, want)
	}
	if got, want := names(ops.DecodeStep(m)), before+"k_b_proj scores softmax context v_b_proj"+behind; got != want {
		t.Errorf("a decode pass: %s\nwant           %s", got, want)
	}
	if got := names(ops.Step(latentModel(t, "null"))); !strings.HasPrefix(got, "input_norm q_proj kv_a_proj_with_mqa") {
		t.Errorf("queries as they are: %s", got)
	}
	llama := small(t, "llama", nil)
	if names(ops.Step(llama)) != names(ops.DecodeStep(llama)) {
		t.Error("a llama has two forms")
	}
}

func TestBothFormsReadEveryParameterOnce(t *testing.T) {
	m := latentModel(t, "20")
	for name, all := range map[string][]ops.Op{"prompt": ops.Step(m), "decode": ops.DecodeStep(m)} {
		var weights, side int64
		for _, o := range all {
			if o.Kind == ops.Linear || o.Kind == ops.HeadProduct {
				weights += int64(o.Matrix.Out) * int64(o.Matrix.In)
			}
			if o.Kind != ops.Embed {
				side += o.Params
			}
		}
		if p := m.Params(); weights != p.Blocks || side != p.Norms {
			t.Errorf("%s: %d weights of %d, %d parameters of norms of %d", name, weights, p.Blocks, side, p.Norms)
		}
	}
}

// The attention of a layer, with n tokens behind past ones, in multiply-accumulates. Expanded, each position that is attended
// to costs 16 + 10 a head, and each position of the pass 8 × (12 + 10) once; all of them, if it decodes. Absorbed, each costs
// (8 + 4) + 8, and the token 8 × (12 + 10). For DeepSeek's ranks (512, 128 + 64, 128) that is 320 or 1,088, and 131,072 once.
func TestWhatTheFormsOfLatentAttentionCost(t *testing.T) {
	m := latentModel(t, "null")
	macs := func(all []ops.Op, tokens, past int) (n int64) {
		for _, o := range all {
			switch {
			case o.Layer != 0:
			case o.Kind == ops.HeadProduct || o.Kind == ops.Scores || o.Kind == ops.Context || o.Matrix.Name == workloads.KeyExpansion || o.Matrix.Name == workloads.ValueExpansion:
				n += o.At(tokens, past).MACs
			}
		}
		return n
	}
	const attended = 5 * 6 / 2
	if got, want := macs(ops.Step(m), 5, 0), int64(4*(attended*(16+10)+5*8*(12+10))); got != want {
		t.Errorf("a prompt of 5 takes %d, by hand %d", got, want)
	}
	if got, want := macs(ops.DecodeStep(m), 5, 0), int64(4*(attended*(8+4+8)+5*8*(12+10))); got != want {
		t.Errorf("absorbed, it takes %d, by hand %d", got, want)
	}
	const past = 100
	absorbed := int64(4 * ((past+1)*(8+4+8) + 8*(12+10)))
	if got := macs(ops.DecodeStep(m), 1, past); got != absorbed {
		t.Errorf("a decode pass takes %d, by hand %d", got, absorbed)
	}
	if expanded := int64(4 * ((past+1)*(16+10) + (past+1)*8*(12+10))); expanded < 6*absorbed {
		t.Errorf("with all positions expanded it would take %d, absorbed %d", expanded, absorbed)
	}
}

// Chunks compared with counting.
func TestAttendedPositionsOfChunks(t *testing.T) {
	m := small(t, "llama4_text", map[string]string{"attention_chunk_size": "4", "intermediate_size_mlp": "96"})
	for tokens := 1; tokens <= 9; tokens++ {
		for past := 0; past <= 9; past++ {
			attended, seen := int64(0), map[int]bool{}
			for i := past; i < past+tokens; i++ {
				for j := m.FirstOf(0, i); j <= i; j++ {
					attended++
					seen[j] = true
				}
			}
			for _, o := range step(m, tokens, past) {
				if o.Kind == ops.Scores && o.Layer == 0 && (o.Attended != attended || o.Context != len(seen)) {
					t.Fatalf("%d tokens after %d: attended %d of %d positions, counted %d of %d", tokens, past, o.Attended, o.Context, attended, len(seen))
				}
			}
		}
	}
}

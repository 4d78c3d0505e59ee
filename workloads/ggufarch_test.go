package workloads_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// Tensors of a block by their architecture (gguf-py, constants.py, MODEL_TENSORS), of 256 values in four heads of 64, two of them
// for keys and values, and 512 values in the MLP. A + stands for a bias.
const (
	attention = "attn_q 256 256, attn_k 128 256, attn_v 128 256, attn_output 256 256"
	gated     = "ffn_gate 512 256, ffn_up 512 256, ffn_down 256 512"
	plainMLP  = "ffn_up+ 512 256, ffn_down+ 256 512"
	norms     = "attn_norm 256, ffn_norm 256"
	layerNorm = "attn_norm+ 256, ffn_norm+ 256"
	heads     = "attn_q_norm 64, attn_k_norm 64"
	sandwich  = "post_attention_norm 256, post_ffw_norm 256"
	fourExp   = "ffn_gate_inp 4 256, ffn_gate_exps 4 128 256, ffn_up_exps 4 128 256, ffn_down_exps 4 256 128"
)

// Each architecture of llama.cpp is read as its family: what the model counts is what its tensors hold.
func TestArchitecturesOfGGUF(t *testing.T) {
	experts := []any{"expert_count", 4, "expert_used_count", 2, "expert_feed_forward_length", 128}
	for _, c := range []struct {
		arch    string
		family  workloads.Family
		meta    []any
		outside string // besides token_embd
		block   string
	}{
		{"llama", "llama", nil, "output_norm 256, output 320 256", norms + "," + attention + "," + gated},
		{"llama", "mixtral", experts[:4], "output_norm 256, output 320 256", norms + "," + attention +
			", ffn_gate_inp 4 256, ffn_gate_exps 4 512 256, ffn_up_exps 4 512 256, ffn_down_exps 4 256 512"},
		{"qwen2", "qwen2", nil, "output_norm 256", norms + ", attn_q+ 256 256, attn_k+ 128 256, attn_v+ 128 256, attn_output 256 256," + gated},
		{"qwen3", "qwen3", []any{"attention.key_length", 64}, "output_norm 256, output 320 256", norms + "," + heads + "," + attention + "," + gated},
		{"qwen2moe", "qwen2_moe", append([]any{"expert_shared_feed_forward_length", 256}, experts...), "output_norm 256, output 320 256", norms +
			", attn_q+ 256 256, attn_k+ 128 256, attn_v+ 128 256, attn_output 256 256," + fourExp +
			", ffn_gate_inp_shexp 256, ffn_gate_shexp 256 256, ffn_up_shexp 256 256, ffn_down_shexp 256 256"},
		{"qwen3moe", "qwen3_moe", append([]any{"attention.key_length", 64}, experts...), "output_norm 256, output 320 256", norms + "," + heads + "," + attention + "," + fourExp},
		{"gemma", "gemma", []any{"attention.key_length", 64}, "output_norm 256", norms + "," + attention + "," + gated},
		{"gemma2", "gemma2", []any{"attention.key_length", 64, "attn_logit_softcapping", float32(50), "final_logit_softcapping", float32(30), "attention.sliding_window", 4096},
			"output_norm 256", norms + "," + sandwich + "," + attention + "," + gated},
		{"gemma3", "gemma3_text", []any{"attention.key_length", 64, "attention.sliding_window", 512}, "output_norm 256",
			norms + "," + sandwich + "," + heads + "," + attention + "," + gated},
		{"phi3", "phi3", nil, "output_norm 256, output 320 256", norms + ", attn_qkv 512 256, attn_output 256 256, ffn_up 1024 256, ffn_down 256 512"},
		{"stablelm", "stablelm", []any{"rope.dimension_count", 16}, "output_norm+ 256, output 320 256", layerNorm + "," + attention + "," + gated},
		{"starcoder2", "starcoder2", nil, "output_norm+ 256", layerNorm + ", attn_q+ 256 256, attn_k+ 128 256, attn_v+ 128 256, attn_output+ 256 256," + plainMLP},
		{"gpt2", "gpt2", []any{"attention.head_count_kv", 4}, "output_norm+ 256, output 320 256, position_embd 1024 256", layerNorm +
			", attn_qkv+ 768 256, attn_output+ 256 256," + plainMLP},
		{"gptneox", "gpt_neox", []any{"attention.head_count_kv", 4, "rope.dimension_count", 16, "use_parallel_residual", true}, "output_norm+ 256, output 320 256",
			layerNorm + ", attn_qkv+ 768 256, attn_output+ 256 256," + plainMLP},
		{"falcon", "falcon", []any{"attention.head_count_kv", 1}, "output_norm+ 256, output 320 256",
			"attn_norm+ 256, attn_qkv 384 256, attn_output 256 256, ffn_up 512 256, ffn_down 256 512"},
		{"falcon", "falcon", nil, "output_norm+ 256, output 320 256",
			"attn_norm+ 256, attn_norm_2+ 256, attn_qkv 512 256, attn_output 256 256, ffn_up 512 256, ffn_down 256 512"},
		{"olmo2", "olmo2", nil, "output_norm 256, output 320 256", sandwich + ", attn_q_norm 256, attn_k_norm 128," + attention + "," + gated},
		{"command-r", "cohere", nil, "output_norm 256", "attn_norm 256," + attention + "," + gated},
		{"cohere2", "cohere2", []any{"attention.sliding_window", 512}, "output_norm 256", "attn_norm 256," + attention + "," + gated},
		{"bloom", "bloom", []any{"attention.head_count_kv", 4}, "token_embd_norm+ 256, output_norm+ 256, output 320 256", layerNorm +
			", attn_qkv+ 768 256, attn_output+ 256 256," + plainMLP},
		{"internlm2", "internlm2", nil, "output_norm 256, output 320 256", norms + "," + attention + "," + gated},
		{"granite", "granite", nil, "output_norm 256", norms + "," + attention + "," + gated},
		{"minicpm", "minicpm", nil, "output_norm 256", norms + "," + attention + "," + gated},
		{"exaone", "exaone", nil, "output_norm 256, output 320 256", norms + "," + attention + "," + gated},
		{"chatglm", "chatglm", []any{"rope.dimension_count", 32, "attention.key_length", 64}, "output_norm 256, output 320 256",
			norms + ", attn_qkv+ 512 256, attn_output 256 256, ffn_up 1024 256, ffn_down 256 512"},
		{"glm4", "glm4", []any{"rope.dimension_count", 32, "attention.key_length", 64}, "output_norm 256, output 320 256", norms + "," + sandwich + "," + attention +
			", ffn_up 1024 256, ffn_down 256 512"},
		{"deepseek2", "deepseek_v2", append([]any{"attention.kv_lora_rank", 64, "attention.key_length", 96, "attention.value_length", 64, "rope.dimension_count", 32,
			"expert_shared_count", 2, "leading_dense_block_count", 0}, experts...), "output_norm 256, output 320 256", norms +
			", attn_q 384 256, attn_kv_a_mqa 96 256, attn_kv_a_norm 64, attn_kv_b 512 64, attn_output 256 256," + fourExp +
			", ffn_gate_shexp 256 256, ffn_up_shexp 256 256, ffn_down_shexp 256 256"},
		{"deepseek2", "deepseek_v3", append([]any{"attention.q_lora_rank", 128, "attention.kv_lora_rank", 64, "attention.key_length", 96, "attention.key_length_mla", 96,
			"attention.value_length_mla", 64, "attention.head_count_kv", 1, "rope.dimension_count", 32, "expert_gating_func", 2, "expert_shared_count", 1,
			"leading_dense_block_count", 0}, experts...), "output_norm 256, output 320 256", norms +
			", attn_q_a 128 256, attn_q_a_norm 128, attn_q_b 384 128, attn_kv_a_mqa 96 256, attn_kv_a_norm 64, attn_k_b 4 64 64, attn_v_b 4 64 64, attn_output 256 256," + fourExp +
			", exp_probs_b= 4, ffn_gate_shexp 128 256, ffn_up_shexp 128 256, ffn_down_shexp 256 128"},
		{"olmoe", "olmoe", append([]any{"feed_forward_length", 128}, experts[:4]...), "output_norm 256, output 320 256",
			norms + ", attn_q_norm 256, attn_k_norm 128," + attention + "," + fourExp},
		{"smollm3", "smollm3", nil, "output_norm 256", norms + "," + attention + "," + gated},
	} {
		t.Run(c.arch+" is "+string(c.family), func(t *testing.T) {
			w := written{meta: []any{"general.architecture", c.arch}}
			values := map[string]any{"block_count": 4, "context_length": 1024, "embedding_length": 256, "feed_forward_length": 512,
				"attention.head_count": 4, "attention.head_count_kv": 2}
			for i := 0; i < len(c.meta); i += 2 {
				values[c.meta[i].(string)] = c.meta[i+1]
			}
			for k, v := range values {
				w.meta = append(w.meta, c.arch+"."+k, v)
			}
			w.add("", "token_embd 320 256,"+c.outside)
			for l := range 4 {
				w.add(fmt.Sprintf("blk.%d.", l), c.block)
			}
			path := w.save(t, "m.gguf")
			m, err := workloads.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if m.Family != c.family || m.Params().Total != elements(t, path) {
				t.Errorf("%+v: %d parameters, the tensors hold %d", m, m.Params().Total, elements(t, path))
			}
			throughJSON(t, m)
		})
	}
}

// add adds tensors of a list: fp16 matrices, and norms and biases of fp32.
func (w *written) add(prefix, list string) {
	for _, one := range strings.Split(list, ",") {
		fields := strings.Fields(one)
		name, bias := strings.CutSuffix(fields[0], "+")
		if alone, only := strings.CutSuffix(name, "="); only { // a bias without a matrix
			w.tensors = append(w.tensors, prefix+alone+".bias F32 "+fields[1])
			continue
		}
		kind := "F16"
		if len(fields) == 2 {
			kind = "F32"
		}
		w.tensors = append(w.tensors, prefix+name+".weight "+kind+" "+strings.Join(fields[1:], " "))
		if bias {
			w.tensors = append(w.tensors, prefix+name+".bias F32 "+fields[1])
		}
	}
}

// Package gputest has small models for the tests of the decode engine: shapes of the families that it runs, small
// enough for the CPU and for the GPU's kernels in emulation.
package gputest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

// Families are the names of the models that Model knows and every backend runs. It knows mixtral and qwen3_moe, too.
func Families() []string { return []string{"llama", "phi", "stablelm", "qwen2"} }

// Config is the config.json of a model of two or three blocks: grouped heads, a head that is not a power of two,
// columns that do not fill a group of 1,024, biases, partial rotation, parallel blocks, tied heads.
func Config(family string) string {
	return map[string]string{
		"llama": `{"model_type":"llama","hidden_size":256,"num_hidden_layers":3,"num_attention_heads":4,"num_key_value_heads":2,
			"intermediate_size":704,"vocab_size":320,"max_position_embeddings":128,"rms_norm_eps":1e-5,"rope_theta":10000.0,"hidden_act":"silu",
			"tie_word_embeddings":false}`,
		"phi": `{"model_type":"phi","hidden_size":256,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":4,
			"intermediate_size":1056,"vocab_size":301,"max_position_embeddings":128,"layer_norm_eps":1e-5,"rope_theta":10000.0,
			"partial_rotary_factor":0.5,"hidden_act":"gelu_new","tie_word_embeddings":false}`,
		"stablelm": `{"model_type":"stablelm","hidden_size":320,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":4,
			"intermediate_size":864,"vocab_size":288,"max_position_embeddings":128,"layer_norm_eps":1e-5,"rope_theta":10000.0,
			"partial_rotary_factor":0.25,"hidden_act":"silu","tie_word_embeddings":false,"use_qkv_bias":false,"use_parallel_residual":false}`,
		"qwen2": `{"model_type":"qwen2","hidden_size":448,"num_hidden_layers":2,"num_attention_heads":7,"num_key_value_heads":1,
			"intermediate_size":608,"vocab_size":333,"max_position_embeddings":128,"rms_norm_eps":1e-6,"rope_theta":1000000.0,
			"hidden_act":"silu","tie_word_embeddings":true}`,
		"mixtral": `{"model_type":"mixtral","hidden_size":128,"num_hidden_layers":3,"num_attention_heads":4,"num_key_value_heads":2,
			"intermediate_size":160,"vocab_size":300,"max_position_embeddings":128,"num_local_experts":5,"num_experts_per_tok":2,"sliding_window":null}`,
		"qwen3_moe": `{"model_type":"qwen3_moe","hidden_size":128,"num_hidden_layers":3,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":32,
			"intermediate_size":192,"moe_intermediate_size":64,"vocab_size":300,"max_position_embeddings":128,"num_experts":12,"num_experts_per_tok":3,
			"norm_topk_prob":true,"mlp_only_layers":[1],"decoder_sparse_step":1,"rms_norm_eps":1e-6,"rope_theta":1000000.0}`,
	}[family]
}

// Model loads the model of a family.
func Model(t testing.TB, family string) *weights.Model {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(Config(family)), 0o644); err != nil {
		t.Fatal(err)
	}
	m, err := weights.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.Name = "tiny-" + family
	return m
}

// Random is the model of a family with random weights.
func Random(t testing.TB, family string, seed uint64) weights.Source {
	t.Helper()
	source, err := weights.Random(Model(t, family), seed)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// Biased is the model of a family with random weights, and biases of q and k of hundreds.
func Biased(t testing.TB, family string, seed uint64) weights.Source {
	t.Helper()
	source, err := weights.Biased(Random(t, family, seed))
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// Prompt is n token numbers that differ.
func Prompt(m *weights.Model, n int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = (i*37 + 11) % m.Vocab
	}
	return ids
}

// Numbers marks a test of values, which takes long under the race detector and has nothing for it: it is left to the
// full run.
func Numbers(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("a test of values: left to the full run")
	}
}

// Sum is what identifies weights. Those of a file that cannot be read make it panic: a test has just written it.
func Sum(s weights.Source) string {
	sum, err := s.SHA256()
	if err != nil {
		panic("gputest: " + err.Error())
	}
	return sum
}

// Quantised are the matrices of a block that have planes.
func Quantised(b *weights.Block) (all []*weights.Matrix) {
	some := []*weights.Matrix{&b.QKV, &b.O, &b.Up, &b.Down, &b.SharedUp, &b.SharedDown}
	for _, name := range slices.Sorted(maps.Keys(b.Latent)) {
		some = append(some, b.Latent[name])
	}
	for i := range b.ExpertsUp {
		some = append(some, &b.ExpertsUp[i], &b.ExpertsDown[i])
	}
	for _, m := range some {
		if m.Planes != nil {
			all = append(all, m)
		}
	}
	return all
}

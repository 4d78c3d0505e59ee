package gputest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// Write saves the fp16 weights of a source as weights.Open, or transformers, reads them: config.json, and one
// safetensors file or so many shards, with values of a type. They are held in memory, so it is for small models.
func Write(dir string, s weights.Source, values safetensors.Type, shards int) error {
	m := s.Model()
	data, err := json.MarshalIndent(config(m), "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), append(data, '\n'), 0o644); err != nil {
		return err
	}
	list, err := tensors(s, values)
	if err != nil {
		return err
	}
	if shards < 1 || shards > len(list) {
		return fmt.Errorf("%d shards of %d tensors; accepted: 1 to as many", shards, len(list))
	}
	index := map[string]string{}
	for shard := range shards {
		name := "model.safetensors"
		if shards > 1 {
			name = fmt.Sprintf("model-%05d-of-%05d.safetensors", shard+1, shards)
		}
		part := list[len(list)*shard/shards : len(list)*(shard+1)/shards]
		for _, t := range part {
			index[t.Name] = name
		}
		var data bytes.Buffer
		if err := safetensors.Write(&data, part, map[string]string{"format": "pt"}); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data.Bytes(), 0o644); err != nil {
			return err
		}
	}
	if shards == 1 {
		return nil
	}
	data, err = json.MarshalIndent(map[string]any{"metadata": map[string]any{}, "weight_map": index}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), append(data, '\n'), 0o644)
}

// tensors takes the matrices of a source apart, in the order of Model.Tensors.
func tensors(s weights.Source, values safetensors.Type) ([]*safetensors.Tensor, error) {
	var list []*safetensors.Tensor
	rest := s.Model().Tensors()
	take := func(halves []uint16) (left []uint16) { // the next tensor's values
		t := rest[0]
		rest = rest[1:]
		n := t.Shape[0]
		if len(t.Shape) > 1 {
			n *= t.Shape[1]
		}
		floats := make([]float32, n)
		for i, h := range halves[:n] {
			floats[i] = float16.Frombits(h).Float32()
		}
		list = append(list, safetensors.New(t.Name, values, t.Shape, floats))
		return halves[n:]
	}
	norm := func(n weights.Norm) {
		for _, halves := range [][]uint16{n.Scale, n.Shift} {
			if len(halves) > 0 {
				take(halves)
			}
		}
	}
	matrix := func(m weights.Matrix) {
		for half, bias := m.Half, m.Bias; len(half) > 0; {
			half = take(half)
			if len(bias) > 0 {
				bias = take(bias)
			}
		}
	}
	e, err := s.Ends()
	if err != nil {
		return nil, err
	}
	take(e.Embedding)
	for layer := range s.Model().Layers {
		b, err := s.Block(layer)
		if err != nil {
			return nil, err
		}
		for _, n := range s.Model().Norms(layer) {
			norm(b.Norms[n.Operator])
		}
		for _, m := range []weights.Matrix{b.QKV, b.O, b.Up, b.Down} {
			matrix(m)
		}
	}
	norm(e.Norm)
	if !s.Model().Tied {
		take(e.Head.Half)
	}
	if len(e.Head.Bias) > 0 {
		take(e.Head.Bias)
	}
	return list, nil
}

// architectures are the classes of transformers.
var architectures = map[workloads.Family]string{ // read only
	workloads.Llama: "LlamaForCausalLM", workloads.Mistral: "MistralForCausalLM", workloads.Qwen2: "Qwen2ForCausalLM",
	workloads.Phi: "PhiForCausalLM", workloads.StableLM: "StableLmForCausalLM", workloads.Qwen3: "Qwen3ForCausalLM",
	workloads.Phi3: "Phi3ForCausalLM", workloads.Gemma2: "Gemma2ForCausalLM",
}

// config is what config.json says of a model.
func config(m *weights.Model) map[string]any {
	c := map[string]any{
		"architectures": []string{architectures[m.Family]}, "model_type": m.Family, "hidden_size": m.Hidden, "num_hidden_layers": m.Layers, "num_attention_heads": m.Heads,
		"num_key_value_heads": m.KVHeads, "intermediate_size": m.FFN, "vocab_size": m.Vocab, "hidden_act": "silu",
		"max_position_embeddings": m.MaxPositions, "rope_theta": m.RopeTheta, "tie_word_embeddings": m.Tied, "eos_token_id": m.EOS,
	}
	if m.Activation == workloads.Gelu {
		c["hidden_act"] = "gelu_new"
		if m.Erf {
			c["hidden_act"] = "gelu"
		}
	}
	if m.HeadDim*m.Heads != m.Hidden || m.Family == workloads.Qwen3 || m.Family == workloads.Gemma2 {
		c["head_dim"] = m.HeadDim
	}
	if s := m.RopeScale; s != nil {
		c["rope_scaling"] = map[string]any{"rope_type": "llama3", "factor": s.Factor, "low_freq_factor": s.Low,
			"high_freq_factor": s.High, "original_max_position_embeddings": s.Original}
	}
	eps := "rms_norm_eps"
	if m.Norm == workloads.LayerNorm {
		eps = "layer_norm_eps"
	}
	c[eps] = m.NormEps
	var window any // null
	if m.Window > 0 {
		window = m.Window
	}
	switch m.Family {
	case workloads.Llama:
		c["attention_bias"], c["mlp_bias"] = m.QKVBias, m.MLPBias
	case workloads.Mistral:
		c["sliding_window"] = window
	case workloads.Qwen2, workloads.Qwen3:
		c["use_sliding_window"] = false
	case workloads.StableLM:
		c["use_qkv_bias"], c["use_parallel_residual"] = m.QKVBias, m.Parallel
		c["partial_rotary_factor"] = float64(m.RotaryDim) / float64(m.HeadDim)
	case workloads.Phi:
		c["partial_rotary_factor"] = float64(m.RotaryDim) / float64(m.HeadDim)
	case workloads.Phi3:
		c["partial_rotary_factor"], c["sliding_window"] = float64(m.RotaryDim)/float64(m.HeadDim), window
	case workloads.Gemma2:
		c["sliding_window"], c["attn_logit_softcapping"], c["final_logit_softcapping"] = window, m.ScoreCap, m.LogitCap
		c["query_pre_attn_scalar"] = 1 / (m.ScoreScale * m.ScoreScale)
	}
	return c
}

package weights

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/nlpodyssey/safetensors"
	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// Write saves the fp16 weights of a source as Open, or transformers, reads them: config.json, and one safetensors file or so
// many shards, with values of type F16, BF16 or F32. They are held in memory, so it is for small models.
func Write(dir string, s Source, values string, shards int) error {
	dtype, err := safetensors.ParseDType(values)
	if err != nil || (dtype != safetensors.F16 && dtype != safetensors.BF16 && dtype != safetensors.F32) {
		return fmt.Errorf("values of type %q; accepted: F16, BF16, F32", values)
	}
	m := s.Model()
	config, err := json.MarshalIndent(m.config(), "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, configFile), append(config, '\n'), 0o644); err != nil {
		return err
	}
	halves, err := collect(s)
	if err != nil {
		return err
	}
	list := m.tensors()
	if shards < 1 || shards > len(list) {
		return fmt.Errorf("%d shards of %d tensors; accepted: 1 to as many", shards, len(list))
	}
	index := map[string]string{}
	for shard := range shards {
		name := singleFile
		if shards > 1 {
			name = fmt.Sprintf("model-%05d-of-%05d.safetensors", shard+1, shards)
		}
		views := map[string]safetensors.TensorView{}
		for _, t := range list[len(list)*shard/shards : len(list)*(shard+1)/shards] {
			shape := make([]uint64, len(t.shape))
			for i, n := range t.shape {
				shape[i] = uint64(n)
			}
			view, err := safetensors.NewTensorView(dtype, shape, encode(halves[t.name], dtype))
			if err != nil {
				return fmt.Errorf("tensor %q: %w", t.name, err)
			}
			views[t.name], index[t.name] = view, name
		}
		if err := writeFile(filepath.Join(dir, name), views); err != nil {
			return err
		}
	}
	if shards == 1 {
		return nil
	}
	data, err := json.MarshalIndent(map[string]any{"metadata": map[string]any{}, "weight_map": index}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, indexFile), append(data, '\n'), 0o644)
}

func writeFile(path string, views map[string]safetensors.TensorView) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	err = safetensors.SerializeToWriter(views, map[string]string{"format": "pt"}, w)
	if err == nil {
		err = w.Flush()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// collect takes the matrices of a source apart, by the names of their tensors.
func collect(s Source) (map[string][]uint16, error) {
	m, names := s.Model(), s.Model().names()
	e, err := s.Ends()
	if err != nil {
		return nil, err
	}
	values := map[string][]uint16{names.embedding: e.Embedding, "lm_head.weight": e.Head.Half, "lm_head.bias": e.Head.Bias}
	norm := func(name string, n Norm) { values[name+".weight"], values[name+".bias"] = n.Scale, n.Shift }
	norm(names.norm, e.Norm)
	for layer := range m.Layers {
		names := names.layer(layer)
		b, err := s.Block(layer)
		if err != nil {
			return nil, err
		}
		norm(names.input, b.Input)
		norm(names.post, b.Post)
		for i, matrix := range []*Matrix{&b.QKV, &b.O, &b.Up, &b.Down} {
			row := 0
			for _, part := range m.shapes()[i].parts {
				name, end := names.linear(part.Name), row+part.Out
				values[name+".weight"] = matrix.Half[row*matrix.In : end*matrix.In]
				if matrix.Bias != nil {
					values[name+".bias"] = matrix.Bias[row:end]
				}
				row = end
			}
		}
	}
	return values, nil
}

func encode(values []uint16, dtype safetensors.DType) []byte {
	var data []byte
	for _, h := range values {
		bits := math.Float32bits(float16.Frombits(h).Float32())
		switch dtype {
		case safetensors.F32:
			data = binary.LittleEndian.AppendUint32(data, bits)
		case safetensors.BF16: // cut, not rounded
			data = binary.LittleEndian.AppendUint16(data, uint16(bits>>16))
		default:
			data = binary.LittleEndian.AppendUint16(data, h)
		}
	}
	return data
}

// architectures are the classes of transformers.
var architectures = map[workloads.Family]string{ // read only
	workloads.Llama: "LlamaForCausalLM", workloads.Mistral: "MistralForCausalLM", workloads.Qwen2: "Qwen2ForCausalLM",
	workloads.Phi: "PhiForCausalLM", workloads.StableLM: "StableLmForCausalLM",
}

// config is what config.json says of the model.
func (m *Model) config() map[string]any {
	c := map[string]any{
		"architectures": []string{architectures[m.Family]}, "model_type": m.Family, "hidden_size": m.Hidden, "num_hidden_layers": m.Layers, "num_attention_heads": m.Heads,
		"num_key_value_heads": m.KVHeads, "intermediate_size": m.FFN, "vocab_size": m.Vocab, "hidden_act": "silu",
		"max_position_embeddings": m.MaxPositions, "rope_theta": m.RopeTheta, "tie_word_embeddings": m.Tied, "eos_token_id": m.EOS,
	}
	if m.Activation == workloads.Gelu {
		c["hidden_act"] = "gelu_new"
	}
	if m.HeadDim*m.Heads != m.Hidden {
		c["head_dim"] = m.HeadDim
	}
	if s := m.RopeScale; s != nil {
		c["rope_scaling"] = map[string]any{"rope_type": "llama3", "factor": s.Factor, "low_freq_factor": s.Low,
			"high_freq_factor": s.High, "original_max_position_embeddings": s.Original}
	}
	eps := "rms_norm_eps"
	if m.hasShift() {
		eps = "layer_norm_eps"
	}
	c[eps] = m.NormEps
	switch m.Family {
	case workloads.Llama:
		c["attention_bias"], c["mlp_bias"] = m.QKVBias, m.MLPBias
	case workloads.Mistral:
		c["sliding_window"] = nil
		if m.Window > 0 {
			c["sliding_window"] = m.Window
		}
	case workloads.Qwen2:
		c["use_sliding_window"] = false
	case workloads.StableLM:
		c["use_qkv_bias"], c["use_parallel_residual"] = m.QKVBias, m.Parallel
		c["partial_rotary_factor"] = float64(m.RotaryDim) / float64(m.HeadDim)
	case workloads.Phi:
		c["partial_rotary_factor"] = float64(m.RotaryDim) / float64(m.HeadDim)
	}
	return c
}

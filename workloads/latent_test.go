package workloads_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
)

func TestParametersOfLatentAttention(t *testing.T) {
	data, err := os.ReadFile("testdata/latent.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Models []struct {
			Name             string
			Total, Attention int64
			Config           json.RawMessage
		}
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Models) == 0 {
		t.Fatal(err, len(file.Models))
	}
	for _, c := range file.Models {
		m, err := workloads.ParseConfig(c.Name, "config.json", c.Config)
		if err != nil {
			t.Fatal(err)
		}
		var attention int64
		for _, w := range m.Projections() {
			attention += int64(w.Out) * int64(w.In)
			if w.Bias {
				attention += int64(w.Out)
			}
		}
		attention += int64(m.Latent.QRank + m.Latent.KVRank) // norms
		if p := m.Params(); p.Total != c.Total || attention != c.Attention {
			t.Errorf("%s: %d parameters, %d of a layer's attention; transformers has %d and %d", c.Name, p.Total, attention, c.Total, c.Attention)
		}
		shape, err := json.Marshal(m.Shape())
		if err != nil {
			t.Fatal(err)
		}
		if again, err := workloads.ParseShape(shape); err != nil || again.Fingerprint() != m.Fingerprint() {
			t.Errorf("%s: %s is read as %+v (%v)", c.Name, shape, again, err)
		}
	}
	for _, m := range workloads.Models() { // fingerprints of results hold it
		if data, err := json.Marshal(m.Shape()); err != nil || strings.Contains(string(data), "latent") {
			t.Errorf("%s: %s (%v)", m.Name, data, err)
		}
	}
}

func TestLatentAttentionThatCannotBe(t *testing.T) {
	const model = `"model_type": "deepseek_v3", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96,
		"vocab_size": 100, "max_position_embeddings": 256, "n_routed_experts": 16, "first_k_dense_replace": 2`
	for keys, want := range map[string]string{
		`"num_key_value_heads": 2`:     "num_key_value_heads: 2 is not modelled: latent attention expands keys and values for every head; accepted: 4",
		`"kv_lora_rank": 0`:            `kv_lora_rank: 0 is not usable; accepted: a positive integer`,
		`"kv_lora_rank": 20000`:        "kv_lora_rank: 20000 is out of range; accepted: 1 to 16384",
		`"qk_rope_head_dim": 7`:        "partial_rotary_factor: rotates 7 of head_dim 135; accepted: an even number up to it",
		`"v_head_dim": "wide"`:         `v_head_dim: "wide" is not usable; accepted: a positive integer`,
		`"q_lora_rank": -1`:            `q_lora_rank: -1 is not usable; accepted: a positive integer`,
		`"num_attention_heads": 20000`: "num_attention_heads: 20000 is out of range",
	} {
		_, err := workloads.ParseConfig("m", "config.json", []byte("{"+model+","+keys+"}"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", keys, err, want)
		}
	}
}

// llama4: three of four layers rotate and attend within chunks, the fourth does neither.
func TestChunksOfLlama4(t *testing.T) {
	const model = `"model_type": "llama4_text", "hidden_size": 64, "num_hidden_layers": 5, "num_attention_heads": 4, "num_key_value_heads": 2,
		"head_dim": 16, "intermediate_size": 96, "intermediate_size_mlp": 96, "vocab_size": 100, "max_position_embeddings": 256`
	load := func(keys string) *workloads.Model {
		m, err := workloads.ParseConfig("m", "config.json", []byte("{"+model+keys+"}"))
		if err != nil {
			t.Fatal(keys, err)
		}
		return m
	}
	layers := func(m *workloads.Model) (s string) {
		for l := range m.Layers {
			letter := "f"
			if m.Windowed(l) {
				letter = "w"
			}
			if !m.Rotated(l) {
				letter = strings.ToUpper(letter)
			}
			s += letter
		}
		return s
	}
	for keys, want := range map[string]string{
		`, "attention_chunk_size": 8`:                                    "wwwFw",
		`, "attention_chunk_size": 8, "no_rope_layer_interval": 2`:       "wFwFw",
		`, "attention_chunk_size": 8, "no_rope_layers": [1, 0, 0, 1, 1]`: "wFFww",
		`, "attention_chunk_size": null`:                                 "fffFf",
		`, "attention_chunk_size": 8, "layer_types": ["chunked_attention", "chunked_attention", "full_attention", "full_attention", "full_attention"]`: "wwfFf",
	} {
		if got := layers(load(keys)); got != want {
			t.Errorf("%s: layers %s, want %s", keys, got, want)
		}
	}
	m := load(`, "attention_chunk_size": 8`)
	for position, want := range map[int][2]int{0: {0, 1}, 7: {0, 8}, 8: {8, 1}, 21: {16, 6}} {
		if first, n := m.FirstOf(0, position), m.WindowAt(0, position+1); first != want[0] || n != want[1] {
			t.Errorf("position %d attends to %d from %d on, want %d from %d on", position, n, first, want[1], want[0])
		}
	}
	if m.FirstOf(3, 21) != 0 || !m.NormsHeads(0) || m.NormsHeads(3) || m.QKNormParams(4) != 0 {
		t.Errorf("layer 3 attends from %d on", m.FirstOf(3, 21))
	}
}

package compile

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// Chunks of 128: of 300 positions the layers that rotate read the 44 of the third chunk, the fourth layer all; a position has
// 2 heads of 64 keys and values. A prompt of 300 takes 128 × 128 twice and 44 × 44, in the fourth layer two blocks of 150 behind each other, for each of 8 heads.
func TestAttentionWithinChunks(t *testing.T) {
	m, err := workloads.ParseConfig("chunks", "config.json", []byte(`{"model_type": "llama4_text", "hidden_size": 256, "num_hidden_layers": 4,
		"num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 64, "intermediate_size": 256, "intermediate_size_mlp": 512, "num_local_experts": 4,
		"attention_chunk_size": 128, "vocab_size": 1000, "max_position_embeddings": 4096}`))
	if err != nil {
		t.Fatal(err)
	}
	k, err := New(Job{Config: changed(t, "kv.bits=8"), Model: m, Precisions: uniforms(4), Prompt: 300, Passes: 4})
	if err != nil {
		t.Fatal(err)
	}
	p, err := k.Decode(300, uniform(4), uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	bytes, macs := trafficOf(p)
	const row unit.Bytes = 2 * 2 * 64
	if want := row * (3*44 + 300); bytes[isa.KVRead] < want || bytes[isa.KVRead] > want+8*stripe {
		t.Errorf("%d bytes of the cache are read, by hand %d", bytes[isa.KVRead], want)
	}
	if want := int64(8 * 64 * (3*45 + 301)); macs[isa.Scores] != want || macs[isa.Context] != want {
		t.Errorf("%d and %d MACs, by hand %d", macs[isa.Scores], macs[isa.Context], want)
	}
	p, err = k.Prefill(300, uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	if _, macs = trafficOf(p); macs[isa.Scores] != 8*64*(3*(2*128*128+44*44)+150*150+150*300) {
		t.Errorf("a prompt takes %d MACs of scores, by hand %d", macs[isa.Scores], 8*64*(3*(2*128*128+44*44)+150*150+150*300))
	}
}

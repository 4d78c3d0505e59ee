package compile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// A small deepseek_v2 without experts: 4 heads, whose queries and keys have 32 + 16 values, their values 48; 64 + 16 of a
// position are cached.
const (
	latentLayers, latentHeads                       = 2, 4
	latentRank, latentRope                          = 64, 16
	latentNope, latentValue                         = 32, 48
	latentHidden, latentFFN, latentVocab            = 256, 512, 1000
	latentRow                            unit.Bytes = 2 * (latentRank + latentRope)
	latentConfig                                    = `{"model_type": "deepseek_v2", "hidden_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
		"intermediate_size": 512, "vocab_size": 1000, "max_position_embeddings": 8192, "n_routed_experts": 4, "first_k_dense_replace": 2,
		"kv_lora_rank": 64, "qk_nope_head_dim": 32, "qk_rope_head_dim": 16, "v_head_dim": 48, "q_lora_rank": RANK}`
)

func latentModel(t testing.TB, rank string) *workloads.Model {
	t.Helper()
	m, err := workloads.ParseConfig("small-latent", "config.json", []byte(strings.Replace(latentConfig, "RANK", rank, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func latentCompiler(t testing.TB, c *config.Config, prompt, passes, batch int) *Compiler {
	t.Helper()
	k, err := New(Job{Config: c, Model: latentModel(t, "96"), Precisions: uniforms(4, 16), Prompt: prompt, Passes: passes, Batch: batch})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// The matrices by hand, of a layer: 256 × 96 + 96 × 4 × 48 of queries, 256 × 80, 64 × 4 × (32 + 48), 4 × 48 × 256 of attention,
// and 3 × 256 × 512 of the MLP. The norms: 2 × 256, 96 and 64, and a last one.
func TestALatentDecodePassByHand(t *testing.T) {
	const block = 256*96 + 96*4*48 + 256*80 + 64*4*(32+48) + 4*48*256 + 3*256*512
	m := latentModel(t, "96")
	if p := m.Params(); p.Blocks != latentLayers*block || p.Norms != latentLayers*(2*256+96+64)+256 ||
		p.Total != p.Blocks+p.Norms+2*latentVocab*latentHidden {
		t.Errorf("%+v, by hand %d of blocks", p, latentLayers*block)
	}
	if p := latentModel(t, "null").Params(); p.Blocks != latentLayers*(block-256*96-96*4*48+256*4*48) {
		t.Errorf("without compressed queries %+v", p)
	}
	const past = 100
	for _, bits := range []unit.Bits{4, 16} {
		k := latentCompiler(t, changed(t, "kv.bits=16"), 64, 80, 1)
		p, err := k.Decode(past, uniform(bits), uniform(bits))
		if err != nil {
			t.Fatal(err)
		}
		bytes, macs := trafficOf(p)
		if want := latentLayers * bits.Of(block); bytes[isa.Weights] < want || float64(bytes[isa.Weights]) > 1.02*float64(want) {
			t.Errorf("%d bits: %d bytes of weights, by hand %d", bits, bytes[isa.Weights], want)
		}
		want := latentLayers * past * latentRow // once, for scores and context
		if rest := bytes[isa.KVRead] - want; rest < 0 || rest > latentLayers*stripe {
			t.Errorf("%d bits: %d bytes of the cache are read, by hand %d and at most a stripe for each", bits, bytes[isa.KVRead], want)
		}
		if bytes[isa.KVWrite] != latentLayers*latentRow {
			t.Errorf("%d bits: %d bytes are cached", bits, bytes[isa.KVWrite])
		}
		if macs[isa.Linear] != latentLayers*block {
			t.Errorf("%d bits: %d MACs of matrices, by hand %d", bits, macs[isa.Linear], latentLayers*block)
		}
		if want := int64(latentLayers * (past + 1) * latentHeads * (latentRank + latentRope)); macs[isa.Scores] != want {
			t.Errorf("%d bits: %d MACs of scores, by hand %d", bits, macs[isa.Scores], want)
		}
		if want := int64(latentLayers * (past + 1) * latentHeads * latentRank); macs[isa.Context] != want {
			t.Errorf("%d bits: %d MACs of the context, by hand %d", bits, macs[isa.Context], want)
		}
		if kv := k.Footprint().KV; kv < latentLayers*(64+80)*latentRow || kv > latentLayers*((64+81)*latentRow+stripe)+rowBlock*stripe {
			t.Errorf("the cache takes %d bytes", kv)
		}
	}
}

func TestALatentPromptExpandsKeysAndValues(t *testing.T) {
	const n = 50
	for _, size := range []string{"4MiB", "128KiB"} { // activations on chip, in DRAM
		k := latentCompiler(t, changed(t, "kv.bits=8", "scratchpad.size="+size), n, 8, 1)
		p, err := k.Prefill(n, uniform(4))
		if err != nil {
			t.Fatal(err)
		}
		bytes, macs := trafficOf(p)
		if bytes[isa.KVRead] != 0 || bytes[isa.KVWrite] != latentLayers*n*(latentRank+latentRope) {
			t.Errorf("%s: %d bytes of the cache are read, %d written", size, bytes[isa.KVRead], bytes[isa.KVWrite])
		}
		if (bytes[isa.ActRead] > 0) != (size == "128KiB") {
			t.Errorf("%s: %d bytes of activations are read", size, bytes[isa.ActRead])
		}
		want := map[string]int64{}
		for _, o := range ops.Step(k.model) {
			want[string(o.Kind)] += o.At(n, 0).MACs
		}
		if macs[isa.Linear] != want["linear"] {
			t.Errorf("%s: %d MACs of matrices, the model has %d", size, macs[isa.Linear], want["linear"])
		}
		for kind, dim := range map[isa.Kind]int64{isa.Scores: latentNope + latentRope, isa.Context: latentValue} {
			square := latentLayers * n * n * latentHeads * dim // masked corners included
			if triangle := want[kind.String()]; triangle != square*(n+1)/n/2 || macs[kind] < triangle || macs[kind] > square {
				t.Errorf("%s: %v takes %d MACs, by hand %d to %d; the model has %d", size, kind, macs[kind], square*(n+1)/n/2, square, triangle)
			}
		}
	}
}

// Whatever the machine: programs are legal, the work is the model's, a sequence's positions are read once, on however many
// cores, and the scratchpad keeps no more than two chunks.
func TestLatentAttentionOnAnyMachine(t *testing.T) {
	for _, set := range []string{"cores=1", "cores=3", "cores=4", "cores=16", "cores=3 kv.bits=4 kv.group=32", "cores=2 array.activations=int8",
		"scratchpad.size=256KiB", "cores=2 scratchpad.size=256KiB", "fusion=elementwise kv.bits=8 kv.group=head"} {
		for _, batch := range []int{1, 3, 8, 64} {
			for _, past := range []int{2, 90, 3000} {
				t.Run(fmt.Sprint(set, " batch ", batch, " past ", past), func(t *testing.T) {
					k := latentCompiler(t, changed(t, strings.Fields(set)...), past, 8, batch)
					for _, bits := range []unit.Bits{4, 16} {
						p, err := k.Decode(past, uniform(bits), uniform(bits))
						if err == nil {
							err = p.Validate(k.cfg.Scratchpad.Size-p.Static, k.cfg.Cores)
						}
						if err != nil {
							t.Fatal(err)
						}
						bytes, macs := trafficOf(p)
						want := map[string]int64{}
						for _, o := range ops.DecodeStep(k.model) {
							want[string(o.Kind)] += o.At(1, past).MACs * int64(batch)
						}
						if got := macs[isa.Linear]; got != want["linear"]+want["head-product"] {
							t.Errorf("%d MACs of matrices, the model has %d", got, want["linear"]+want["head-product"])
						}
						if macs[isa.Scores] != want["scores"] || macs[isa.Context] != want["context"] {
							t.Errorf("%d and %d MACs of attention, the model has %d and %d", macs[isa.Scores], macs[isa.Context], want["scores"], want["context"])
						}
						there := past
						if k.spillStep {
							there++
						}
						if small := strings.Contains(set, "256KiB"); k.spillStep != (small && batch == 64) {
							t.Errorf("activations in DRAM: %v", k.spillStep)
						}
						least := latentLayers * unit.Bytes(batch*there) * k.latents().span()
						chunks := unit.Bytes(0)
						for i := range p.Ops {
							if p.Ops[i].Kind == isa.Scores {
								chunks++
							}
						}
						if rest := bytes[isa.KVRead] - least; rest < 0 || rest > chunks*k.image.stripe {
							t.Errorf("%d bytes of the cache are read, by hand %d and a stripe for each of %d chunks", bytes[isa.KVRead], least, chunks)
						}
						keepsTwoChunks(t, k, p)
					}
				})
			}
		}
	}
}

// keepsTwoChunks fails if what is fetched of the cache, from its scores to its context, may be more than the room for it.
func keepsTwoChunks(t *testing.T, k *Compiler, p *isa.Program) {
	t.Helper()
	done := func(i int, want int) bool { // i waits for want, over any number of ops
		seen := map[int]bool{}
		var follow func(i int) bool
		follow = func(i int) bool {
			if i == want {
				return true
			}
			if i < want || seen[i] {
				return false
			}
			seen[i] = true
			for _, d := range p.Ops[i].LoadAfter {
				if follow(d) {
					return true
				}
			}
			return false
		}
		return follow(i)
	}
	for core := range k.cfg.Cores {
		var scores, contexts []int
		for i := range p.Ops {
			switch o := &p.Ops[i]; {
			case o.Core != core:
			case o.Kind == isa.Scores:
				scores = append(scores, i)
				if n := latentRoom(k.cfg) / 2; unit.Bytes(max(o.Work.N*(o.Tiles-1)+o.Last.N-1, 1)) > n/k.latents().span() && o.Work.N*(o.Tiles-1)+o.Last.N > 1 {
					t.Fatalf("core %d: a chunk of %d positions, half of the room has %v", core, o.Work.N*(o.Tiles-1)+o.Last.N, n)
				}
			case o.Kind == isa.Context && o.Unit == isa.Array:
				contexts = append(contexts, i)
			}
		}
		if len(scores) != len(contexts) {
			t.Fatalf("core %d: %d chunks of scores, %d of context", core, len(scores), len(contexts))
		}
		for c := 2; c < len(scores); c++ {
			if !done(scores[c], contexts[c-2]) {
				t.Fatalf("core %d: chunk %d is fetched before chunk %d has been read", core, c, c-2)
			}
		}
	}
}

// A tile of a matrix that is multiplied head by head is of whole heads, or of equal parts of one; its scales are those of the
// reduction where that goes over its rows.
func TestProductsOfHeads(t *testing.T) {
	k := latentCompiler(t, changed(t, "weights.group=32"), 64, 8, 1)
	for i, o := range k.decoding {
		if o.Kind != ops.HeadProduct {
			continue
		}
		rows := k.image.blocks[o.Layer].matrix(3).planes.tile.rows
		if per := o.matrix.perHead; rows%latentNope != 0 && latentNope%rows != 0 || per == 0 {
			t.Errorf("operator %d: tiles of %d rows, heads of %d", i, rows, per)
		}
	}
	p := product{copyOf: copyOf{matrix: &matrix{rows: 4 * 32, k: 64, perHead: 32}}}
	w := isa.Work{M: 5, N: 64, K: 64, Repeat: 1, Bits: 4, Quantised: true, Group: 16}
	absorbing := operator{Op: ops.Op{Kind: ops.HeadProduct, Transposed: true}}
	if got, want := p.ofHeads(&absorbing, w), (isa.Work{M: 5, N: 64, K: 32, Repeat: 2, Bits: 4, Quantised: true, Group: 16, Across: true}); got != want {
		t.Errorf("absorbing two heads: %+v, want %+v", got, want)
	}
	expanding := operator{Op: ops.Op{Kind: ops.HeadProduct}}
	if got, want := p.ofHeads(&expanding, w), (isa.Work{M: 5, N: 32, K: 64, Repeat: 2, Bits: 4, Quantised: true, Group: 16}); got != want {
		t.Errorf("expanding two heads: %+v, want %+v", got, want)
	}
	w.N = 16 // half a head
	if got := p.ofHeads(&absorbing, w); got.Repeat != 1 || got.K != 16 || got.N != 64 {
		t.Errorf("absorbing half a head: %+v", got)
	}
}

func TestWhatLatentAttentionRefuses(t *testing.T) {
	for set, want := range map[string]string{
		"kv.bits=8 kv.key_bits=4":                         "kv.key_bits: small-latent caches what keys and values are expanded from, not 4-bit keys and 8-bit values",
		"kv.bits=8 kv.group=32 kv.key_scales=channel":     "kv.key_scales: small-latent caches what keys and values are expanded from, which has no scales by channel",
		"graph.context=512":                               "graph.context: small-latent expands keys and values of the positions that are there; accepted: 0",
		"graph.prefill_chunk=32 scratchpad.size=1048576B": "graph.prefill_chunk: a prompt of 64 tokens takes 2 passes",
	} {
		_, err := New(Job{Config: changed(t, strings.Fields(set)...), Model: latentModel(t, "null"), Precisions: uniforms(4), Prompt: 64, Passes: 4})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", set, err, want)
		}
	}
}

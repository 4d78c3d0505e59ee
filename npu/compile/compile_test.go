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

const stripe = 1024

func preset(t testing.TB) *config.Config {
	t.Helper()
	c, err := config.Preset("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func loaded(t testing.TB, model string) *workloads.Model {
	t.Helper()
	m, err := workloads.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func compiler(t testing.TB, c *config.Config, model string, prompt, gen int, bits ...unit.Bits) *Compiler {
	t.Helper()
	return compilerOf(t, c, loaded(t, model), prompt, gen, bits...)
}

func compilerOf(t testing.TB, c *config.Config, m *workloads.Model, prompt, gen int, bits ...unit.Bits) *Compiler {
	t.Helper()
	k, err := New(Job{Config: c, Model: m, Precisions: uniforms(bits...), Prompt: prompt, Passes: gen - 1})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// ofFamilies are small models of every family but those with experts or latent attention, which have tests of their own.
func ofFamilies(t *testing.T) (models []*workloads.Model) {
	for _, f := range workloads.Families() {
		m, err := workloads.ParseConfig(string(f), "config.json", fmt.Appendf(nil, `{"model_type": %q, "hidden_size": 512, "num_hidden_layers": 4,
			"num_attention_heads": 8, "num_key_value_heads": 8, "intermediate_size": 1024, "vocab_size": 1000, "max_position_embeddings": 1024,
			"head_dim": 64, "sliding_window": 64, "window_size": 64, "word_embed_proj_dim": 512}`, f))
		if err != nil && strings.Contains(err.Error(), "sliding_window") {
			m, err = workloads.ParseConfig(string(f), "config.json", fmt.Appendf(nil, `{"model_type": %q, "hidden_size": 512, "num_hidden_layers": 4,
			"num_attention_heads": 8, "num_key_value_heads": 8, "intermediate_size": 1024, "vocab_size": 1000, "max_position_embeddings": 1024,
			"head_dim": 64, "word_embed_proj_dim": 512}`, f))
		}
		if err != nil {
			t.Fatal(err)
		}
		if m.Experts == nil && m.Latent == nil {
			models = append(models, m)
		}
	}
	return models
}

// programs are a decode step and a prefill of every preset model, and of a small one of every family, prefill with
// activations on chip and spilled.
func programs(t *testing.T, check func(t *testing.T, k *Compiler, p *isa.Program, past int)) {
	for _, m := range append(workloads.Models(), ofFamilies(t)...) {
		c := preset(t)
		if m.Hidden == 512 {
			c.Scratchpad.Size = 1 << 20 // 700 tokens of it do not fit, either
		}
		for _, bits := range []unit.Bits{2, 16} {
			for _, prompt := range []int{5, 700} {
				k := compilerOf(t, c, m, prompt, 20, 3, bits)
				t.Run(fmt.Sprintf("%s %d bits prefill %d", m.Name, bits, prompt), func(t *testing.T) {
					p, err := k.Prefill(prompt, uniform(bits))
					if err != nil {
						t.Fatal(err)
					}
					check(t, k, p, 0)
				})
				t.Run(fmt.Sprintf("%s %d bits decode at %d", m.Name, bits, prompt+3), func(t *testing.T) {
					p, err := k.Decode(prompt+3, uniform(bits), uniform(3))
					if err != nil {
						t.Fatal(err)
					}
					check(t, k, p, prompt+3)
				})
			}
		}
	}
}

// each calls f for every slice of every tile of an op.
func each(o *isa.Op, f func(s *isa.Slice, w isa.Pattern, store bool)) {
	for i := range o.Hold {
		f(&o.Hold[i], o.Hold[i].Last, false)
	}
	for t := range o.Tiles {
		for i := range o.Loads {
			f(&o.Loads[i], o.Loads[i].At(t, o.Tiles), false)
		}
		for i := range o.Stores {
			f(&o.Stores[i], o.Stores[i].At(t, o.Tiles), true)
		}
	}
}

func TestEveryPresetModelCompilesToALegalProgram(t *testing.T) {
	programs(t, func(t *testing.T, k *Compiler, p *isa.Program, _ int) {
		if err := p.Validate(k.cfg.Scratchpad.Size-p.Static, k.cfg.Cores); err != nil {
			t.Fatal(err)
		}
		for i := range p.Ops {
			each(&p.Ops[i], func(s *isa.Slice, w isa.Pattern, _ bool) {
				end := w.Base + unit.Bytes(w.Outer-1)*w.OuterStride + unit.Bytes(w.Planes-1)*w.PlaneStride + w.Turn
				if w.Base < 0 || w.Bytes() <= 0 || end > k.image.end {
					t.Fatalf("%s: %v walk %+v ends at %d, the image at %d", p.Ops[i].Name, s.Data, w, end, k.image.end)
				}
			})
		}
	})
}

// The operators of package workloads were written from the models' definitions, apart from this package: they are the
// oracle for what a program computes.
func TestWorkEqualsTheModelsOperators(t *testing.T) {
	programs(t, func(t *testing.T, k *Compiler, p *isa.Program, past int) {
		want := map[string]int64{}
		form := ops.Step(k.model)
		if p.Decode {
			form = ops.DecodeStep(k.model)
		}
		for _, o := range form {
			want[string(o.Kind)] += o.At(p.Tokens, past).MACs
		}
		want["linear"] += want[string(ops.HeadProduct)]
		got := map[string]int64{}
		for i := range p.Ops {
			o := &p.Ops[i]
			for tile := range o.Tiles {
				got[o.Kind.String()] += o.WorkAt(tile).MACs()
			}
		}
		for _, kind := range []string{"linear", "head"} {
			if got[kind] != want[kind] {
				t.Errorf("%s: %d MACs, the model has %d", kind, got[kind], want[kind])
			}
		}
		for _, kind := range []string{"scores", "context"} {
			// A block of queries is computed as a rectangle, masked corners included: never less than the model, and in
			// decode, where there is one query, exactly as much.
			if p.Tokens == 1 && got[kind] != want[kind] || got[kind] < want[kind] || got[kind] > 2*want[kind]+1<<32 {
				t.Errorf("%s: %d MACs, the model has %d", kind, got[kind], want[kind])
			}
		}
	})
}

func TestEveryWeightIsReadOnceInDecode(t *testing.T) {
	programs(t, func(t *testing.T, k *Compiler, p *isa.Program, past int) {
		if p.Tokens != 1 {
			return
		}
		var read [isa.DataCount]unit.Bytes
		seen := map[unit.Bytes]bool{}
		for i := range p.Ops {
			each(&p.Ops[i], func(s *isa.Slice, w isa.Pattern, _ bool) {
				read[s.Data] += w.Bytes()
				if s.Data == isa.Weights {
					for o := range w.Outer {
						at := w.Base + unit.Bytes(o)*w.OuterStride
						if seen[at] {
							t.Fatalf("%s reads %d twice", p.Ops[i].Name, at)
						}
						seen[at] = true
					}
				}
			})
		}
		n := k.model.Params()
		if want := p.Bits.Of(n.Blocks); read[isa.Weights] < want || float64(read[isa.Weights]) > 1.02*float64(want) {
			t.Errorf("%v of weights, the model has %v at %d bits", read[isa.Weights], want, p.Bits)
		}
		if want := fp16.Of(k.model.HeadParams()); read[isa.HeadWeights] != want {
			t.Errorf("%v of lm_head, want %v", read[isa.HeadWeights], want)
		}
		rows := 0
		for _, w := range append(k.model.MLP(), k.model.Projections()...) {
			rows += w.Out
		}
		want := unit.Bytes(0)
		if p.Bits != fp16 {
			want = unit.Bytes(rows*k.model.Layers) * 2 << p.Bits
		}
		if read[isa.Codebooks] != want {
			t.Errorf("%v of codebooks, want %v", read[isa.Codebooks], want)
		}
		row := k.cfg.KV.Bits.Of(int64(k.model.CacheWidth()))
		var kv unit.Bytes
		for l := range k.model.Layers {
			kv += row * unit.Bytes(k.model.WindowAt(l, past+1)-1)
		}
		chunks := 0
		for i := range p.Ops {
			if o := &p.Ops[i]; o.Unit == isa.Array && (o.Kind == isa.Scores || o.Kind == isa.Context) && len(o.Loads) > 0 {
				chunks++
			}
		}
		if rest := read[isa.KVRead] - kv; rest < 0 || rest > unit.Bytes(chunks*stripe) {
			t.Errorf("%v of cache read, want %v and at most a stripe for each", read[isa.KVRead], kv)
		}
		if want := row * unit.Bytes(k.model.Layers); read[isa.KVWrite] != want {
			t.Errorf("%v of cache written, want %v", read[isa.KVWrite], want)
		}
		embed := int64(k.model.Hidden)
		if k.model.LearnedPositions > 0 {
			embed *= 2
		}
		if want := fp16.Of(n.Biases + n.Norms + embed); read[isa.Params] != want {
			t.Errorf("%v of norms, biases and rows of embeddings, want %v", read[isa.Params], want)
		}
		if read[isa.ActRead]+read[isa.ActWrite] != 0 {
			t.Error("activations of a single token were spilled")
		}
	})
}

func attentionOf(m *workloads.Model) []workloads.Linear {
	a := m.Attention()
	return a[:]
}

func TestFootprint(t *testing.T) {
	k := compiler(t, preset(t), "vicuna-7b", 1032, 120, 3, 2)
	f, n := k.Footprint(), k.model.Params()
	within := func(what string, got, want unit.Bytes) {
		if got < want || float64(got) > 1.02*float64(want) { // tiles start at row blocks
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	within("three planes serve 3 and 2 bits", f.Planes, unit.Bits(3).Of(n.Blocks))
	within("one codebook set each", f.Codebooks, unit.Bytes(32*(4*4096+2*11008+4096))*2*(8+4))
	within("embedding, head, norms in fp16", f.FP16, fp16.Of(n.Embedding+n.Head+n.Norms))
	within("8-bit cache of every position", f.KV, 262144*1152)
	if f.Total() != f.Planes+f.Codebooks+f.FP16+f.KV+f.Activations {
		t.Error("the total is not the sum")
	}
}

func TestErrorsSayWhatToChange(t *testing.T) {
	m, err := workloads.Load("vicuna-7b")
	if err != nil {
		t.Fatal(err)
	}
	c := preset(t)
	c.Scratchpad.Size = 64 * unit.KiB
	_, err = New(Job{Config: c, Model: m, Precisions: uniforms(3), Prompt: 8, Passes: 1})
	if err == nil || !strings.Contains(err.Error(), "scratchpad.size: the activations of one token of vicuna-7b take") {
		t.Errorf("got %v", err)
	}
	c = preset(t)
	c.Scratchpad.Tile = 1 * unit.KiB
	_, err = New(Job{Config: c, Model: m, Precisions: uniforms(3), Prompt: 8, Passes: 1})
	if err == nil || !strings.Contains(err.Error(), "accepted: a larger scratchpad.tile") {
		t.Errorf("got %v", err)
	}
}

package compile

import (
	"fmt"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// sparseModel has four layers, of which the second and the fourth have eight experts and a shared one.
func sparseModel(t testing.TB) *workloads.Model {
	t.Helper()
	m, err := workloads.ParseConfig("sparse", "config.json", []byte(`{"model_type": "qwen2_moe", "hidden_size": 256, "num_hidden_layers": 4,
		"num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 512, "vocab_size": 1000, "max_position_embeddings": 4096,
		"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 128, "shared_expert_intermediate_size": 192,
		"decoder_sparse_step": 2, "qkv_bias": false}`))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// given are the experts of tokens by their position, the same in all layers and sequences.
type given [][]int

func (g given) Experts(list []int, _ int, t routing.Token) []int {
	return append(list, g[t.Position%len(g)]...)
}

// bySequence are the experts of tokens by their sequence.
type bySequence [][]int

func (g bySequence) Experts(list []int, _ int, t routing.Token) []int {
	return append(list, g[t.Sequence%len(g)]...)
}

func sparseCompiler(t testing.TB, c *config.Config, r routing.Router, prompt, batch int, bits int) *Compiler {
	t.Helper()
	k, err := New(Job{Config: c, Model: sparseModel(t), Precisions: precision.Uniforms(bits), Prompt: prompt, Passes: 8, Batch: batch, Routing: r})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func decoded(t testing.TB, k *Compiler, past, bits int) *isa.Program {
	t.Helper()
	p, err := k.Decode(past, precision.Uniform(bits), precision.Uniform(bits))
	if err == nil {
		err = p.Validate(k.cfg.Scratchpad.Size-p.Static, k.cfg.Cores)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func prefilled(t testing.TB, k *Compiler, tokens, bits int) *isa.Program {
	t.Helper()
	p, err := k.Prefill(tokens, precision.Uniform(bits))
	if err == nil {
		err = p.Validate(k.cfg.Scratchpad.Size-p.Static, k.cfg.Cores)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestBytesOfExpertsByHand: two layers with experts, each of 3 matrices of 128×256 values of two bytes: 196,608 bytes an
// expert. The other matrices of all four layers: attention 256×256 + 2×128×256 + 256×256 = 196,608 values; of two dense MLPs
// 3×512×256 = 393,216; in the two others a router of 8×256 = 2,048, a shared expert of 3×192×256 = 147,456 and its gate of
// 256: 4×196,608 + 2×393,216 + 2×149,760 = 1,872,384 values, 3,744,768 bytes.
func TestBytesOfExpertsByHand(t *testing.T) {
	const expert, rest = 196608, 3744768
	tokens := given{{0, 1}, {1, 2}, {7, 0}, {5, 6}}
	for _, c := range []struct {
		name    string
		program func() *isa.Program
		touched int // experts of a layer
	}{
		{"decode takes the experts of its token", func() *isa.Program { return decoded(t, sparseCompiler(t, preset(t), tokens, 3, 1, 16), 3, 16) }, 2},
		{"prefill takes the union", func() *isa.Program { return prefilled(t, sparseCompiler(t, preset(t), tokens, 3, 1, 16), 3, 16) }, 4},
		{"a batch takes the union of its sequences", func() *isa.Program {
			return decoded(t, sparseCompiler(t, preset(t), bySequence(tokens), 3, 4, 16), 3, 16)
		}, 6},
		{"a batch that chooses alike takes those of one", func() *isa.Program {
			return decoded(t, sparseCompiler(t, preset(t), tokens, 3, 4, 16), 3, 16)
		}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sumsOf(c.program())
			if got, want := s.bytes[isa.Experts], unit.Bytes(2*c.touched*expert); got != want {
				t.Errorf("%d bytes of experts, want %d", got, want)
			}
			if got := s.bytes[isa.Weights]; got != rest {
				t.Errorf("%d bytes of other matrices, want %d", got, rest)
			}
		})
	}
}

// TestWorkOfExpertsEqualsTheModelsOperators: on any number of cores, fused or not, with activations on chip or in DRAM.
func TestWorkOfExpertsEqualsTheModelsOperators(t *testing.T) {
	drawn, err := routing.New(routing.Spec{Kind: routing.Zipf, S: 1, Seed: 3}, sparseModel(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, keys := range [][]string{nil, {"fusion=none"}, {"cores=4"}, {"cores=16", "fusion=none"}, {"weights.layout=plane-major"}, {"weights.layout=packed"},
		{"array.style=dequant-fp16", "array.activations=fp16"}} {
		for _, prompt := range []int{5, 700} {
			for _, bits := range []int{3, 16} {
				t.Run(fmt.Sprint(keys, prompt, bits), func(t *testing.T) {
					k := sparseCompiler(t, changed(t, keys...), drawn, prompt, 1, bits)
					for past, p := range map[int]*isa.Program{0: prefilled(t, k, prompt, bits), prompt: decoded(t, k, prompt, bits)} {
						want := map[string]int64{}
						for _, o := range ops.Step(k.model) {
							kind := string(o.Kind)
							if o.Name == "router" {
								kind = "router"
							}
							want[kind] += o.At(p.Tokens, past).MACs
						}
						got := sumsOf(p)
						for _, kind := range []string{"linear", "router", "head"} {
							if got.macs[kind] != want[kind] {
								t.Errorf("%s: %s: %d MACs, the model has %d", p.Name, kind, got.macs[kind], want[kind])
							}
						}
						inImage(t, k, p)
					}
				})
			}
		}
	}
}

// inImage fails if a program reads or writes outside of the image.
func inImage(t *testing.T, k *Compiler, p *isa.Program) {
	t.Helper()
	for i := range p.Ops {
		each(&p.Ops[i], func(s *isa.Slice, w isa.Pattern, _ bool) {
			end := w.Base + unit.Bytes(w.Outer-1)*w.OuterStride + unit.Bytes(w.Planes-1)*w.PlaneStride + w.Turn
			if w.Base < 0 || w.Bytes() <= 0 || end > k.image.end {
				t.Fatalf("%s: %v walk %+v ends at %d, the image at %d", p.Ops[i].Name, s.Data, w, end, k.image.end)
			}
		})
	}
}

// TestExpertsDoNotOverlap reads all experts, each once.
func TestExpertsDoNotOverlap(t *testing.T) {
	k := sparseCompiler(t, preset(t), given{{0, 1}, {2, 3}, {4, 5}, {6, 7}}, 4, 1, 4)
	p := prefilled(t, k, 4, 4)
	seen := map[unit.Bytes]bool{}
	total := unit.Bytes(0)
	for i := range p.Ops {
		each(&p.Ops[i], func(s *isa.Slice, w isa.Pattern, _ bool) {
			if s.Data != isa.Experts {
				return
			}
			total += w.Bytes()
			for o := range w.Outer {
				at := w.Base + unit.Bytes(o)*w.OuterStride
				if seen[at] {
					t.Fatalf("%s reads %d twice", p.Ops[i].Name, at)
				}
				seen[at] = true
			}
		})
	}
	if want := unit.Bits(4).Of(k.model.Params().Experts); total < want || float64(total) > 1.02*float64(want) {
		t.Errorf("%v of experts, the model has %v at 4 bits", total, want)
	}
	if f := k.Footprint(); f.Planes < unit.Bits(4).Of(k.model.Params().Blocks) {
		t.Errorf("planes take %v, the model has %v", f.Planes, unit.Bits(4).Of(k.model.Params().Blocks))
	}
}

// TestLoadsOfExpertsWaitForTheRouter: those of the shared expert do not.
func TestLoadsOfExpertsWaitForTheRouter(t *testing.T) {
	p := decoded(t, sparseCompiler(t, preset(t), nil, 3, 1, 4), 3, 4)
	top := -1
	counts := map[string]int{}
	for i := range p.Ops {
		o := &p.Ops[i]
		name := ops.InLayer(o.Name)
		switch {
		case name == "top_k":
			top = i
		case slices.ContainsFunc(o.Loads, func(s isa.Slice) bool { return s.Data == isa.Experts }):
			counts["routed"]++
			if !slices.Contains(o.LoadAfter, top) {
				t.Errorf("%s loads after %v, the router ends with %d", o.Name, o.LoadAfter, top)
			}
		case len(o.LoadAfter) > 0:
			t.Errorf("%s loads after %v, but needs no router", o.Name, o.LoadAfter)
		case len(name) > 13 && name[:13] == "shared_expert":
			counts["shared"]++
			if i < top {
				t.Errorf("%s stands before the router", o.Name)
			}
		}
	}
	if counts["routed"] != 2*2*3 || counts["shared"] != 2*5 {
		t.Errorf("%v ops of experts, want 2 layers of 2 experts of 3 matrices, and of a shared one with its activation and its gate", counts)
	}
}

// TestUnionsAreAtMostSums: a batch moves at most what its sequences move alone, and as much if none of them share an expert.
func TestUnionsAreAtMostSums(t *testing.T) {
	for seed := range uint64(20) {
		r, err := routing.New(routing.Spec{Kind: routing.Zipf, S: 1, Seed: seed}, sparseModel(t))
		if err != nil {
			t.Fatal(err)
		}
		union := sumsOf(decoded(t, sparseCompiler(t, preset(t), r, 3, 3, 4), 3, 4)).bytes[isa.Experts]
		sum, most := unit.Bytes(0), unit.Bytes(0)
		for sequence := range 3 {
			alone := sumsOf(decoded(t, sparseCompiler(t, preset(t), moved{r, sequence}, 3, 1, 4), 3, 4)).bytes[isa.Experts]
			sum, most = sum+alone, max(most, alone)
		}
		if union > sum || union < most {
			t.Errorf("seed %d: the batch moves %d bytes, its sequences %d together and %d at most", seed, union, sum, most)
		}
	}
}

// moved is another sequence.
type moved struct {
	routing.Router
	sequence int
}

func (m moved) Experts(list []int, layer int, t routing.Token) []int {
	t.Sequence = m.sequence
	return m.Router.Experts(list, layer, t)
}

func TestSpreadRowsStayAmongTheirOwn(t *testing.T) {
	for all := 1; all < 70; all++ {
		for n := 1; n <= all; n++ {
			apart := spread(all, n)
			if last := (apart - 1) + (n-1)*apart; last >= all || 2*apart*n <= all {
				t.Fatalf("%d of %d rows are %d apart", n, all, apart)
			}
		}
	}
}

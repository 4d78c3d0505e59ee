package compile

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// How long a run decodes changes nothing about its prefill but the rows of the DRAM in which caches lie, and
// activations behind them: the same ops, the same tiles, at the same places of a row block.
func TestAPrefillDoesNotDependOnTheDecode(t *testing.T) {
	for _, c := range []struct {
		model  string
		prompt int
	}{{"qwen2.5-0.5b", 33}, {"vicuna-7b", 1032}, {"llama-3.2-1b", 700}} {
		prefill := func(gen int) (*isa.Program, unit.Bytes) {
			k := compiler(t, preset(t), c.model, c.prompt, gen, 4)
			p, err := k.Prefill(c.prompt, uniform(4))
			if err != nil {
				t.Fatal(err)
			}
			return p, rowBlock * k.image.stripe
		}
		p, block := prefill(2)
		for _, gen := range []int{1, 20, 601} {
			q, _ := prefill(gen)
			if len(p.Ops) != len(q.Ops) || p.Static != q.Static {
				t.Fatalf("%s, %d tokens: %d ops before a decode of %d, %d of 2", c.model, c.prompt, len(q.Ops), gen, len(p.Ops))
			}
			for i := range p.Ops {
				a, b := walks(&p.Ops[i], block), walks(&q.Ops[i], block)
				if p.Ops[i].Last != q.Ops[i].Last || p.Ops[i].Tiles != q.Ops[i].Tiles || len(a) != len(b) {
					t.Fatalf("%s, %d tokens, decode of %d: %s differs", c.model, c.prompt, gen, q.Ops[i].Name)
				}
				for j := range a {
					if a[j] != b[j] {
						t.Fatalf("%s, %d tokens, decode of %d: %s walks %+v, want %+v", c.model, c.prompt, gen, q.Ops[i].Name, b[j], a[j])
					}
				}
			}
		}
	}
}

// walks are the walks of an op, with their places within a row block.
func walks(o *isa.Op, block unit.Bytes) (all []isa.Pattern) {
	each(o, func(_ *isa.Slice, w isa.Pattern, _ bool) {
		w.Base %= block
		all = append(all, w)
	})
	return all
}

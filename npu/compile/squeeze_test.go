package compile

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// Models run on scratchpads (the RK3588 has 3 × 384 KiB) that hold the activations of a token, but not all logits of a
// large vocabulary beside the new keys and values of all layers: the cache is then written layer by layer, or the
// largest logit found tile by tile. Nothing changes where everything fits.
func TestSmallScratchpadsRunLargeVocabularies(t *testing.T) {
	for _, c := range []struct {
		model, size   string
		late, running bool
	}{
		{"gemma-2-2b", "1152KiB", true, true},
		{"phi-3-mini", "1152KiB", false, false},
		{"gemma-2-2b", "256KiB", false, true},
		{"gemma-2-2b", "8MiB", true, false},
		{"phi-3-mini", "8MiB", true, false},
	} {
		k := compiler(t, changed(t, "kv.bits=16", "weights.chunk=256B", "scratchpad.size="+c.size), c.model, 40, 8, 4)
		if k.late != c.late || k.running != c.running {
			t.Errorf("%s, %s: late %v, running %v, want %v, %v", c.model, c.size, k.late, k.running, c.late, c.running)
		}
		p, err := k.Decode(42, uniform(4), uniform(4))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Validate(k.cfg.Scratchpad.Size-p.Static, 1); err != nil {
			t.Errorf("%s, %s: %v", c.model, c.size, err)
		}
		writes, argmax := 0, 0 // cache updates before the last layer's linears; logits searched behind the head's tiles
		for i := range p.Ops {
			o := &p.Ops[i]
			if o.Kind == isa.KVAppend && o.Unit == isa.Move && i < len(p.Ops)-k.model.Layers-8 {
				writes++
			}
			for _, f := range o.Last.Then {
				if f == isa.FnArgmax {
					argmax++
				}
			}
		}
		if (writes > 0) == c.late || (argmax > 0) != c.running {
			t.Errorf("%s, %s: %d early writes of the cache, %d searches tile by tile", c.model, c.size, writes, argmax)
		}
	}
}

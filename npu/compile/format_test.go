package compile

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// A decode pass reads the codebooks or the scales of all rows of all matrices once, as wide as their format says.
func TestAPassReadsTheFormatOfItsWeights(t *testing.T) {
	const model, head = "llama-3.2-1b", 128256 // rows, of 2048 weights
	m := loaded(t, model)
	for _, c := range []struct {
		set    []string
		bits   unit.Bits
		row    func(k int) unit.Bytes
		inHead unit.Bytes // a row
		group  func(k int) int
	}{
		{nil, 4, func(int) unit.Bytes { return 32 }, 0, func(int) int { return 0 }},
		{nil, 8, func(int) unit.Bytes { return 2 }, 0, func(k int) int { return k }},
		{[]string{"weights.group=codebook"}, 8, func(int) unit.Bytes { return 512 }, 0, func(int) int { return 0 }},
		{[]string{"weights.group=128", "lm_head.bits=4"}, 4, func(k int) unit.Bytes { return unit.Bytes(k / 128 * 2) }, 2048 / 128 * 2,
			func(int) int { return 128 }},
		{[]string{"weights.group=32", "weights.zero_points=true"}, 4, func(k int) unit.Bytes { return unit.Bytes(k / 32 * 20 / 8) }, 0,
			func(int) int { return 32 }},
		{[]string{"count.codebooks=false", "lm_head.bits=8"}, 8, func(int) unit.Bytes { return 0 }, 0, func(k int) int { return k }},
		{[]string{"count.codebooks=false", "weights.group=channel", "lm_head.bits=8"}, 4, func(int) unit.Bytes { return 2 }, 2,
			func(k int) int { return k }},
		{[]string{"weights.layout=packed", "weights.group=64", "lm_head.bits=3"}, 3, func(k int) unit.Bytes { return unit.Bytes(k / 64 * 2) }, 64,
			func(int) int { return 64 }},
	} {
		k := compiler(t, changed(t, c.set...), model, 64, 8, c.bits)
		p, err := k.Decode(70, uniform(c.bits), uniform(c.bits))
		if err != nil {
			t.Fatal(err)
		}
		want := c.inHead * head
		for _, l := range append(attentionOf(m), m.MLP()...) {
			want += c.row(l.In) * unit.Bytes(l.Out*m.Layers)
		}
		var got unit.Bytes
		for i := range p.Ops {
			o := &p.Ops[i]
			each(o, func(s *isa.Slice, w isa.Pattern, _ bool) {
				if s.Data == isa.Codebooks {
					got += w.Bytes()
				}
			})
			if w := o.Last; o.Kind == isa.Linear && o.Unit == isa.Array && (w.Group != c.group(w.K) || !w.Quantised) {
				t.Errorf("%v, %d bits: %s has scales for %d of %d weights, want %d", c.set, c.bits, o.Name, w.Group, w.K, c.group(w.K))
			}
			if o.Kind == isa.Head && o.Unit == isa.Array && o.Last.Quantised != (k.cfg.Head.Bits != 16) {
				t.Errorf("%v: a head of %d bits is quantised: %v", c.set, k.cfg.Head.Bits, o.Last.Quantised)
			}
		}
		if got != want {
			t.Errorf("%v, %d bits: reads %v, want %v", c.set, c.bits, got, want)
		}
		if n := k.Footprint().Codebooks; n < want || n > want+want/8+64*unit.KiB*unit.Bytes(8*m.Layers) {
			t.Errorf("%v, %d bits: footprint %v, want %v or a little more", c.set, c.bits, n, want)
		}
	}
}

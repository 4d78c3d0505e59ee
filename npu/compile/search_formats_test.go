package compile

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// TestTheSearchTellsFormatsApart: q_proj and o_proj have one shape and one width, but what scales o_proj's codes takes as
// much as they do. What was chosen for one says nothing of the other, within a layer and between layers.
func TestTheSearchTellsFormatsApart(t *testing.T) {
	light, heavy := formats.Format{Bits: 4, Group: 128, Scale: 16}, formats.Format{Bits: 4, Group: 8, Scale: 32}
	c := preset(t)
	if err := c.Set([]string{"scratchpad.size=1MiB"}); err != nil {
		t.Fatal(err)
	}
	k := compilerOf(t, c, withFormat(t, func(_ int, matrix string) formats.Format {
		if matrix == "o_proj" {
			return heavy
		}
		return light
	}), 512, 2, 4)
	if !k.spill {
		t.Fatal("activations are on chip: nothing is searched")
	}
	chosen := func(b *builder, matrix int) gemmTiling {
		p := b.layerProducts(0)[matrix]
		g, err := b.chooseGEMM(&p)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	const q, o = 0, 3
	fresh := func() *builder { return k.prefill(512, uniform(4)) }
	if chosen(fresh(), q) == chosen(fresh(), o) {
		t.Error("both formats have one tiling: the test shows nothing")
	}
	both := fresh()
	if first, second := chosen(both, q), chosen(both, o); first != chosen(fresh(), q) || second != chosen(fresh(), o) {
		t.Errorf("one after the other: %+v and %+v", first, second)
	}
}

// TestAPrefillIsPricedByItsDearestLayer: all layers have the same bits, but the last one has more to scale.
func TestAPrefillIsPricedByItsDearestLayer(t *testing.T) {
	cost := func(last formats.Format) float64 {
		k := compilerOf(t, preset(t), withFormat(t, func(layer int, _ string) formats.Format {
			if layer == 31 {
				return last
			}
			return formats.Format{Bits: 4, Group: 128, Scale: 16}
		}), 512, 2, 4)
		cost, err := k.matrixCost(512, uniform(4))
		if err != nil {
			t.Fatal(err)
		}
		return cost
	}
	light, heavy := cost(formats.Format{Bits: 4, Group: 128, Scale: 16}), cost(formats.Format{Bits: 4, Group: 8, Scale: 32})
	if heavy <= light {
		t.Errorf("%g s with a dear layer, %g s without", heavy, light)
	}
}

package npu

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// then is the time of FnAdd on the four outputs of a tile of product: the latency, and one element on each lane.
const then = 3 + 1

func chained(o isa.Op) isa.Op {
	o.Work.Then[0], o.Last.Then[0] = isa.FnAdd, isa.FnAdd
	return o
}

func TestVectorFunctionsBehindTheArray(t *testing.T) {
	const first = launch + hop + network + 1000 + network + hop // when the first tile is there
	for _, c := range []struct {
		what    string
		pad     unit.Bytes
		latency unit.Cycles // of the vector unit, instead of 3
		want    unit.Cycles
	}{
		{"a slower array hides all but the last tile's function", 4096, 3, first + 4*3000 + fill + hop + then + hop},
		{"a slower vector unit is the bound, behind the first tile's product", 4096, 5000, first + 3000 + hop + 4*(5000+1) + hop},
		{"room for one tile: load, product and function take turns", 1999, 3,
			launch + hop + 4*(network+1000+network+hop+3000+hop+then) + 3*hop + fill + hop},
		{"room for two tiles hides loads and products behind the function", 2000, 5000, first + 3000 + hop + 4*(5000+1) + hop},
	} {
		t.Run(c.what, func(t *testing.T) {
			cfg := tiny()
			cfg.Scratchpad.Size, cfg.Vector.Latency = c.pad, c.latency
			n := run(t, cfg, chained(product("p", 4, 3000)))
			expect(t, n, c.want)
			if n.VectorBusy != 4*(c.latency+1) || n.Tiles != 4 || n.VectorOps != 4*4 {
				t.Errorf("vector busy %d, %d tiles, %d vector ops", n.VectorBusy, n.Tiles, n.VectorOps)
			}
		})
	}
}

func TestChainedOpsAreInTheVectorUnitsOrder(t *testing.T) {
	const each = 3 + 10
	product5000 := chained(product("p", 1, 5000))
	const ends = launch + hop + network + 1000 + network + hop + 5000 + fill + hop + then
	t.Run("an op behind one waits", func(t *testing.T) {
		expect(t, run(t, tiny(), product5000, sum("a", 40)), ends+each+hop)
	})
	t.Run("an op before one is in nobody's way", func(t *testing.T) {
		expect(t, run(t, tiny(), sum("a", 40), product5000), launch+ends+hop)
	})
	t.Run("another core's vector unit is free", func(t *testing.T) {
		expect(t, run(t, several(2, "crossbar", 0), product5000, on(1, sum("a", 40))), ends+hop)
	})
	t.Run("two functions take the sum of their times", func(t *testing.T) {
		two := chained(product("p", 1, 5000))
		two.Last.Then[1] = isa.FnSoftmaxMerge // one pass, two operations an element
		expect(t, run(t, tiny(), two), ends+3+2*4/4+hop)
	})
	t.Run("stores leave behind the function", func(t *testing.T) {
		o := chained(product("p", 1, 5000))
		o.Stores = []isa.Slice{{Data: isa.ActWrite, Tile: isa.Contiguous(8000, 500), Last: isa.Contiguous(8000, 500)}}
		expect(t, run(t, tiny(), o), ends+hop+network+500+network+hop)
	})
}

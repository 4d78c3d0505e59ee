package core

import (
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// tiles is an op of three tiles with something to load.
func tiles(u isa.Unit, core int) isa.Op {
	return isa.Op{Unit: u, Core: core, Tiles: 3, Loads: make([]isa.Slice, 1)}
}

func TestAUnitWorksThroughTheOpsOfItsCore(t *testing.T) {
	const work, hop = 100, 1
	b := simtest.NewBench(t, 1e9)
	sequencer, dma := b.Neighbour("Sequencer", 8), b.Neighbour("DMA", 8)
	u := New("Unit", b.Engine, b.Clock, Place{isa.Array, 1}, func(*isa.Op, int) unit.Cycles { return work })
	b.Connect(hop, sequencer.Port, dma.Port, u.Port)
	b.Watchdog.Register(u)
	u.Connect(sequencer.Port, dma.Port, nil)
	u.Load(&isa.Program{Ops: []isa.Op{tiles(isa.Array, 0), tiles(isa.Vector, 1), tiles(isa.Array, 1)}})
	sequencer.SendAt(10, u.Port, &msg.Start{Op: 2})
	for i, at := range []unit.Cycles{5, 20, 500} { // before the start, while it works, later
		dma.SendAt(at, u.Port, &msg.Tile{Op: 2, Tile: i})
	}
	b.Run()
	start := unit.Cycles(10 + hop)
	want := []unit.Cycles{start + work + hop, start + 2*work + hop, 500 + hop + work + hop}
	if got := dma.Cycles(); !slices.Equal(got, want) {
		t.Errorf("tiles at %v, want %v", got, want)
	}
	if got := sequencer.Cycles(); !slices.Equal(got, want[2:]) {
		t.Errorf("done at %v, want %v", got, want[2:])
	}
	if u.Busy != 3*work || u.Tiles != 3 {
		t.Errorf("busy %d, %d tiles", u.Busy, u.Tiles)
	}
}

func TestAVectorUnitEndsWhatTheArrayBegins(t *testing.T) {
	const product, function, hop = 100, 30, 1
	b := simtest.NewBench(t, 1e9)
	sequencer, dma := b.Neighbour("Sequencer", 8), b.Neighbour("DMA", 8)
	array := New("Array", b.Engine, b.Clock, Place{isa.Array, 0}, func(*isa.Op, int) unit.Cycles { return product })
	vector := New("Vector", b.Engine, b.Clock, Place{isa.Vector, 0}, func(*isa.Op, int) unit.Cycles { return function })
	b.Connect(hop, sequencer.Port, dma.Port, array.Port, vector.Port)
	b.Watchdog.Register(array, vector)
	array.Connect(sequencer.Port, dma.Port, vector.Port)
	vector.Connect(sequencer.Port, dma.Port, nil)
	o := tiles(isa.Array, 0)
	o.Work.Then[0], o.Last.Then[0] = isa.FnAdd, isa.FnAdd
	p := &isa.Program{Ops: []isa.Op{o}}
	array.Load(p)
	vector.Load(p)
	sequencer.SendAt(0, array.Port, &msg.Start{Op: 0})
	for i := range 3 {
		dma.SendAt(0, array.Port, &msg.Tile{Op: 0, Tile: i})
	}
	b.Run()
	first := unit.Cycles(hop + product + hop + function + hop)
	if got, want := dma.Cycles(), []unit.Cycles{first, first + product, first + 2*product}; !slices.Equal(got, want) {
		t.Errorf("tiles at %v, want %v", got, want)
	}
	if got := sequencer.Cycles(); len(got) != 1 || got[0] != first+2*product {
		t.Errorf("done at %v, want %d", got, first+2*product)
	}
	if array.Tiles != 3 || vector.Tiles != 0 || vector.Busy != 3*function {
		t.Errorf("array %d tiles, vector %d, busy %d", array.Tiles, vector.Tiles, vector.Busy)
	}
}

package core

import (
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Four tiles of three outputs in passes of four: a pass waits for the tiles that it has a part of, and ends those that
// have no output left. Tiles come every 500 cycles.
func TestAPassOfTheArrayWaitsForItsTiles(t *testing.T) {
	const work, hop, apart = 100, 1, 500
	b := simtest.NewBench(t, 1e9)
	sequencer, dma := b.Neighbour("Sequencer", 8), b.Neighbour("DMA", 8)
	var timed []int
	u := New("Unit", b.Engine, b.Clock, Place{isa.Array, 0}, func(_ *isa.Op, tile int) unit.Cycles {
		timed = append(timed, tile)
		return work
	})
	b.Connect(hop, sequencer.Port, dma.Port, u.Port)
	b.Watchdog.Register(u)
	u.Connect(sequencer.Port, dma.Port, nil)
	o := tiles(isa.Array, 0)
	o.Tiles, o.Pass, o.Work.N, o.Last.N = 4, 4, 3, 2
	u.Load(&isa.Program{Ops: []isa.Op{o}})
	sequencer.SendAt(0, u.Port, &msg.Start{Op: 0})
	for i := range o.Tiles {
		dma.SendAt(unit.Cycles(apart*i), u.Port, &msg.Tile{Op: 0, Tile: i})
	}
	b.Run()
	end := func(tile int) unit.Cycles { return unit.Cycles(apart*tile) + hop + work + hop }
	// Outputs 0 to 3 end tile 0; 4 to 7 tile 1; the rest tiles 2 and 3.
	if got, want := dma.Cycles(), []unit.Cycles{end(1), end(2), end(3), end(3)}; !slices.Equal(got, want) {
		t.Errorf("tiles at %v, want %v", got, want)
	}
	if got := sequencer.Cycles(); !slices.Equal(got, []unit.Cycles{end(3)}) {
		t.Errorf("done at %v, want %v", got, end(3))
	}
	if !slices.Equal(timed, []int{1, 2, 3}) || u.Tiles != 4 || u.Busy != 3*work {
		t.Errorf("work ends with tiles %v, %d tiles, busy %d", timed, u.Tiles, u.Busy)
	}
}

package mem

import (
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// hop is the latency of every link of a bench.
const hop = 1

// bench is a DMA of core 1 between neighbours; the memory answers each transfer at once.
type bench struct {
	*simtest.Bench
	dma                     *DMA
	memory, sequencer, unit *simtest.Neighbour
}

func newBench(t *testing.T, outstanding int, pad unit.Bytes, ops ...isa.Op) *bench {
	c := &config.Config{Clock: 1e9, Cores: 2, DMA: config.DMA{Outstanding: outstanding, Queues: 1},
		Network: config.Network{Latency: 7}}
	b := &bench{Bench: simtest.NewBench(t, c.Clock)}
	b.memory, b.sequencer, b.unit = b.Neighbour("Memory", 8), b.Neighbour("Sequencer", 8), b.Neighbour("Unit", 8)
	b.dma = NewDMA("DMA", b.Engine, b.Clock, c, Place{Core: 1, Network: NewNetwork(c), Burst: 64, Queues: QueuesOf(c)})
	b.Connect(hop, b.dma.Control, b.sequencer.Port, b.unit.Port)
	b.Connect(hop, b.dma.Data, b.memory.Port)
	b.Watchdog.Register(b.dma)
	b.dma.Connect(b.memory.Port, b.sequencer.Port, b.unit.Port, b.unit.Port)
	b.dma.Load(&isa.Program{Ops: ops}, pad)
	b.memory.Answer = func(a simtest.Arrival) error {
		b.memory.SendAt(a.Cycle, b.dma.Data, a.Msg)
		return nil
	}
	return b
}

// slice is so many tiles of a size, one behind the other.
func slice(n int, size unit.Bytes) isa.Slice {
	return isa.Slice{Step: size, Tile: isa.Contiguous(0, size), Last: isa.Contiguous(unit.Bytes(n-1)*size, size)}
}

func loads(n int, size unit.Bytes) isa.Op {
	return isa.Op{Unit: isa.Array, Core: 1, Tiles: n, Loads: []isa.Slice{slice(n, size)}}
}

func TestTheDMARunsAheadAsFarAsThereIsRoom(t *testing.T) {
	for _, c := range []struct {
		what        string
		outstanding int
		pad         unit.Bytes
		want        []unit.Cycles // requests at the memory; the DMA hears at 100, 200, 300 that a tile is free
	}{
		{"room for all", 4, 256, []unit.Cycles{2, 2, 2, 2}},
		{"one transfer at a time", 1, 256, []unit.Cycles{2, 4, 6, 8}},
		{"room for two tiles", 4, 128, []unit.Cycles{2, 2, 100 + hop, 200 + hop}},
		{"room for one", 4, 64, []unit.Cycles{2, 100 + hop, 200 + hop, 300 + hop}},
	} {
		t.Run(c.what, func(t *testing.T) {
			b := newBench(t, c.outstanding, c.pad, loads(4, 64))
			b.sequencer.SendAt(0, b.dma.Control, &msg.Fetch{Op: 0})
			for i := range 4 {
				b.unit.SendAt(unit.Cycles(100*(i+1)-hop), b.dma.Control, &msg.Tile{Op: 0, Tile: i})
			}
			b.Run()
			var got []unit.Cycles
			for _, a := range b.memory.Arrivals {
				got = append(got, a.Cycle)
				if m := a.Msg.(*msg.Transfer); m.Core != 1 {
					t.Errorf("for core %d", m.Core)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("requests at %v, want %v", got, c.want)
			}
			if len(b.unit.Arrivals) != 4 || b.dma.Check() != nil {
				t.Errorf("%d tiles reported, %v", len(b.unit.Arrivals), b.dma.Check())
			}
		})
	}
}

func TestTheDMAGathers(t *testing.T) {
	b := newBench(t, 4, 64, isa.Op{Kind: isa.Exchange, Unit: isa.Move, Core: 1, Tiles: 1, Gather: 500})
	b.sequencer.SendAt(10, b.dma.Control, &msg.Start{Op: 0})
	b.Run()
	if got, want := b.sequencer.Cycles(), []unit.Cycles{10 + hop + 7 + hop}; !slices.Equal(got, want) {
		t.Errorf("done at %v, want %v", got, want)
	}
	var n stats.Counts
	b.dma.place.Network.Counts(&n)
	if n.Exchanged != 500 || n.ScratchWrite != 500 || len(b.memory.Arrivals) != 0 {
		t.Errorf("%v exchanged, %d transfers", n.Exchanged, len(b.memory.Arrivals))
	}
}

func TestWhatIsNotGivenBackIsNoticed(t *testing.T) {
	b := newBench(t, 4, 64, loads(1, 64))
	b.sequencer.SendAt(0, b.dma.Control, &msg.Fetch{Op: 0})
	b.Run()
	if b.dma.Check() == nil {
		t.Error("a tile that nobody has worked on is not noticed")
	}
}

func TestQueuesAreForCoresOrForClasses(t *testing.T) {
	for _, c := range []struct {
		cores int
		order config.Arbitration
		data  isa.Data
		core  int
		want  int // of dma.queues: 2
	}{
		{1, config.RoundRobin, isa.Weights, 0, 0}, {1, config.RoundRobin, isa.KVWrite, 0, 1},
		{4, config.OldestFirst, isa.Weights, 3, 0}, {4, config.OldestFirst, isa.KVWrite, 3, 1},
		{4, config.RoundRobin, isa.KVWrite, 3, 3}, {16, config.RoundRobin, isa.Weights, 6, 2},
		{3, config.RoundRobin, isa.Weights, 2, 2},
	} {
		q := QueuesOf(&config.Config{Cores: c.cores, DMA: config.DMA{Queues: 2},
			Network: config.Network{Arbitration: c.order}})
		if got := q.of(c.data, c.core); got != c.want || got >= q.Count {
			t.Errorf("%+v: got %d of %d", c, got, q.Count)
		}
	}
}

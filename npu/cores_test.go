package npu

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

const (
	asked  = launch + hop + network // when the first requests are at the memory
	back   = network + hop          // from there to the unit
	across = 20                     // from core to core
)

// several is the tiny machine with cores on a network; 0 is no limit.
func several(cores int, topology config.Topology, link unit.BytesPerSecond) *config.Config {
	c := tiny()
	c.Cores = cores
	c.Network = config.Network{Topology: topology, Bandwidth: link, Latency: across, Arbitration: config.OldestFirst}
	return c
}

func on(core int, o isa.Op) isa.Op {
	o.Core = core
	return o
}

func gather(n unit.Bytes, deps ...int) isa.Op {
	return isa.Op{Name: "exchange", Kind: isa.Exchange, Unit: isa.Move, Tiles: 1, Gather: n, Deps: deps}
}

func expect(t *testing.T, n stats.Counts, want unit.Cycles) {
	t.Helper()
	if n.Cycles != want {
		t.Errorf("got %d cycles, want %d", n.Cycles, want)
	}
}

func TestCoresShareTheMemory(t *testing.T) {
	two := []isa.Op{on(0, product("p", 1, 100)), on(1, product("q", 1, 100))}
	const work = 100 + fill + hop
	t.Run("the second core's tile comes behind the first one's; decoding goes on beside each other", func(t *testing.T) {
		n := run(t, several(2, config.Crossbar, 0), two...)
		expect(t, n, asked+2*1000+back+work)
		if n.LaunchBusy != 2*launch || n.ArrayBusy != 2*(100+fill) || n.MemoryBusy != 2*1000 || n.NetworkWait != 0 {
			t.Errorf("launch %d, array %d, memory %d, network %d", n.LaunchBusy, n.ArrayBusy, n.MemoryBusy, n.NetworkWait)
		}
	})
	t.Run("two links of half of the memory's bandwidth carry all of it", func(t *testing.T) {
		n := run(t, several(2, config.Crossbar, 0.5e9), two...)
		expect(t, n, asked+2*1000+back+work)
		if n.NetworkWait != 1000 { // the first tile leaves the memory at twice its link's rate
			t.Errorf("waited %d cycles for links", n.NetworkWait)
		}
	})
	t.Run("a bus of that bandwidth carries half of it", func(t *testing.T) {
		n := run(t, several(2, config.Bus, 0.5e9), two...)
		expect(t, n, asked+2*2000+back+work)
		if n.NetworkWait != 1000+2000 || n.MemoryBusy != 2*1000 {
			t.Errorf("waited %d cycles for the bus, memory busy %d", n.NetworkWait, n.MemoryBusy)
		}
	})
	t.Run("sixteen cores", func(t *testing.T) {
		var ops []isa.Op
		for core := range 16 {
			ops = append(ops, on(core, product("p", 1, 100)))
		}
		n := run(t, several(16, config.Crossbar, 0), ops...)
		expect(t, n, asked+16*1000+back+work)
		if n.DRAMBytes() != 16*1000 || n.Tiles != 16 {
			t.Errorf("%v, %d tiles", n.DRAMBytes(), n.Tiles)
		}
	})
	t.Run("without latencies and limits only the memory's bandwidth and the wires remain", func(t *testing.T) {
		c := several(4, config.Bus, 0)
		c.Network.Latency, c.DMA.Latency, c.Sequencer.LaunchCycles = 0, 0, 0
		var ops []isa.Op
		for core := range 4 {
			ops = append(ops, on(core, product("p", 4, 100)))
		}
		expect(t, run(t, c, ops...), hop+hop+16*1000+hop+hop+work)
	})
}

func TestALinkSlowerThanTheMemoryIsTheBound(t *testing.T) {
	for _, c := range []struct {
		link unit.BytesPerSecond
		want unit.Cycles // of 4 tiles of 1000 bytes
	}{
		{0, 4000}, {2e9, 4000}, {1e9, 4000}, {0.25e9, 4 * 4000},
		{0.3e9, 13334}, // 13333⅓; rounding each tile up would make 13336
	} {
		n := run(t, several(1, config.Crossbar, c.link), product("p", 4, 100))
		expect(t, n, asked+c.want+back+100+fill+hop)
	}
}

func TestCoresExchange(t *testing.T) {
	const each = 3 + 10
	made := on(0, sum("a", 40))
	t.Run("the latency and the bytes over the link, once the producer is done", func(t *testing.T) {
		n := run(t, several(2, config.Crossbar, 1e9), made, on(1, gather(1000, 0)))
		expect(t, n, launch+hop+each+hop+hop+across+1000+hop)
		if n.Exchanged != 1000 || n.DRAMBytes() != 0 || n.ByKind[isa.Exchange] == 0 {
			t.Errorf("%v exchanged, %v from DRAM, by kind %v", n.Exchanged, n.DRAMBytes(), n.ByKind)
		}
	})
	t.Run("no limit, no latency: messages alone", func(t *testing.T) {
		c := several(2, config.Crossbar, 0)
		c.Network.Latency = 0
		expect(t, run(t, c, made, on(1, gather(1000, 0))), launch+hop+each+hop+hop+hop)
	})
	both := []isa.Op{on(0, gather(1000)), on(1, gather(1000))}
	t.Run("on links of their own two cores take at a time", func(t *testing.T) {
		expect(t, run(t, several(2, config.Crossbar, 1e9), both...), launch+hop+across+1000+hop)
	})
	t.Run("on a bus one after the other", func(t *testing.T) {
		expect(t, run(t, several(2, config.Bus, 1e9), both...), launch+hop+across+2*1000+hop)
	})
	t.Run("data from DRAM wait for an exchange on their link", func(t *testing.T) {
		c := several(2, config.Crossbar, 1e9)
		c.Network.Latency = 0
		n := run(t, c, on(1, gather(5000)), on(1, product("p", 1, 100)))
		// The exchange has the link from its start on; the tile's request comes into it.
		expect(t, n, launch+hop+5000+1000+back+100+fill+hop)
	})
}

func TestDependenciesCrossCores(t *testing.T) {
	const each = 3 + 10
	expect(t, run(t, several(2, config.Crossbar, 0), on(0, sum("a", 40)), on(1, sum("b", 40, 0))), launch+hop+each+hop+hop+each+hop)
	expect(t, run(t, several(2, config.Crossbar, 0), on(0, sum("a", 40)), on(1, sum("b", 40))), launch+hop+each+hop)
}

// stream is an op on a core that loads n tiles of a size from an address, and does nothing to speak of.
func stream(core, n int, base, size unit.Bytes) isa.Op {
	w := isa.Work{M: 1, N: 1, K: 1, Repeat: 1, Bits: 16}
	return isa.Op{Name: "stream", Kind: isa.Linear, Operator: core, Core: core, Unit: isa.Array, Tiles: n, Work: w, Last: w,
		Loads: []isa.Slice{{Data: isa.Weights, Step: size, Tile: isa.Contiguous(base, size), Last: isa.Contiguous(base+unit.Bytes(n-1)*size, size)}}}
}

func TestArbitrationAtTheControllers(t *testing.T) {
	const far = 1 * unit.GiB
	arbitrated := func(order config.Arbitration, ops ...isa.Op) stats.Counts {
		c, err := config.Preset("edge-lpddr5")
		if err != nil {
			t.Fatal(err)
		}
		c.Cores, c.Network.Arbitration, c.Runtime = 2, order, config.Ideal.Default()
		return run(t, c, ops...)
	}
	t.Run("cores in turn meet each other's rows", func(t *testing.T) {
		ops := []isa.Op{stream(0, 16, 0, 64*unit.KiB), stream(1, 16, far, 64*unit.KiB)}
		oldest, turns := arbitrated(config.OldestFirst, ops...), arbitrated(config.RoundRobin, ops...)
		if turns.DRAM.RowHits >= oldest.DRAM.RowHits || turns.DRAM.RowConflicts <= oldest.DRAM.RowConflicts || turns.DRAM.Reads != oldest.DRAM.Reads {
			t.Errorf("in turn %+v\noldest first %+v", turns.DRAM, oldest.DRAM)
		}
		if late := min(turns.Operators[0].Cycles, turns.Operators[1].Cycles); late*20 > turns.Cycles {
			t.Errorf("with equal work one core ends %d of %d cycles after the other", late, turns.Cycles)
		}
	})
	t.Run("small transfers do not queue behind large ones", func(t *testing.T) {
		ops := []isa.Op{stream(0, 16, 0, 256*unit.KiB), stream(1, 16, far, 16*unit.KiB)}
		oldest, turns := arbitrated(config.OldestFirst, ops...), arbitrated(config.RoundRobin, ops...)
		if o, r := oldest.Operators[1].Cycles, turns.Operators[1].Cycles; r*2 > o {
			t.Errorf("256 KiB beside 4 MiB took %d cycles in turn, %d oldest first", r, o)
		}
	})
}

// randomProgram has ops of every sort on every core, with random dependencies.
func randomProgram(r *rand.Rand, cores int) (*isa.Program, unit.Bytes) {
	p := &isa.Program{Name: "random"}
	var moved unit.Bytes
	for i := range 3 + r.IntN(40) {
		var deps []int
		for range r.IntN(3) {
			if i > 0 {
				deps = append(deps, r.IntN(i))
			}
		}
		o := product("p", 1+r.IntN(6), 10+r.IntN(2000), deps...)
		switch r.IntN(6) {
		case 0:
			o = sum("s", 1+r.Int64N(4000), deps...)
		case 1:
			o = gather(unit.Bytes(r.IntN(3000)), deps...)
		case 2:
			o = chained(o)
			o.Work.Then[1], o.Last.Then[1] = isa.FnSiluMul, isa.FnSiluMul
		case 3:
			o.Hold = []isa.Slice{{Data: isa.Params, Last: isa.Contiguous(9000, 700)}}
			moved += 700
		case 4:
			o.Stores = []isa.Slice{{Data: isa.ActWrite, Step: 100, Tile: isa.Contiguous(70000, 100), Last: isa.Contiguous(80000, 100)}}
			moved += unit.Bytes(100 * o.Tiles)
		}
		moved += unit.Bytes(1000 * o.Tiles * len(o.Loads))
		o.LoadAfter, o.Core = deps, r.IntN(cores)
		p.Ops = append(p.Ops, o)
	}
	return p, moved
}

func TestAnyProgramEndsAndLeavesNothingBehind(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		c := several(1+r.IntN(16), config.Topologies()[r.IntN(2)], unit.BytesPerSecond(r.IntN(3)*7e8))
		c.Scratchpad.Size = 1800 + unit.Bytes(r.IntN(4000))
		p, moved := randomProgram(r, c.Cores)
		m, err := new(MachineSet).New(c)
		if err != nil {
			t.Fatal(err)
		}
		n, err := m.Run(p) // which checks that pads are empty and links idle
		if err != nil || n.DRAMBytes() != moved || n.Ops != int64(len(p.Ops)) {
			t.Fatalf("seed %d: %v; moved %v, want %v", seed, err, n.DRAMBytes(), moved)
		}
		if again, err := m.Run(p); err != nil || again != n {
			t.Fatalf("seed %d: again %v, %+v\nfirst %+v", seed, err, again, n)
		}
	}
}

func TestAnyProgramEndsOnRealMemory(t *testing.T) {
	real, err := config.Preset("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 2))
		c := several(1+r.IntN(16), config.Crossbar, unit.BytesPerSecond(r.IntN(3)*7e8))
		c.Scratchpad.Size = 1800 + unit.Bytes(r.IntN(4000))
		c.DRAM, c.DMA.Queues, c.DMA.Grant = real.DRAM, 1+r.IntN(4), 256
		c.Network.Arbitration = config.Arbitrations()[seed%2]
		p, _ := randomProgram(r, c.Cores)
		m, err := new(MachineSet).New(c)
		if err != nil {
			t.Fatal(err)
		}
		n, err := m.Run(p)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if again, err := m.Run(p); err != nil || again != n {
			t.Fatalf("seed %d: again %v, %+v\nfirst %+v", seed, err, again, n)
		}
	}
}

func TestASharedProgramMovesAndDoesTheSame(t *testing.T) {
	one, p := decodeStep(t, "pmpd-paper", "phi-1.5", func(*config.Config) {})
	alone, err := one.Run(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, cores := range []int{2, 3, 16} {
		m, p := decodeStep(t, "pmpd-paper", "phi-1.5", func(c *config.Config) { c.Cores = cores })
		n, err := m.Run(p)
		if err != nil {
			t.Fatal(err)
		}
		if n.Traffic != alone.Traffic || n.MACs != alone.MACs || n.VectorOps != alone.VectorOps || n.Tiles != alone.Tiles {
			t.Errorf("%d cores: %+v\none: %+v", cores, n, alone)
		}
		if n.Cycles*100 > alone.Cycles*101 { // the memory is the bound for all
			t.Errorf("%d cores take %d cycles, one %d", cores, n.Cycles, alone.Cycles)
		}
	}
}

func TestCoresHaveNames(t *testing.T) {
	for cores, want := range map[int]string{1: "NPU.Array", 3: "NPU.Core[2].Array"} {
		m, err := new(MachineSet).New(several(cores, config.Crossbar, 0))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.cores[cores-1].arrayUnit.Name(); got != want {
			t.Errorf("%d cores: got %s, want %s", cores, got, want)
		}
	}
}

func TestWatchSeesAllCores(t *testing.T) {
	m, err := new(MachineSet).New(several(4, config.Bus, 1e9))
	if err != nil {
		t.Fatal(err)
	}
	p := &isa.Program{Name: "long"}
	for core := range 4 {
		p.Ops = append(p.Ops, on(core, product(fmt.Sprint(core), 1000, 50)))
	}
	var most int64
	m.Watch(func(transfers int64) error { most = transfers; return nil })
	whole, err := m.Run(p)
	if err != nil || most < 3500 || most > 4000 {
		t.Fatalf("error %v, %d transfers seen of 4000", err, most)
	}
	enough := errors.New("enough")
	m.Watch(func(int64) error { return enough })
	if _, err := m.Run(p); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	m.Watch(nil)
	if again, err := m.Run(p); err != nil || again != whole {
		t.Errorf("after an interrupted run: %v", err)
	}
}

package npu

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// A machine on which everything can be calculated by hand: one byte a cycle from an ideal memory, a 4×4 array.
const (
	launch  = 7
	network = 5 // DMA to memory, and back
	hop     = 1 // control message
	fill    = 4 + 4 - 2
)

func tiny() *config.Config {
	return &config.Config{Name: "tiny", Clock: 1e9, Cores: 1,
		Array: config.Array{Style: config.BitSerialWeight, Dataflow: config.WeightStationary, GEMV: config.GEMVColumns, DoubleBuffer: true,
			Activations: config.FP16, Rows: 4, Cols: 4, BitsPerCycle: 1, DequantLanes: 1, SwitchCycles: 11},
		Vector:     config.Vector{Lanes: 4, Latency: 3},
		Scratchpad: config.Scratchpad{Size: 4096, BytesPerCycle: 1 << 20},
		DMA:        config.DMA{Outstanding: 4, Latency: network},
		Sequencer:  config.Sequencer{LaunchCycles: launch},
		DRAM:       config.DRAM{Standard: config.IdealDRAM, Channels: 1, Bandwidth: 1e9},
	}
}

// product is an array op of n tiles, each with 1000 bytes to load and the given cycles of work.
func product(name string, n int, work int, deps ...int) isa.Op {
	w := isa.Work{M: 1, N: 4, K: 4 * work / 2, Repeat: 1, Bits: 2}
	return isa.Op{Name: name, Kind: isa.Linear, Unit: isa.Array, Deps: deps, Tiles: n, Work: w, Last: w,
		Loads: []isa.Slice{{Data: isa.Weights, Step: 1000, Tile: isa.Contiguous(0, 1000), Last: isa.Contiguous(unit.Bytes(1000*(n-1)), 1000)}}}
}

func sum(name string, elements int64, deps ...int) isa.Op {
	w := isa.Work{Fn: isa.FnAdd, Elements: elements}
	return isa.Op{Name: name, Kind: isa.Residual, Unit: isa.Vector, Deps: deps, Tiles: 1, Work: w, Last: w}
}

func run(t testing.TB, c *config.Config, ops ...isa.Op) stats.Counts {
	t.Helper()
	m, err := new(MachineSet).New(c)
	if err != nil {
		t.Fatal(err)
	}
	n, err := m.Run(&isa.Program{Name: t.Name(), Ops: ops})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOverlapIsAnOutcome(t *testing.T) {
	for _, c := range []struct {
		what string
		pad  unit.Bytes
		work int
		want unit.Cycles
	}{
		{"memory-bound: all loads back to back, then the last tile's work", 4096, 100,
			launch + hop + network + 4*1000 + network + hop + 100 + fill + hop},
		{"compute-bound with room for all tiles: the first load, then work after work", 4096, 3000,
			launch + hop + network + 1000 + network + hop + 4*3000 + fill + hop},
		{"room for one tile only: load and work take turns", 1999, 3000,
			launch + hop + 4*(network+1000+network+hop+3000) + 3*hop + fill + hop},
		{"room for two tiles hides every load but the first", 2000, 3000,
			launch + hop + network + 1000 + network + hop + 4*3000 + fill + hop},
	} {
		t.Run(c.what, func(t *testing.T) {
			cfg := tiny()
			cfg.Scratchpad.Size = c.pad
			n := run(t, cfg, product("p", 4, c.work))
			if n.Cycles != c.want {
				t.Errorf("got %d cycles, want %d", n.Cycles, c.want)
			}
			if n.ArrayBusy != unit.Cycles(4*c.work+fill) || n.DRAMBytes() != 4000 || n.ScratchPeak > c.pad {
				t.Errorf("array busy %d, %d bytes, peak %v", n.ArrayBusy, n.DRAMBytes(), n.ScratchPeak)
			}
		})
	}
}

func TestDependenciesAreKept(t *testing.T) {
	t.Run("a vector op waits for its producer and its result for the message", func(t *testing.T) {
		n := run(t, tiny(), sum("a", 40), sum("b", 40, 0))
		each := unit.Cycles(3 + 10)
		if want := launch + hop + each + hop + hop + each + hop; n.Cycles != want {
			t.Errorf("got %d cycles, want %d", n.Cycles, want)
		}
	})
	t.Run("independent ops on two units overlap", func(t *testing.T) {
		n := run(t, tiny(), product("p", 1, 5000), sum("a", 4000))
		if want := unit.Cycles(launch + hop + network + 1000 + network + hop + 5000 + fill + hop); n.Cycles != want {
			t.Errorf("got %d cycles, want %d", n.Cycles, want)
		}
	})
	t.Run("loads of the next op run ahead of its dependencies", func(t *testing.T) {
		n := run(t, tiny(), product("p", 1, 5000), product("q", 1, 100, 0))
		want := unit.Cycles(launch + hop + network + 1000 + network + hop + 5000 + fill + hop + hop + 100 + fill + hop)
		if n.Cycles != want {
			t.Errorf("got %d cycles, want %d", n.Cycles, want)
		}
	})
	t.Run("loads of data that is still to be stored wait for it", func(t *testing.T) {
		q := product("q", 1, 100)
		p := product("p", 1, 5000)
		p.Stores = []isa.Slice{{Data: isa.ActWrite, Tile: isa.Contiguous(8000, 500), Last: isa.Contiguous(8000, 500)}}
		q.LoadAfter = []int{0}
		n := run(t, tiny(), p, q)
		stored := unit.Cycles(launch + hop + network + 1000 + network + hop + 5000 + fill + hop + network + 500 + network + hop)
		want := stored + launch + hop + network + 1000 + network + hop + 100 + fill + hop
		if n.Cycles != want {
			t.Errorf("got %d cycles, want %d", n.Cycles, want)
		}
		if n.Traffic[isa.ActWrite] != 500 {
			t.Errorf("%d bytes stored", n.Traffic[isa.ActWrite])
		}
	})
}

func TestAChangeOfPrecision(t *testing.T) {
	op := isa.Op{Name: "switch", Kind: isa.Switch, Unit: isa.Array, Tiles: 1}
	for s, want := range map[config.Style]unit.Cycles{config.BitSerialWeight: 11, config.DequantFP16: fill + 11, config.LUT: 0} {
		t.Run(string(s), func(t *testing.T) {
			c := tiny()
			c.Array.Style = s
			n := run(t, c, op)
			if all := launch + hop + want + hop; n.Cycles != all || n.ArraySwitch != want || n.Switches != 1 {
				t.Errorf("got %d cycles, %d of them to switch, %d switches; want %d", n.Cycles, n.ArraySwitch, n.Switches, all)
			}
		})
	}
}

func TestCyclesByKindAddUp(t *testing.T) {
	n := run(t, tiny(), product("p", 3, 50), sum("a", 1000, 0), product("q", 2, 900, 1), sum("b", 10))
	if err := n.Check(1); err != nil {
		t.Fatal(err)
	}
	if n.ByKind[isa.Linear] == 0 || n.ByKind[isa.Residual] == 0 {
		t.Errorf("by kind %v", n.ByKind)
	}
}

func TestRunIsAPureFunction(t *testing.T) {
	m, err := new(MachineSet).New(tiny())
	if err != nil {
		t.Fatal(err)
	}
	p := &isa.Program{Name: "p", Ops: []isa.Op{product("p", 3, 50), sum("a", 1000, 0), product("q", 2, 900, 1)}}
	var first string
	for i := range 5 {
		n, err := m.Run(p)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%+v", n); i == 0 {
			first = got
		} else if got != first {
			t.Fatalf("run %d:\n%s\nfirst:\n%s", i, got, first)
		}
	}
}

func TestBadProgramsAreErrors(t *testing.T) {
	m, err := new(MachineSet).New(tiny())
	if err != nil {
		t.Fatal(err)
	}
	big := product("big", 1, 10)
	big.Loads[0].Last = isa.Contiguous(0, 5000)
	for what, c := range map[string]struct {
		op   isa.Op
		want string
	}{
		"a tile that does not fit":       {big, "needs 5000B of scratchpad for one tile, 4KiB are there; accepted: a smaller scratchpad.tile"},
		"a dependency on a later op":     {sum("x", 1, 3), "op 0 (x) depends on op 3, which is not before it"},
		"an op without tiles":            {isa.Op{Name: "none"}, "op 0 (none) has no tiles"},
		"a bug in a unit does not panic": {isa.Op{Name: "odd", Unit: isa.Vector, Tiles: 1}, `cycle 8 (0.008 µs), program "p": vector: no cost for this function`},
	} {
		t.Run(what, func(t *testing.T) {
			_, err := m.Run(&isa.Program{Name: "p", Ops: []isa.Op{c.op}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestWatchSeesProgressAndEndsARun(t *testing.T) {
	m, err := new(MachineSet).New(tiny())
	if err != nil {
		t.Fatal(err)
	}
	const tiles = 100_000
	p := &isa.Program{Name: "long", Ops: []isa.Op{product("p", tiles, 50)}}
	var seen []int64
	m.Watch(func(transfers int64) error { seen = append(seen, transfers); return nil })
	whole, err := m.Run(p)
	if err != nil || len(seen) < 1000 || !slices.IsSorted(seen) || seen[len(seen)-1] > tiles {
		t.Fatalf("error %v, %d calls", err, len(seen))
	}
	enough := errors.New("enough")
	var last int64
	m.Watch(func(transfers int64) error { last = transfers; return enough })
	if _, err := m.Run(p); !errors.Is(err, enough) || last > watchEvents {
		t.Errorf("got %v after %d transfers of %d", err, last, tiles)
	}
	m.Watch(nil)
	if again, err := m.Run(p); err != nil || again != whole {
		t.Errorf("after an interrupted run: %v, %+v, want %+v", err, again, whole)
	}
}

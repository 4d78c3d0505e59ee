package result

import (
	"reflect"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/energy"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// lpddr5 is npu with LPDDR5-6400 for memory: a clock of 1.25 ns.
func lpddr5(t *testing.T) *config.Config {
	t.Helper()
	c, err := config.Preset("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	c.Clock, c.Cores, c.Array.Rows, c.Array.Cols = 1e9, 2, 4, 8
	return c
}

// phase is the counts of 1000 cycles in which all that can happen does.
func phase() *stats.Counts {
	c := &stats.Counts{Cycles: 1000, ArrayBusy: 1600, ArrayUnpack: 700, ArraySwitch: 6, VectorBusy: 400, LaunchBusy: 200,
		MemoryBusy: 900, DispatchBusy: 15, HostBusy: 16, Dispatches: 5, SpaceStall: 100, MACs: 64_000, PECycles: 32_000, Lookups: 1000, TableEntries: 1000,
		VectorOps: 5000, Switches: 4, Exchanged: 3000, NetworkBusy: 1100, NetworkWait: 50, ScratchRead: 9000, ScratchWrite: 8000}
	for k := range c.ByKind {
		c.ByKind[k] = unit.Cycles(k + 1)
	}
	for d := range c.Traffic {
		c.Traffic[d] = unit.Bytes(1000 * (d + 1))
		c.DRAMBy[d] = stats.Requester{Reads: int64(d + 1), Wait: int64(100 * (d + 1))}
	}
	c.DRAM = stats.DRAM{Clocks: 800, Activates: 11, Precharges: 1, Reads: 36, Writes: 9, Refreshes: 5,
		RowHits: 20, RowMisses: 15, RowConflicts: 10, Turnarounds: 8, Masked: 2}
	c.Agents = stats.Requester{Reads: 6, Writes: 3, RowHits: 5, RowMisses: 1, RowConflicts: 3, Wait: 500}
	return c
}

func TestAPhaseInSecondsAndShares(t *testing.T) {
	c, n := lpddr5(t), phase()
	p := NewPhase(n, c)
	expect(t, "array", p.ArrayBusy, 1600/(2*1000.0))
	expect(t, "array, unpacking", p.UnpackBusy, 700/(2*1000.0))
	expect(t, "vector", p.VectorBusy, 400/(2*1000.0))
	expect(t, "launch", p.LaunchBusy, 200/(2*1000.0))
	expect(t, "the runtime, of which there is one", p.DispatchBusy, 15/1000.0)
	expect(t, "the host", p.HostBusy, 16/1000.0)
	expect(t, "memory, of which there is one", p.MemoryBusy, 900/1000.0)
	expect(t, "scratchpad full", p.SpaceStall, 100/(2*1000.0))
	if p.NetworkBusy != 0 {
		t.Errorf("links that carry what DRAM gives are busy for %v", p.NetworkBusy)
	}
	c.Network.Bandwidth = 1e9
	expect(t, "links that carry less", NewPhase(n, c).NetworkBusy, 1100/(2*1000.0))
	expect(t, "waits for links", p.NetworkWait, 50/1e9)
	expect(t, "switches, a core", p.SwitchSeconds, 6/1e9/2)
	for k, cycles := range n.ByKind {
		expect(t, isa.Kind(k).String(), p.Seconds[isa.Kind(k).String()], float64(cycles)/1e9)
	}
	for d, bytes := range n.Traffic {
		if name := isa.Data(d).String(); p.Bytes[name] != int64(bytes) || p.ByData[name].Reads != int64(d+1) {
			t.Errorf("%s: %d bytes, %+v", name, p.Bytes[name], p.ByData[name])
		}
	}
	got := []int64{p.Dispatches, p.Exchanged, p.Switches, p.MACs, p.Activates, p.Reads, p.Writes, p.Refreshes, p.RowHits, p.RowMisses,
		p.RowConflicts, p.Turnarounds}
	if want := []int64{5, 3000, 4 / 2, 64_000, 11, 36, 9, 5, 20, 15, 10, 8}; !slices.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
	sum := 0.0
	for name, joules := range p.Energy {
		sum += joules
		if !slices.Contains(EnergyParts(), name) {
			t.Errorf("tables have no %s", name)
		}
	}
	expect(t, "energy", sum, energy.Of(c, n).Total().Joules())
}

func TestOtherAgentsAreNoPartOfTheModelsTraffic(t *testing.T) {
	n, cfg := phase(), lpddr5(t)
	without := NewPhase(n, cfg)
	if without.Agents == nil || without.Agents.Bytes != 9*32 || without.Agents.RowHits != 5 {
		t.Fatalf("%+v", without.Agents)
	}
	s := cfg.Standard().Energy
	want := s.Activate*4 + s.Read*6 + s.ReadIO*6 + s.Write*3 + s.WriteIO*3
	expect(t, "energy of their commands", without.Agents.Joules, want.Joules())
	n.Agents = stats.Requester{}
	n.DRAM.Reads -= 6
	n.DRAM.Writes -= 3
	n.DRAM.Activates -= 4
	alone := NewPhase(n, cfg)
	if alone.Agents != nil || !reflect.DeepEqual(alone.Energy, without.Energy) || !reflect.DeepEqual(alone.Bytes, without.Bytes) {
		t.Errorf("without other agents %v, %v; with them %v, %v", alone.Energy, alone.Bytes, without.Energy, without.Bytes)
	}
}

func TestAPhaseInWhichEverythingHappensHasNoZero(t *testing.T) {
	c := lpddr5(t)
	c.Network.Bandwidth = 1e9 // less than DRAM's
	v := reflect.ValueOf(NewPhase(phase(), c)).Elem()
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s is %v", v.Type().Field(i).Name, v.Field(i))
		}
	}
}

func TestWhatDidNotHappenIsLeftOut(t *testing.T) {
	n := &stats.Counts{Cycles: 10}
	n.ByKind[isa.Linear], n.Traffic[isa.Weights] = 10, 64
	p := NewPhase(n, npu(t))
	if len(p.Seconds) != 1 || len(p.Bytes) != 1 || p.ByData != nil {
		t.Errorf("seconds %v, bytes %v, DRAM %v", p.Seconds, p.Bytes, p.ByData)
	}
	for name, joules := range p.Energy {
		if joules <= 0 {
			t.Errorf("%s takes %v J", name, joules)
		}
	}
}

func TestWhatAClassOfDataMetInDRAM(t *testing.T) {
	s := &stats.Requester{Reads: 10, Writes: 2, RowHits: 6, RowMisses: 5, RowConflicts: 1, Wait: 480}
	s.Latency[0], s.Latency[3], s.Latency[stats.LatencyBuckets-1] = 7, 2, 1
	const tCK = 1.25e-9
	a := access(s, tCK)
	got, want := []int64{a.Reads, a.Writes, a.RowHits, a.RowMisses, a.RowConflicts}, []int64{10, 2, 6, 5, 1}
	if !slices.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
	expect(t, "mean latency", a.ReadLatency, 480/10.0*tCK)
	// The first class has reads of less than 32 clocks, each further one twice as many, the last one the rest.
	latencies := []Latency{{Below: 32 * tCK, Reads: 7}, {Below: 256 * tCK, Reads: 2}, {Reads: 1}}
	if !slices.Equal(a.Latencies, latencies) {
		t.Errorf("latencies %v, want %v", a.Latencies, latencies)
	}
	if w := access(&stats.Requester{Writes: 1}, tCK); w.ReadLatency != 0 || w.Latencies != nil {
		t.Errorf("writes alone have latencies: %+v", w)
	}
}

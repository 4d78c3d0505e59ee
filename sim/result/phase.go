package result

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/energy"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Phase is the breakdown of prefill or decode. Seconds by kind add up to the phase's: each cycle is charged to the op
// that completes next (npu.Sequencer).
type Phase struct {
	Seconds       map[string]float64 `json:"seconds_by_operator"`
	Bytes         map[string]int64   `json:"bytes_by_data"`
	ArrayBusy     float64            `json:"array_busy"`            // shares of the phase's time
	VectorBusy    float64            `json:"vector_busy"`           //
	LaunchBusy    float64            `json:"launch_busy"`           //
	MemoryBusy    float64            `json:"memory_busy"`           //
	UnpackBusy    float64            `json:"unpack_busy,omitempty"` // part of array_busy in which unpacking holds tiles up
	DispatchBusy  float64            `json:"dispatch_busy,omitempty"`
	HostBusy      float64            `json:"host_busy,omitempty"`
	Dispatches    int64              `json:"dispatches,omitempty"` // by the runtime; absent: it is ideal
	SpaceStall    float64            `json:"scratchpad_full"`
	NetworkBusy   float64            `json:"network_busy,omitempty"` // of the links' time; absent where they carry what DRAM gives
	NetworkWait   float64            `json:"network_wait_seconds"`   // for links, summed over transfers
	Exchanged     int64              `json:"exchanged_bytes"`        // from core to core
	SwitchSeconds float64            `json:"switch_seconds"`         // the array drains and is set to another precision
	Switches      int64              `json:"switches"`
	MACs          int64              `json:"macs"`
	Activates     int64              `json:"dram_activates"`
	Reads         int64              `json:"dram_reads"`
	Writes        int64              `json:"dram_writes"`
	Refreshes     int64              `json:"dram_refreshes"`
	RowHits       int64              `json:"dram_row_hits"`
	RowMisses     int64              `json:"dram_row_misses"`
	RowConflicts  int64              `json:"dram_row_conflicts"`
	Turnarounds   int64              `json:"dram_turnarounds"`             // changes of direction of the data bus
	Masked        int64              `json:"dram_masked_writes,omitempty"` // of part of a burst; absent where they are not masked writes
	BusBusy       float64            `json:"dram_bus_utilisation"`         // share of the data buses' time in which data move
	RefreshShare  float64            `json:"dram_refresh_share"`           // share of the banks' time spent on refresh
	Energy        map[string]float64 `json:"joules"`                       // by part (EnergyParts); of an ideal memory, the NPU's only
	ByData        map[string]Access  `json:"dram_by_data,omitempty"`       // not of an ideal memory
	Agents        *Agents            `json:"other_agents,omitempty"`       // of the chip, where there are any
}

// EnergyParts are the keys of Phase.Energy, in the order of tables.
func EnergyParts() []string {
	var names []string
	for _, p := range (energy.Use{}).Parts() {
		names = append(names, p.Name)
	}
	return names
}

// Access is what the bursts of one class of data met in DRAM: rows, and latencies.
type Access struct {
	Reads        int64     `json:"reads"`
	Writes       int64     `json:"writes"`
	RowHits      int64     `json:"row_hits"`
	RowMisses    int64     `json:"row_misses"`
	RowConflicts int64     `json:"row_conflicts"`
	ReadLatency  float64   `json:"mean_read_latency_seconds"` // from acceptance by the controller to the last datum
	Latencies    []Latency `json:"read_latencies,omitempty"`
}

// Agents is what other agents of the chip had of the DRAM. It is part of the commands and rows of a Phase, and of
// nothing else there.
type Agents struct {
	Bytes  int64   `json:"bytes"`
	Joules float64 `json:"joules"` // of their commands
	Access
}

// Latency is a bucket of a histogram: reads that took less than Below, but not less than the bucket before.
type Latency struct {
	Below float64 `json:"below_seconds,omitempty"` // absent: no bound
	Reads int64   `json:"reads"`
}

// NewPhase returns the breakdown of the counts of a phase.
func NewPhase(c *stats.Counts, cfg *config.Config) *Phase {
	clock := cfg.Clock
	p := &Phase{Seconds: map[string]float64{}, Bytes: map[string]int64{}, Energy: map[string]float64{},
		Switches: c.Switches / int64(cfg.Cores), MACs: c.MACs, Activates: c.DRAM.Activates, Reads: c.DRAM.Reads,
		Writes: c.DRAM.Writes, Refreshes: c.DRAM.Refreshes, RowHits: c.DRAM.RowHits, RowMisses: c.DRAM.RowMisses,
		RowConflicts: c.DRAM.RowConflicts, Turnarounds: c.DRAM.Turnarounds, Masked: c.DRAM.Masked}
	p.SwitchSeconds = c.ArraySwitch.Seconds(clock) / float64(cfg.Cores)
	for k, n := range c.ByKind {
		if n > 0 {
			p.Seconds[isa.Kind(k).String()] = n.Seconds(clock)
		}
	}
	for d, n := range c.Traffic {
		if n > 0 {
			p.Bytes[isa.Data(d).String()] = int64(n)
		}
	}
	share := func(n unit.Cycles, of int) float64 { return ratio(float64(n), float64(c.Cycles)*float64(of)) }
	p.ArrayBusy, p.VectorBusy = share(c.ArrayBusy, cfg.Cores), share(c.VectorBusy, cfg.Cores)
	p.LaunchBusy, p.SpaceStall = share(c.LaunchBusy, cfg.Cores), share(c.SpaceStall, cfg.Cores)
	p.MemoryBusy = share(c.MemoryBusy, 1)
	p.UnpackBusy = share(c.ArrayUnpack, cfg.Cores)
	p.DispatchBusy, p.HostBusy, p.Dispatches = share(c.DispatchBusy, 1), share(c.HostBusy, 1), c.Dispatches
	if cfg.NarrowLinks() != "" {
		p.NetworkBusy = share(c.NetworkBusy, cfg.Links())
	}
	p.NetworkWait, p.Exchanged = c.NetworkWait.Seconds(clock), int64(c.Exchanged)
	p.BusBusy, p.RefreshShare = dramShares(cfg, &c.DRAM)
	for _, part := range energy.Of(cfg, c).Parts() {
		if part.Energy > 0 {
			p.Energy[part.Name] = part.Energy.Joules()
		}
	}
	for d := range c.DRAMBy {
		if s := &c.DRAMBy[d]; s.Reads+s.Writes > 0 {
			if p.ByData == nil {
				p.ByData = map[string]Access{}
			}
			p.ByData[isa.Data(d).String()] = access(s, cfg.DRAMClock().Seconds())
		}
	}
	if a := &c.Agents; a.Reads+a.Writes > 0 {
		p.Agents = &Agents{Bytes: (a.Reads + a.Writes) * int64(cfg.Standard().Burst), Joules: energy.AgentsOf(cfg, c).Joules(),
			Access: access(a, cfg.DRAMClock().Seconds())}
	}
	return p
}

// access returns the accesses of a class, in seconds of a DRAM clock of tCK.
func access(s *stats.Requester, tCK float64) Access {
	a := Access{Reads: s.Reads, Writes: s.Writes, RowHits: s.RowHits, RowMisses: s.RowMisses,
		RowConflicts: s.RowConflicts, ReadLatency: ratio(float64(s.Wait), float64(s.Reads)) * tCK}
	for i, n := range s.Latency {
		if n == 0 {
			continue
		}
		l := Latency{Reads: n}
		if i < stats.LatencyBuckets-1 {
			l.Below = float64(int64(32)<<i) * tCK
		}
		a.Latencies = append(a.Latencies, l)
	}
	return a
}

package result

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Operators are the operators of both phases, in the order of a step.
type Operators struct {
	Prefill []Operator `json:"prefill"`
	Decode  []Operator `json:"decode"`
}

// Operator is the breakdown of one operator, over all layers, passes and sequences.
type Operator struct {
	Name        string  `json:"name"`
	Seconds     float64 `json:"seconds"`       // of the phase that are charged to its ops (npu.Sequencer)
	Array       float64 `json:"array_seconds"` // busy with it, on average over the cores
	Vector      float64 `json:"vector_seconds"`
	Memory      float64 `json:"memory_seconds"` // its traffic at DRAM's peak
	MACs        int64   `json:"macs"`
	DRAMBytes   int64   `json:"dram_bytes"`
	Intensity   float64 `json:"macs_per_byte"`     // arithmetic intensity: MACs per byte of DRAM traffic
	Throughput  float64 `json:"macs_per_second"`   // MACs over the longer of Seconds and array_seconds
	Utilisation float64 `json:"array_utilisation"` // PE cycles with MACs, of those in the longer of Seconds and array_seconds
	BoundBy     string  `json:"bound_by"`          // compute, vector, memory, network, unpack, dispatch, host; latency: none of them for half the time
}

// operatorsOf breaks a phase down by operator, and leaves out operators that did nothing.
func operatorsOf(c *stats.Counts, cfg *config.Config, names []string) []Operator {
	all := make([]Operator, 0, len(names))
	peak := cfg.PeakBandwidth()
	for i, name := range names {
		n := &c.Operators[i]
		if n.Cycles == 0 && n.ArrayBusy == 0 && n.VectorBusy == 0 && n.Bytes == 0 {
			continue
		}
		perCore := func(busy unit.Cycles) float64 { return busy.Seconds(cfg.Clock) / float64(cfg.Cores) }
		o := Operator{Name: name, Seconds: n.Cycles.Seconds(cfg.Clock), Array: perCore(n.ArrayBusy),
			Vector: perCore(n.VectorBusy), Memory: float64(n.Bytes) / peak, MACs: n.MACs, DRAMBytes: int64(n.Bytes)}
		o.Intensity = ratio(float64(n.MACs), float64(n.Bytes))
		// Operators that run at the same time share its cycles: one may be charged fewer than its array was busy.
		o.Throughput = ratio(float64(n.MACs), max(o.Seconds, o.Array))
		pes := float64(cfg.Array.Rows*cfg.Array.Cols) * max(float64(n.Cycles)*float64(cfg.Cores), float64(n.ArrayBusy))
		o.Utilisation = ratio(float64(n.PECycles), pes)
		links := ratio(float64(n.Bytes+n.Exchanged), cfg.LinkBandwidth())
		if o.BoundBy = o.bound(links, 2*n.ArrayUnpack > n.ArrayBusy); n.Runtime > 0 {
			o.BoundBy = name // dispatch, host
		}
		all = append(all, o)
	}
	return all
}

// bound names the resource that an operator needs longest, of the links the seconds that they take to carry what it
// moves. Where that is less than half of its time, the operator is bound by latency: launches, dependencies, fill and
// drain.
func (o *Operator) bound(network float64, unpack bool) string {
	name, most := "memory", o.Memory
	if network > most {
		name, most = "network", network
	}
	if o.Array > most {
		name, most = compute(unpack), o.Array
	}
	if o.Vector > most {
		name, most = "vector", o.Vector
	}
	if 2*most < o.Seconds {
		return "latency"
	}
	return name
}

// compute is what an array's time is called: unpacking holds it up for most of it, or not.
func compute(unpack bool) string {
	if unpack {
		return "unpack"
	}
	return "compute"
}

// BoundBy names the part that was busy longest: more of it would help most. Parts that every core has, and links, count
// by their mean.
func BoundBy(c *stats.Counts, cfg *config.Config) string {
	each := unit.Cycles(cfg.Cores)
	name, most := "memory", c.MemoryBusy
	for _, u := range []struct {
		name string
		busy unit.Cycles
	}{{"network", c.NetworkBusy / unit.Cycles(cfg.Links())}, {compute(2*c.ArrayUnpack > c.ArrayBusy), c.ArrayBusy / each}, {"vector", c.VectorBusy / each}, {"launch", c.LaunchBusy / each},
		{"dispatch", c.DispatchBusy}, {"host", c.HostBusy}} {
		if u.busy > most {
			name, most = u.name, u.busy
		}
	}
	return name
}

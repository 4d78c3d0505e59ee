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

// Operator is what one operator came to, in all layers, passes and sequences.
type Operator struct {
	Name        string  `json:"name"`
	Seconds     float64 `json:"seconds"`       // of the phase: until one of its ops completed, since the op before
	Array       float64 `json:"array_seconds"` // busy with it, on average over the cores
	Vector      float64 `json:"vector_seconds"`
	Memory      float64 `json:"memory_seconds"` // its traffic at DRAM's peak
	MACs        int64   `json:"macs"`
	DRAMBytes   int64   `json:"dram_bytes"`
	Intensity   float64 `json:"macs_per_byte"`     // arithmetic intensity: MACs per byte of DRAM traffic
	Throughput  float64 `json:"macs_per_second"`   // MACs over Seconds
	Utilisation float64 `json:"array_utilisation"` // PE cycles that did MACs, of those in Seconds, or in array_seconds where that is more
	BoundBy     string  `json:"bound_by"`          // compute, vector, memory; latency: none of them for half of the time
}

// operatorsOf breaks a phase down by operator, without those that it does not have.
func operatorsOf(c *stats.Counts, cfg *config.Config, names []string) []Operator {
	all := make([]Operator, 0, len(names))
	peak := cfg.PeakBandwidth()
	for i, name := range names {
		n := &c.Operators[i]
		if n.Cycles == 0 && n.ArrayBusy == 0 && n.VectorBusy == 0 && n.Bytes == 0 {
			continue
		}
		perCore := func(busy unit.Cycles) float64 { return busy.Seconds(cfg.Clock) / float64(cfg.Cores) }
		o := Operator{Name: name, Seconds: n.Cycles.Seconds(cfg.Clock), Array: perCore(n.ArrayBusy), Vector: perCore(n.VectorBusy),
			Memory: float64(n.Bytes) / peak, MACs: n.MACs, DRAMBytes: int64(n.Bytes)}
		o.Intensity = ratio(float64(n.MACs), float64(n.Bytes))
		o.Throughput = ratio(float64(n.MACs), o.Seconds)
		// Operators that work side by side share the time: what passes for one of them can be less than it works.
		pes := float64(cfg.Array.Rows*cfg.Array.Cols) * max(float64(n.Cycles)*float64(cfg.Cores), float64(n.ArrayBusy))
		o.Utilisation = ratio(float64(n.PECycles), pes)
		o.BoundBy = o.bound()
		all = append(all, o)
	}
	return all
}

// bound names what an operator needs longest; where that is less than half of the time that it takes, it is bound by
// what no unit does: launches, dependencies, fill and drain.
func (o *Operator) bound() string {
	name, most := "memory", o.Memory
	if o.Array > most {
		name, most = "compute", o.Array
	}
	if o.Vector > most {
		name, most = "vector", o.Vector
	}
	if 2*most < o.Seconds {
		return "latency"
	}
	return name
}

// boundBy names the part that was busy longest: that is what more of would help. Of parts that every core has the mean
// counts.
func boundBy(c *stats.Counts, cores int) string {
	name, most := "memory", c.MemoryBusy
	for _, u := range []struct {
		name string
		busy unit.Cycles
	}{{"compute", c.ArrayBusy}, {"vector", c.VectorBusy}, {"launch", c.LaunchBusy}} {
		if busy := u.busy / unit.Cycles(cores); busy > most {
			name, most = u.name, busy
		}
	}
	return name
}

// Package gemm simulates matrix products alone: what the compiler makes of one on an NPU, where the cycles of the machine go,
// and how many SCALE-Sim's equation gives the same array.
//
// A product is M rows of K activations by a matrix of N rows of K weights. It is compiled and run as in a step of a model
// (compile.Single), without the operators around it, from a machine that has nothing to do.
//
// # What it leaves out
//
// Functions behind a product, conversions of activations before it, products whose operands both are activations (attention).
package gemm

import (
	"context"
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu"
	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/npu/array"
	"github.com/pmpdsim/pmpdsim/npu/compile"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/plan"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Product is a product and the width of its weights.
type Product = compile.Single

// mostTransfers is the largest number of DRAM transfers of a product: some half a minute.
const mostTransfers = 1 << 20

// Run simulates a product on a machine for the configuration. What cannot run is the user's: the error says what could.
func Run(ctx context.Context, set *npu.MachineSet, cfg *config.Config, p Product) (*Row, error) {
	program, choice, err := p.Compile(cfg)
	if err != nil {
		return nil, err
	}
	if n := program.Transfers(); n > mostTransfers {
		return nil, fmt.Errorf("%d transfers of tiles; accepted: up to %d: a smaller product, a larger scratchpad.size or scratchpad.tile", n, mostTransfers)
	}
	m, err := set.New(cfg)
	if err != nil {
		return nil, err
	}
	m.Watch(func(int64) error { return ctx.Err() })
	seen := activity.New(activity.Ops, program, cfg.Cores)
	m.Observe(seen)
	counts, err := m.Run(program)
	if err != nil {
		return nil, err
	}
	r := &Row{NPU: cfg.Name, Config: cfg.Fingerprint(), M: p.M, K: p.K, N: p.N, Bits: int(p.Bits), Tiling: choice}
	if err := r.account(cfg, program, seen, &counts); err != nil {
		return nil, err
	}
	r.measure(cfg, &counts)
	return r, nil
}

// account says where the cycles of the core go whose array works longest.
func (r *Row) account(cfg *config.Config, p *isa.Program, seen *activity.Recording, n *stats.Counts) error {
	a, err := array.NewArray(cfg)
	if err != nil {
		return err
	}
	type work struct{ from, to, busy unit.Cycles }
	cores := make([]work, cfg.Cores)
	for _, s := range seen.Spans {
		if s.Part != activity.Array || s.Tile != activity.Whole {
			continue
		}
		w := &cores[s.Core]
		if w.busy == 0 {
			w.from = s.From
		}
		w.to, w.busy = max(w.to, s.To), w.busy+s.Busy
	}
	core := 0
	for i := range cores {
		if cores[i].busy > cores[core].busy {
			core = i
		}
	}
	w := cores[core]
	r.Cycles, r.Dispatch, r.Array = int64(n.Cycles), int64(n.DispatchBusy), int64(w.busy)
	r.First, r.Wait, r.Last = int64(w.from-n.DispatchBusy), int64(w.to-w.from-w.busy), int64(n.Cycles-w.to)
	for i := range p.Ops {
		if o := &p.Ops[i]; o.Core == core {
			fill, drain := a.Skew(o)
			r.Fill, r.Drain = r.Fill+int64(fill), r.Drain+int64(drain)
		}
	}
	x, err := array.EquationOf(cfg, r.Share(cfg.Cores))
	r.ScaleSim = int64(x.Cycles())
	return err
}

// Share is the part of the product that a core has.
func (r *Row) Share(cores int) isa.Work {
	w := isa.Work{M: r.M, N: r.N, K: r.K, Repeat: 1, Bits: unit.Bits(r.Bits)}
	if r.Tiling.Split == "tokens" {
		w.M = (r.M + cores - 1) / cores
	} else {
		w.N = (r.N + cores - 1) / cores
	}
	return w
}

// measure derives rates, traffic and bounds from the counts.
func (r *Row) measure(cfg *config.Config, n *stats.Counts) {
	r.Seconds = n.Cycles.Seconds(cfg.Clock)
	r.MACs, r.Rate = n.MACs, float64(n.MACs)/r.Seconds
	r.Peak = array.PeakMACsPerSecond(cfg, unit.Bits(r.Bits))
	pes := float64(cfg.Array.Rows*cfg.Array.Cols) * float64(cfg.Cores)
	r.Utilisation = float64(n.PECycles) / (pes * float64(n.Cycles))
	r.Unpack = int64(n.ArrayUnpack) / int64(cfg.Cores)
	r.Bytes = Bytes{Weights: int64(n.Traffic[isa.Weights]), Codebooks: int64(n.Traffic[isa.Codebooks]), Read: int64(n.Traffic[isa.ActRead]),
		Written: int64(n.Traffic[isa.ActWrite]), All: int64(n.DRAMBytes())}
	r.Efficiency = float64(r.Bytes.All) / r.Seconds / cfg.PeakBandwidth()
	r.BoundBy = result.BoundBy(n, cfg)
}

// Row is what a product came to.
type Row struct {
	NPU  string `json:"npu"`
	M    int    `json:"m"`
	K    int    `json:"k"`
	N    int    `json:"n"`
	Bits int    `json:"weight_bits"`

	Seconds float64 `json:"seconds"`

	// The cycles of the core whose array works longest: Cycles is the sum of the five below.
	Cycles   int64 `json:"cycles"`
	Dispatch int64 `json:"dispatch_cycles"`     // the runtime hands the product over
	First    int64 `json:"first_load_cycles"`   // until the array begins: decoding, the first operands come from DRAM
	Array    int64 `json:"array_cycles"`        // it works
	Wait     int64 `json:"array_wait_cycles"`   // it waits for operands
	Last     int64 `json:"last_store_cycles"`   // from its end to that of the product: results go to DRAM
	Fill     int64 `json:"array_fill_cycles"`   // of Array: operands move in before the first product of a fold
	Drain    int64 `json:"array_drain_cycles"`  // of Array: the last products move out
	Unpack   int64 `json:"array_unpack_cycles"` // of Array: codes become operands, and hold it up (mean over cores)

	ScaleSim    int64   `json:"scalesim_cycles"` // equation 4, to compare with Array
	MACs        int64   `json:"macs"`
	Rate        float64 `json:"macs_per_second"`
	Peak        float64 `json:"peak_macs_per_second"`
	Utilisation float64 `json:"array_utilisation"` // PE cycles with products, of all

	Bytes      Bytes   `json:"dram_bytes"`
	Efficiency float64 `json:"dram_efficiency"` // bandwidth / peak
	BoundBy    string  `json:"bound_by"`

	Tiling plan.Choice `json:"tiling"`
	Config string      `json:"config_fingerprint"`
}

// Bytes are the DRAM traffic by what it carries. Activations that lie on chip have none.
type Bytes struct {
	Weights   int64 `json:"weights"`
	Codebooks int64 `json:"codebooks"` // or scales and zero points
	Read      int64 `json:"activations_read"`
	Written   int64 `json:"activations_written"`
	All       int64 `json:"total"`
}

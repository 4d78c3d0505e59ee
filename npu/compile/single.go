package compile

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/plan"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Single is one matrix product without a model around it: M rows of K activations times a matrix of N rows of K weights.
type Single struct {
	M, K, N int
	Bits    unit.Bits // of the weights: 2 to 8, or 16
}

// singleName is the operator of its program.
const singleName = "product"

// Compile makes the program of the product alone, the way a step's products are made: the same layout of weights, search of
// tiles and passes of the array. Activations lie on chip if operands and results fit into half of the scratchpad, else in DRAM,
// where they are read as fp16. Tiles are chosen for M rows, where those of a model are chosen for prefill and decode alike.
func (s Single) Compile(cfg *config.Config) (*isa.Program, plan.Choice, error) {
	c := &Compiler{cfg: cfg, batch: 1, tile: cfg.TileBytes(), names: []string{singleName}}
	if cfg.Runtime.Class != config.Ideal {
		c.names = append(c.names, opDispatch, opHost)
	}
	c.index = make(map[string]int, len(c.names))
	for i, name := range c.names {
		c.index[name] = i
	}
	c.runtime = isa.Runtime{Dispatch: c.index[opDispatch], Host: c.index[opHost]} // 0 where there are none
	var err error
	if c.price, err = newPricing(cfg); err != nil {
		return nil, plan.Choice{}, err
	}
	b := &builder{Compiler: c, rows: s.M, passes: 1, at: precision.Uniform(int(s.Bits)), explaining: true,
		chosen: map[gemmKey]gemmTiling{}, labels: map[string]string{}, layer: -1}
	b.p = &isa.Program{Name: fmt.Sprintf("%dx%dx%d at %d bits", s.M, s.K, s.N, s.Bits), Bits: s.Bits, Tokens: s.M, Context: s.M,
		Operators: c.names, Runtime: c.runtime}
	p, err := s.place(b)
	if err != nil {
		return nil, plan.Choice{}, err
	}
	b.product(p)
	if b.err != nil {
		return nil, plan.Choice{}, b.err
	}
	return b.p, b.choices[0], nil
}

// place lays the matrix out in DRAM, and the activations that do not fit on chip.
func (s Single) place(b *builder) (product, error) {
	p := product{name: singleName, kind: isa.Linear, layer: -1, rows: s.M, expert: -1}
	stripe, err := b.cfg.Stripe()
	if err != nil {
		return p, err
	}
	cost := b.price.passes(Job{Config: b.cfg, Prompt: 1, Batch: s.M})
	a := &allocator{stripe: stripe, chosen: map[tilingKey]tiling{}, cores: b.cfg.Cores, fixed: b.cfg.Tiling.Rows,
		cost: func(x shape) (float64, float64) { _, t := cost(x); return t, t }}
	var f plan.Footprint
	m, err := layMatrix(b.cfg, a, &f, workloads.Linear{Name: singleName, In: s.K, Out: s.N}, formats.Format{}, []unit.Bits{s.Bits})
	if err != nil {
		return p, err
	}
	p.copyOf = b.stored(-1, &m)
	in, out := fp16.Of(int64(s.M)*int64(s.K)), fp16.Of(int64(s.M)*int64(s.N))
	p.in.width, p.out.width = s.K, s.N
	if b.spill = in+out > b.cfg.Scratchpad.Size/2; b.spill {
		p.in.base = a.takeAt(rowBlock*stripe, in, &f.Activations)
		p.out.base = a.takeAt(rowBlock*stripe, out, &f.Activations)
	} else {
		b.p.Static = in + out
	}
	return p, nil
}

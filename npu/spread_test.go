package npu

import (
	"fmt"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/compile"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// spread deals the tiles of every op of a program for one core out to so many, evenly, each op after all parts of those
// that it depended on: the same traffic and work, and no claim that a compiler would do it so.
func spread(p *isa.Program, cores int) *isa.Program {
	n := *p
	n.Ops = nil
	parts := make([][]int, len(p.Ops))
	all := func(ops []int) []int {
		var of []int
		for _, d := range ops {
			of = append(of, parts[d]...)
		}
		return of
	}
	for i := range p.Ops {
		for core := range cores {
			from, to := p.Ops[i].Tiles*core/cores, p.Ops[i].Tiles*(core+1)/cores
			if from == to {
				continue
			}
			o := p.Ops[i]
			o.Core, o.Deps, o.LoadAfter = core, all(o.Deps), all(o.LoadAfter)
			o.Loads, o.Stores = cut(o.Loads, from, to, o.Tiles), cut(o.Stores, from, to, o.Tiles)
			o.Last, o.Tiles = o.WorkAt(to-1), to-from
			parts[i] = append(parts[i], len(n.Ops))
			n.Ops = append(n.Ops, o)
		}
	}
	return &n
}

// cut leaves tiles from to to of so many.
func cut(slices []isa.Slice, from, to, tiles int) []isa.Slice {
	var of []isa.Slice
	for _, s := range slices {
		of = append(of, isa.Slice{Data: s.Data, Step: s.Step, Tile: s.At(from, tiles), Last: s.At(to-1, tiles)})
	}
	return of
}

// decodeStep is one decode pass of a model on a preset, spread over cores.
func decodeStep(t testing.TB, preset, model string, change func(*config.Config)) (*Machine, *isa.Program) {
	t.Helper()
	c, err := config.Preset(preset)
	if err != nil {
		t.Fatal(err)
	}
	m, err := workloads.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	k, err := compile.New(compile.Job{Config: c, Model: m, Precisions: precision.Uniforms(16), Prompt: 128, Passes: 15})
	if err != nil {
		t.Fatal(err)
	}
	p, err := k.Decode(128, precision.Uniform(16), precision.Uniform(16))
	if err != nil {
		t.Fatal(err)
	}
	wide := *c
	change(&wide)
	machine, err := new(MachineSet).New(&wide)
	if err != nil {
		t.Fatal(err)
	}
	return machine, spread(p, wide.Cores)
}

// BenchmarkCores runs a decode pass on several cores: what the arbitration costs the DRAM model.
func BenchmarkCores(b *testing.B) {
	for _, preset := range []string{"edge-lpddr5", "card-hbm3"} {
		for _, cores := range []int{1, 2, 4, 16} {
			for _, order := range config.Arbitrations() {
				b.Run(fmt.Sprintf("%s/%d/%s", preset, cores, order), func(b *testing.B) {
					machine, p := decodeStep(b, preset, "phi-1.5", func(c *config.Config) { c.Cores, c.Network.Arbitration = cores, order })
					for b.Loop() {
						n, err := machine.Run(p)
						if err != nil {
							b.Fatal(err)
						}
						b.SetBytes(int64(n.DRAMBytes()))
						b.ReportMetric(float64(n.Cycles), "cycles")
						b.ReportMetric(float64(n.DRAM.RowHits)/float64(n.DRAM.Reads+n.DRAM.Writes), "hits")
					}
				})
			}
		}
	}
}

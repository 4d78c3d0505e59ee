package plots

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/result"
)

// widest is how many schedules stand side by side in a breakdown.
const widest = 4

// Breakdown writes where time and traffic of each phase go, and what each schedule occupies in memory: a row per part, a
// column per schedule. The results must have their breakdown. Decode is given per pass.
func Breakdown(w io.Writer, rs []*result.Result) error {
	for some := range slices.Chunk(rs, widest) {
		for _, t := range []*grid{
			phaseGrid("prefill", some, func(r *result.Result) (*result.Phase, float64) { return r.Prefill, 1 }),
			decodeGrid(some),
			memoryGrid(some),
		} {
			if t == nil {
				continue
			}
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
			if err := t.table.Write(w); err != nil {
				return err
			}
		}
	}
	for _, r := range rs {
		for _, phase := range []struct {
			name      string
			operators []result.Operator
			passes    float64
		}{{"prefill", r.Operators.Prefill, 1}, {"decode, per pass", r.Operators.Decode, float64(max(1, r.Passes()))}} {
			if len(phase.operators) == 0 {
				continue
			}
			if _, err := fmt.Fprintf(w, "\noperators of %s, %s\n", r.Schedule, phase.name); err != nil {
				return err
			}
			if err := operatorTable(phase.operators, phase.passes).Write(w); err != nil {
				return err
			}
		}
	}
	return nil
}

// grid is a table whose rows have units and whose columns are schedules.
type grid struct{ table Table }

func newGrid(title string, rs []*result.Result) *grid {
	g := &grid{Table{Columns: []Column{{Name: title}}}}
	for _, r := range rs {
		g.table.Columns = append(g.table.Columns, Column{Name: r.Schedule, Right: true})
	}
	return g
}

// line is a row before it has a scale.
type line struct {
	name   string
	values []float64
}

// section adds rows that share a scale, named in the section's head, and leaves out the rows without any value.
func (g *grid) section(title string, u Unit, lines []line) {
	var all []float64
	for _, l := range lines {
		all = append(all, l.values...)
	}
	s, decimals := u.fit(all)
	head := make([]string, len(g.table.Columns))
	head[0] = title
	if s.name != "" {
		head[0] += ", " + s.name
	}
	g.table.Rows = append(g.table.Rows, head)
	for _, l := range lines {
		if !slices.ContainsFunc(l.values, func(v float64) bool { return v != 0 }) {
			continue
		}
		row := []string{"  " + l.name}
		for _, v := range l.values {
			row = append(row, format(v/s.one, decimals))
		}
		g.table.Rows = append(g.table.Rows, row)
	}
}

// decodeGrid breaks the decode down, of runs that have any: all have, or none.
func decodeGrid(rs []*result.Result) *grid {
	if rs[0].PrefillAlone() {
		return nil
	}
	return phaseGrid("decode, per pass", rs, func(r *result.Result) (*result.Phase, float64) { return r.Decode, float64(max(1, r.Passes())) })
}

// agents adds what other agents of the chip had of the DRAM, if there are any.
func (g *grid) agents(row func(name string, get func(p *result.Phase, passes float64) float64) line) {
	of := func(get func(a *result.Agents) float64) func(p *result.Phase, _ float64) float64 {
		return func(p *result.Phase, _ float64) float64 {
			if p.Agents == nil {
				return 0
			}
			return get(p.Agents)
		}
	}
	each := func(get func(a *result.Agents) float64) func(p *result.Phase, n float64) float64 {
		shared := of(get)
		return func(p *result.Phase, n float64) float64 { return shared(p, n) / n }
	}
	traffic := []line{row("moved", each(func(a *result.Agents) float64 { return float64(a.Bytes) }))}
	if slices.Max(traffic[0].values) == 0 {
		return
	}
	g.section("other agents' DRAM traffic", Bytes, traffic)
	g.section("other agents' open rows", Percent, []line{row("open (hits)", of(func(a *result.Agents) float64 {
		return float64(a.RowHits) / max(1, float64(a.Reads+a.Writes))
	}))})
	g.section("other agents' read latency", Time, []line{row("mean", of(func(a *result.Agents) float64 { return a.ReadLatency }))})
	g.section("other agents' energy, in no total", Energy, []line{row("commands", each(func(a *result.Agents) float64 { return a.Joules }))})
}

// phaseGrid breaks one phase down. Of returns the phase and how many passes it has: everything is divided by them.
func phaseGrid(title string, rs []*result.Result, of func(*result.Result) (*result.Phase, float64)) *grid {
	g := newGrid(title, rs)
	row := func(name string, get func(p *result.Phase, passes float64) float64) line {
		l := line{name: name}
		for _, r := range rs {
			p, passes := of(r)
			l.values = append(l.values, get(p, passes))
		}
		return l
	}
	var times, traffic []line
	for k := range isa.KindCount {
		times = append(times, row(k.String(), func(p *result.Phase, n float64) float64 { return p.Seconds[k.String()] / n }))
	}
	for d := range isa.DataCount {
		traffic = append(traffic, row(d.String(), func(p *result.Phase, n float64) float64 { return float64(p.Bytes[d.String()]) / n }))
	}
	g.section("time by operator", Time, append(largest(times), total(times)))
	g.section("DRAM traffic by data", Bytes, append(largest(traffic), total(traffic)))
	g.section("DRAM commands", Large, []line{
		row("reads", func(p *result.Phase, n float64) float64 { return float64(p.Reads) / n }),
		row("writes", func(p *result.Phase, n float64) float64 { return float64(p.Writes) / n }),
		row("activates", func(p *result.Phase, n float64) float64 { return float64(p.Activates) / n }),
		row("refreshes", func(p *result.Phase, n float64) float64 { return float64(p.Refreshes) / n }),
		row("turnarounds", func(p *result.Phase, n float64) float64 { return float64(p.Turnarounds) / n }),
	})
	columns := func(p *result.Phase) float64 { return max(1, float64(p.Reads+p.Writes)) }
	g.section("rows found by reads and writes", Percent, []line{
		row("open (hits)", func(p *result.Phase, _ float64) float64 { return float64(p.RowHits) / columns(p) }),
		row("closed (misses)", func(p *result.Phase, _ float64) float64 { return float64(p.RowMisses) / columns(p) }),
		row("other row open (conflicts)", func(p *result.Phase, _ float64) float64 { return float64(p.RowConflicts) / columns(p) }),
	})
	var hits, waits []line
	for d := range isa.DataCount {
		name := d.String()
		hits = append(hits, row(name, func(p *result.Phase, _ float64) float64 {
			a := p.ByData[name]
			return float64(a.RowHits) / max(1, float64(a.Reads+a.Writes))
		}))
		waits = append(waits, row(name, func(p *result.Phase, _ float64) float64 { return p.ByData[name].ReadLatency }))
	}
	g.section("open rows by data", Percent, hits)
	g.section("mean read latency by data", Time, waits)
	g.section("DRAM time", Percent, []line{
		row("data on the bus", func(p *result.Phase, _ float64) float64 { return p.BusBusy }),
		row("banks in refresh", func(p *result.Phase, _ float64) float64 { return p.RefreshShare }),
	})
	var energy []line
	for _, part := range result.EnergyParts() {
		energy = append(energy, row(strings.ReplaceAll(part, "_", " "), func(p *result.Phase, n float64) float64 { return p.Energy[part] / n }))
	}
	g.section("energy", Energy, append(largest(energy), total(energy)))
	g.agents(row)
	exchanged := []line{row("exchanged", func(p *result.Phase, n float64) float64 { return float64(p.Exchanged) / n })}
	if slices.Max(exchanged[0].values) > 0 {
		g.section("traffic between cores", Bytes, exchanged)
	}
	g.section("busy", Percent, []line{
		row("memory", func(p *result.Phase, _ float64) float64 { return p.MemoryBusy }),
		row("network", func(p *result.Phase, _ float64) float64 { return p.NetworkBusy }),
		row("array", func(p *result.Phase, _ float64) float64 { return p.ArrayBusy }),
		row("array, unpacking", func(p *result.Phase, _ float64) float64 { return p.UnpackBusy }),
		row("vector", func(p *result.Phase, _ float64) float64 { return p.VectorBusy }),
		row("launch", func(p *result.Phase, _ float64) float64 { return p.LaunchBusy }),
		row("dispatch", func(p *result.Phase, _ float64) float64 { return p.DispatchBusy }),
		row("host", func(p *result.Phase, _ float64) float64 { return p.HostBusy }),
		row("waiting for scratchpad", func(p *result.Phase, _ float64) float64 { return p.SpaceStall }),
	})
	dispatches := []line{row("dispatches", func(p *result.Phase, n float64) float64 { return float64(p.Dispatches) / n })}
	if slices.Max(dispatches[0].values) > 0 {
		g.section("pieces handed over by the runtime", Large, dispatches)
	}
	switches := []line{row("switches", func(p *result.Phase, _ float64) float64 { return float64(p.Switches) })}
	if slices.Max(switches[0].values) > 0 {
		g.section("changes of precision, in all", Large, switches)
	}
	return g
}

// largest orders rows by their largest value; equal ones stay in the order of execution.
func largest(lines []line) []line {
	lines = slices.Clone(lines)
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(slices.Max(b.values), slices.Max(a.values)) })
	return lines
}

func total(lines []line) line {
	sum := line{name: "total", values: make([]float64, len(lines[0].values))}
	for _, l := range lines {
		for i, v := range l.values {
			sum.values[i] += v
		}
	}
	return sum
}

// memoryGrid shows what each schedule occupies in DRAM.
func memoryGrid(rs []*result.Result) *grid {
	g := newGrid("memory", rs)
	row := func(name string, get func(result.Memory) float64) line {
		l := line{name: name}
		for _, r := range rs {
			l.values = append(l.values, get(r.Footprint))
		}
		return l
	}
	for _, l := range []line{
		row("planes", func(m result.Memory) float64 { return float64(m.Planes) }),
		row("codebooks", func(m result.Memory) float64 { return float64(m.Codebooks) }),
		row("fp16 parts", func(m result.Memory) float64 { return float64(m.FP16) }),
		row("KV cache", func(m result.Memory) float64 { return float64(m.KV) }),
		row("activations", func(m result.Memory) float64 { return float64(m.Activations) }),
		row("total", func(m result.Memory) float64 { return float64(m.Total) }),
		row("capacity", func(m result.Memory) float64 { return float64(m.Capacity) }),
	} {
		cells := []string{l.name} // their sizes differ too much for one unit
		for _, v := range l.values {
			cells = append(cells, Memory.Text(v))
		}
		g.table.Add(cells...)
	}
	return g
}

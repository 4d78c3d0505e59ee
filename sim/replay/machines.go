package replay

import (
	"maps"

	"github.com/pmpdsim/pmpdsim/npu"
)

// Machines keeps the machines of Run's workers from one Run to the next, and the memos of their DRAM even longer, for later
// machines with equal DRAM. Results do not depend on it. Only one Run at a time may use it.
type Machines struct{ workers []*pool }

// pool is the machines of a worker, by the fingerprint of the NPU.
type pool struct {
	set      npu.MachineSet
	machines map[string]*npu.Machine
}

// begin makes room for workers, and lets go of machines that none of the runs is on: one can be large.
func (m *Machines) begin(workers int, runs []*run) {
	for len(m.workers) < workers {
		m.workers = append(m.workers, &pool{machines: map[string]*npu.Machine{}})
	}
	wanted := map[string]bool{}
	for _, r := range runs {
		wanted[r.npu] = true
	}
	for _, p := range m.workers {
		maps.DeleteFunc(p.machines, func(key string, _ *npu.Machine) bool { return !wanted[key] })
	}
}

// forget drops all: a machine that stopped in the middle of a step is not used again, nor is its memo.
func (m *Machines) forget() { m.workers = nil }

// of returns the machine for the NPU of a run.
func (p *pool) of(r *run, built func(*npu.Machine)) (*npu.Machine, error) {
	if m := p.machines[r.npu]; m != nil {
		return m, nil
	}
	m, err := p.set.New(r.Config)
	if err != nil {
		return nil, err
	}
	if built != nil {
		built(m)
	}
	p.machines[r.npu] = m
	return m, nil
}

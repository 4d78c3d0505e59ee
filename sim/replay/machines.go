package replay

import (
	"maps"

	"github.com/pmpdsim/pmpdsim/npu"
)

// MachinePool keeps the machines of Run's workers from one Run to the next. It keeps the DRAM memos even longer, for
// later machines with equal DRAM, and the counts of steps for equal ones. Results do not depend on it. Only one Run at a
// time may use it.
type MachinePool struct {
	workers []*workerMachines
	known   known
}

// workerMachines are the machines of one worker, by the fingerprint of the NPU.
type workerMachines struct {
	set      npu.MachineSet
	machines map[string]*npu.Machine
}

// begin prepares for a number of workers, and drops machines that no run uses: one can be large.
func (m *MachinePool) begin(workers int, runs []*run) {
	for len(m.workers) < workers {
		m.workers = append(m.workers, &workerMachines{machines: map[string]*npu.Machine{}})
	}
	wanted := map[string]bool{}
	for _, r := range runs {
		wanted[r.npu] = true
	}
	for _, p := range m.workers {
		maps.DeleteFunc(p.machines, func(key string, _ *npu.Machine) bool { return !wanted[key] })
	}
}

// forget drops everything: machines that stopped in the middle of a step, and their memos, must not be used again.
func (m *MachinePool) forget() { m.workers, m.known.steps = nil, nil }

// of returns the machine for the NPU of a run.
func (p *workerMachines) of(r *run, built func(*npu.Machine)) (*npu.Machine, error) {
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

package replay

import "github.com/pmpdsim/pmpdsim/npu"

// Machines keeps the machines of Run's workers from one Run to the next: what they have learnt about their DRAM is then
// not learnt again. Results do not depend on it. Only one Run at a time may use it.
type Machines struct{ workers []pool }

// pool are the machines of a worker, by the fingerprint of the NPU.
type pool map[string]*npu.Machine

// begin makes room for workers, and forgets NPUs that none of the runs is on: a machine can be large.
func (m *Machines) begin(workers int, runs []*run) {
	for len(m.workers) < workers {
		m.workers = append(m.workers, pool{})
	}
	wanted := map[string]bool{}
	for _, r := range runs {
		wanted[r.npu] = true
	}
	for _, p := range m.workers {
		for key := range p {
			if !wanted[key] {
				delete(p, key)
			}
		}
	}
}

// forget drops all machines: one that stopped in the middle of a step is not used again.
func (m *Machines) forget() { m.workers = nil }

// of returns the machine for the NPU of a run.
func (p pool) of(r *run, built func(*npu.Machine)) (*npu.Machine, error) {
	if m := p[r.npu]; m != nil {
		return m, nil
	}
	m, err := npu.New(r.job.Config)
	if err != nil {
		return nil, err
	}
	if built != nil {
		built(m)
	}
	p[r.npu] = m
	return m, nil
}

package npu

import "github.com/pmpdsim/pmpdsim/npu/activity"

// Observe makes Run note in r what every part does, and when: r must be of the program that runs next, and is of one run. Nil
// ends that. It changes no cycle.
func (m *Machine) Observe(r *activity.Recording) {
	m.sequencer.Observe(r)
	m.memory.Observe(r)
	for i := range m.cores {
		c := &m.cores[i]
		c.array.Observe(r)
		c.vector.Observe(r)
		c.dma.Observe(r)
	}
}

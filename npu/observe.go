package npu

import (
	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/sim/engine"
)

// Parts returns the engine and the components, for a monitor that looks at them between events.
func (m *Machine) Parts() (*engine.Engine, []akita.Component) {
	all := []akita.Component{m.sequencer, m.memory}
	for i := range m.cores {
		c := &m.cores[i]
		all = append(all, c.arrayUnit, c.vectorUnit, c.dma)
	}
	return m.engine, all
}

// Observe makes the next Run record in r what every part does, and when; r must have been made for its program, and
// serves for one run. Nil stops recording. Recording changes no cycle.
func (m *Machine) Observe(r *activity.Recording) {
	m.sequencer.Observe(r)
	m.memory.Observe(r)
	for i := range m.cores {
		c := &m.cores[i]
		c.arrayUnit.Observe(r)
		c.vectorUnit.Observe(r)
		c.dma.Observe(r)
	}
}

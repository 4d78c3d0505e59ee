// Package npu is the machine: it builds the components from a configuration, wires them, and runs programs.
//
//	                Start, Fetch                          Transfer             command by command
//	      ┌────────────────────────────┐             ┌────────────────┐        ┌──────────────┐
//	┌─────┴─────┐                  ┌───▼───┐         │                ▼        │   Channel 0  │
//	│ Sequencer │◄─────Done────────┤  DMA  ├─────────┘          ┌──────────┐   │   Channel 1  │
//	└─┬───────▲─┘                  └─┬───▲─┘◄───────────────────┤  Memory  ├──►│      …       │
//	  │Start  │Done                  │   │       Transfer        └──────────┘   └──────────────┘
//	  ▼       │                Ready │   │ Free                  NPU clock │ DRAM clock
//	┌─────────┴─┐                    │   │
//	│ Array     │◄───────────────────┤   │     The scratchpad's space is the DMA's to give.
//	│ Vector    ├────────────────────┼───┘
//	└───────────┘◄───────────────────┘
//
// A Machine runs one program at a time from power-on state: Run is a pure function of (configuration, program). What
// the DRAM model has learnt for speed stays from run to run and never changes a result.
package npu

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/array"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/exec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/mem"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/npu/vector"
	"github.com/pmpdsim/pmpdsim/sim"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Machine is one NPU, ready to run programs one after the other. It is not safe for concurrent use; make one per worker.
type Machine struct {
	config    *config.Config
	engine    *sim.Engine
	sequencer *Sequencer
	array     *exec.Unit
	vector    *exec.Unit
	arrays    *array.Array
	vectors   *vector.Vector
	dma       *mem.DMA
	memory    *mem.Memory
}

// linkRoom is how many messages of one port may be under way: more than any component sends before it is answered.
const linkRoom = 1 << 20

// patience is how many events may pass without a transfer or an op completing before a simulation counts as stuck.
const patience = 1 << 20

// New builds and wires a machine.
func New(c *config.Config) (*Machine, error) {
	m := &Machine{config: c, engine: sim.NewEngine()}
	k := sim.NewClock(c.Clock)
	d, tCK, err := newDRAM(c)
	if err != nil {
		return nil, err
	}
	m.sequencer = NewSequencer("NPU.Sequencer", m.engine, k, c.Sequencer.LaunchCycles)
	if m.arrays, err = array.NewArray(c); err != nil {
		return nil, err
	}
	m.vectors = vector.New(c)
	m.array = exec.New("NPU.Array", m.engine, k, isa.Array, m.arrays.Timing)
	m.vector = exec.New("NPU.Vector", m.engine, k, isa.Vector, m.vectors.Timing)
	m.dma = mem.NewDMA("NPU.DMA", m.engine, k, c, unit.Bytes(d.BurstBytes()))
	m.memory = mem.NewMemory("NPU.Memory", m.engine, k, d, tCK)

	control := sim.NewLink("NPU.Control", m.engine, k, 1)
	control.PlugIn(m.sequencer.Port, linkRoom)
	control.PlugIn(m.array.Port, linkRoom)
	control.PlugIn(m.vector.Port, linkRoom)
	control.PlugIn(m.dma.Control, linkRoom)
	data := sim.NewLink("NPU.Data", m.engine, k, max(1, c.DMA.Latency))
	data.PlugIn(m.dma.Data, linkRoom)
	data.PlugIn(m.memory.Port, linkRoom)

	m.sequencer.Connect(m.dma.Control, m.array.Port, m.vector.Port)
	m.array.Connect(m.sequencer.Port, m.dma.Control)
	m.vector.Connect(m.sequencer.Port, m.dma.Control)
	m.dma.Connect(m.memory.Port, m.sequencer.Port, m.array.Port, m.vector.Port)
	m.memory.Connect(m.dma.Data)

	dog := sim.NewWatchdog(m.engine, sim.Supervision{Events: patience, Progress: func() int64 {
		return m.memory.Answers() + int64(m.sequencer.Completed())
	}})
	dog.Register(m.sequencer, m.array, m.vector, m.dma, m.memory, control, data)
	return m, nil
}

// watchEvents is how many events pass between two calls of what Watch has set: a tenth of a millisecond, and some ten
// milliseconds where every transfer is new to the DRAM model.
const watchEvents = 256

// Watch makes Run call f now and then with the number of DRAM transfers that are complete. An error of f ends Run, which
// returns it. How often f is called does not depend on simulated time; what it does must not reach into the machine. Nil
// ends the watch.
func (m *Machine) Watch(f func(transfers int64) error) {
	if f == nil {
		m.engine.Every(0, nil)
		return
	}
	m.engine.Every(watchEvents, func() error { return f(m.memory.Answers()) })
}

// Run simulates a program from power-on state and returns what every part did.
func (m *Machine) Run(p *isa.Program) (c stats.Counts, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error in %s, program %q: %v", m.engine.Where(), p.Name, r)
		}
	}()
	stream := m.config.Scratchpad.Size - p.Static
	if err := p.Validate(stream); err != nil {
		return c, err
	}
	m.engine.Reset()
	m.memory.Reset()
	m.arrays.Reset()
	m.vectors.Reset()
	m.array.Load(p)
	m.vector.Load(p)
	m.dma.Load(p, stream)
	m.sequencer.Load(p)
	if err := m.engine.Run(); err != nil {
		return c, fmt.Errorf("program %q: %w", p.Name, err)
	}
	m.sequencer.Counts(&c)
	m.arrays.Counts(&c)
	m.vectors.Counts(&c)
	c.ArrayBusy, c.VectorBusy = m.array.Busy, m.vector.Busy
	c.Tiles = m.array.Tiles + m.vector.Tiles
	m.dma.Counts(&c)
	m.memory.Counts(&c, c.Cycles)
	return c, c.Check(m.config.Cores)
}

// Package npu is the machine: it builds the components from a configuration, wires them, and runs programs.
//
//	                Start, Fetch                          Transfer             command by command
//	      ┌────────────────────────────┐             ┌────────────────┐        ┌──────────────┐
//	┌─────┴─────┐            ┌─────────▼─────────┐   │                ▼        │   Channel 0  │
//	│ Sequencer │◄───Done────┤ DMA of each core  ├───┘          ┌──────────┐   │   Channel 1  │
//	└─┬───────▲─┘            └──┬──────▲───┬─────┘◄─────────────┤  Memory  ├──►│      …       │
//	  │Start  │Done        Ready│      │Free        Transfer    └────┬─────┘   └──────────────┘
//	┌─▼───────┴─┐               │      │   │ Gather          Deliver │ NPU clock │ DRAM clock
//	│ Array of  │◄──────────────┤      │   │    ┌────────────────────▼───┐
//	│ each core │               │      │   └───►│ Network: when has what │   Space in a core's scratchpad
//	└─┬─────────┘               │      │        │ crossed a core's link, │   is its DMA's to give.
//	  │Tile, of chained ops     │      │        │ or the bus             │
//	┌─▼─────────┐               │      │        └────────────────────────┘
//	│ Vector of │◄──────────────┘      │
//	│ each core ├──────────────────────┘        (array and vector unit both say Free and Done)
//	└───────────┘
//
// Each core has an array, a vector unit, a scratchpad and a DMA. The cores share the memory, the network if it is a
// bus, and the sequencer, which tracks dependencies across cores.
//
// A Machine runs one program at a time from power-on state: Run is a pure function of (configuration, program). The
// DRAM model's memo is kept from run to run for speed and never changes a result.
package npu

import (
	"fmt"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/npu/array"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/core"
	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/commands"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/mem"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/npu/vector"
	"github.com/pmpdsim/pmpdsim/sim/engine"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Machine is one NPU, ready to run programs one after the other. It is not safe for concurrent use; make one per
// worker.
type Machine struct {
	config    *config.Config
	engine    *engine.Engine
	sequencer *Sequencer
	cores     []coreParts
	network   *mem.Network
	memory    *mem.Memory
}

// coreParts are the parts of one core: its units, with the models that price their tiles, and its DMA.
type coreParts struct {
	arrayUnit, vectorUnit *core.Unit
	arrayTimes            *array.Array
	vectorTimes           *vector.Vector
	dma                   *mem.DMA
}

// linkRoom is how many messages of one port a link holds: more than any component sends before it is answered.
const linkRoom = 1 << 20

// patience is the number of events without a completed transfer or op after which a simulation counts as stuck.
const patience = 1 << 20

// MachineSet builds the machines of one goroutine. Those with equal DRAM share the memos of its model; results do not
// depend on that.
type MachineSet struct{ memos dram.MemoSet }

// New builds and wires a machine.
func (s *MachineSet) New(c *config.Config) (*Machine, error) { return s.NewRecorded(c, nil) }

// NewRecorded is New for a machine whose DRAM commands a recorder gets. Its DRAM is stepped, which is slow. An ideal
// memory has no commands.
func (s *MachineSet) NewRecorded(c *config.Config, r *commands.Recorder) (*Machine, error) {
	m := &Machine{config: c, engine: engine.NewEngine()}
	k := engine.NewClock(c.Clock)
	d, err := newDRAM(c, &s.memos, r)
	if err != nil {
		return nil, err
	}
	m.sequencer = NewSequencer("NPU.Sequencer", m.engine, k, c.Sequencer.LaunchCycles)
	m.sequencer.Dispatch(newRuntime(c))
	m.network = mem.NewNetwork(c)
	m.memory = mem.NewMemory("NPU.Memory", m.engine, k, d, m.network)
	for i := range c.Cores {
		of, err := m.newCore(k, mem.Place{Core: i, Network: m.network, Burst: unit.Bytes(d.BurstBytes()),
			Queues: mem.QueuesOf(c)})
		if err != nil {
			return nil, err
		}
		m.cores = append(m.cores, of)
	}
	m.wire(k)
	return m, nil
}

// newCore builds a core. The only core of an NPU has no number in its name.
func (m *Machine) newCore(k engine.Clock, place mem.Place) (coreParts, error) {
	name, n, c := "NPU", place.Core, m.config
	if c.Cores > 1 {
		name = fmt.Sprintf("NPU.Core[%d]", n)
	}
	arrays, err := array.NewArray(c)
	if err != nil {
		return coreParts{}, err
	}
	vectors := vector.New(c)
	return coreParts{
		arrayTimes:  arrays,
		vectorTimes: vectors,
		arrayUnit:   core.New(name+".Array", m.engine, k, core.Place{Unit: isa.Array, Core: n}, arrays.Timing),
		vectorUnit:  core.New(name+".Vector", m.engine, k, core.Place{Unit: isa.Vector, Core: n}, vectors.Timing),
		dma:         mem.NewDMA(name+".DMA", m.engine, k, c, place),
	}, nil
}

// wire connects the components, and registers them with a watchdog. The links are wires: messages of different cores do
// not hold each other up there.
func (m *Machine) wire(k engine.Clock) {
	control := engine.NewLink("NPU.Control", m.engine, k, 1)
	control.PlugIn(m.sequencer.Port, linkRoom)
	data := engine.NewLink("NPU.Data", m.engine, k, max(1, m.config.DMA.Latency))
	data.PlugIn(m.memory.Port, linkRoom)
	dog := engine.NewWatchdog(m.engine, engine.Supervision{Events: patience, Progress: func() int64 {
		return m.memory.Answers() + int64(m.sequencer.Completed())
	}})
	dog.Register(m.sequencer)
	var ports []CorePorts
	var dmas []akita.Port
	for i := range m.cores {
		c := &m.cores[i]
		control.PlugIn(c.arrayUnit.Port, linkRoom)
		control.PlugIn(c.vectorUnit.Port, linkRoom)
		control.PlugIn(c.dma.Control, linkRoom)
		data.PlugIn(c.dma.Data, linkRoom)
		c.arrayUnit.Connect(m.sequencer.Port, c.dma.Control, c.vectorUnit.Port)
		c.vectorUnit.Connect(m.sequencer.Port, c.dma.Control, nil)
		c.dma.Connect(m.memory.Port, m.sequencer.Port, c.arrayUnit.Port, c.vectorUnit.Port)
		ports = append(ports, CorePorts{DMA: c.dma.Control, Array: c.arrayUnit.Port, Vector: c.vectorUnit.Port})
		dmas = append(dmas, c.dma.Data)
		dog.Register(c.arrayUnit, c.vectorUnit, c.dma)
	}
	m.sequencer.Connect(ports)
	m.memory.Connect(dmas)
	dog.Register(m.memory, control, data)
}

// watchEvents is the number of events between two calls of the function that Watch sets: about 0.1 ms of wall-clock
// time, 10 ms where the DRAM model meets every transfer for the first time.
const watchEvents = 256

// Watch makes Run call f every so many events with the number of completed DRAM transfers. If f returns an error, Run
// stops and returns it. Calls do not depend on simulated time, and f must not touch the machine. Nil ends the watch.
func (m *Machine) Watch(f func(transfers int64) error) {
	if f == nil {
		m.engine.Every(0, nil)
		return
	}
	m.engine.Every(watchEvents, func() error { return f(m.memory.Answers()) })
}

// Run simulates a program from power-on state and returns the counts of all parts. It returns an error for an invalid
// program, a simulation that is stuck, counts that break a conservation law, and an internal error in a part.
func (m *Machine) Run(p *isa.Program) (c stats.Counts, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error in %s, program %q: %v", m.engine.Where(), p.Name, r)
		}
	}()
	stream := m.config.Scratchpad.Size - p.Static // on every core
	if err := p.Validate(stream, m.config.Cores); err != nil {
		return c, err
	}
	m.load(p, stream)
	if err := m.engine.Run(); err != nil {
		return c, fmt.Errorf("program %q: %w", p.Name, err)
	}
	m.counts(&c)
	if err := m.check(&c); err != nil {
		return c, fmt.Errorf("program %q: %w", p.Name, err)
	}
	return c, nil
}

// load resets all parts to power-on state and gives them the program.
func (m *Machine) load(p *isa.Program, stream unit.Bytes) {
	m.engine.Reset()
	m.memory.Reset()
	for i := range m.cores {
		c := &m.cores[i]
		c.arrayTimes.Reset()
		c.vectorTimes.Reset()
		c.arrayUnit.Load(p)
		c.vectorUnit.Load(p)
		c.dma.Load(p, stream)
	}
	m.sequencer.Load(p)
}

// counts adds up the counts of all parts.
func (m *Machine) counts(n *stats.Counts) {
	m.sequencer.Counts(n)
	for i := range m.cores {
		c := &m.cores[i]
		c.arrayTimes.Counts(n)
		c.vectorTimes.Counts(n)
		n.ArrayBusy += c.arrayUnit.Busy
		n.VectorBusy += c.vectorUnit.Busy
		n.Tiles += c.arrayUnit.Tiles + c.vectorUnit.Tiles
		c.dma.Counts(n)
	}
	m.memory.Counts(n, n.Cycles)
}

// check returns an error if anything is still reserved or under way, or if the counts break a conservation law.
func (m *Machine) check(n *stats.Counts) error {
	for i := range m.cores {
		if err := m.cores[i].dma.Check(); err != nil {
			return fmt.Errorf("core %d: %w", i, err)
		}
	}
	if err := m.network.Check(n.Cycles); err != nil {
		return err
	}
	return n.Check(m.config.Cores)
}

package mem

import (
	"cmp"
	"fmt"
	"slices"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/npu/mem/dram"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/engine"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Memory is the memory controller's front: it takes transfers from the cores' DMAs, hands them to the channels in their own
// clock domain, and answers each at the first NPU edge at which its last datum has crossed the network.
//
// The channels simulate ahead of the engine: a transfer that has been submitted runs at once up to the clock at which
// the channels have accepted its last burst, because nothing that comes later can change that. What is in the
// channels' queues then may still be affected by the next transfer, so the memory looks again (settles) on the first
// NPU edge that can no longer bring one in time.
type Memory struct {
	*engine.Component
	Port     akita.Port // to the DMAs
	dram     dram.Memory
	crossing engine.Crossing
	network  *Network

	dmas     []akita.Port
	pending  []inFlight // in DRAM, in order of arrival: at most the outstanding transfers of all cores
	onLinks  []inFlight // read from DRAM and on a link, in the order in which they get there
	arrived  int64      // transfers
	settling bool
	looks    int32 // predictions made, modulo 2^32
	busy     unit.Cycles
	since    unit.Cycles // start of the current busy period
	answers  int64
	seen     *activity.Recording
}

type inFlight struct {
	m    *msg.Transfer
	id   int64       // how many came before
	due  unit.Cycles // 0: not known
	look int32       // at which it was predicted last
	sure bool        // nothing that comes can change it
}

// Kinds of the memory's events.
const (
	settle  = iota
	deliver // arg: inFlight.id
	arrive  // a transfer has crossed its link; arg: inFlight.id
)

// SameClock is the period to give for a memory that runs on the NPU's clock.
const SameClock unit.Femtoseconds = 0

// DRAM is a memory and the period of its clock.
type DRAM struct {
	dram.Memory
	TCK unit.Femtoseconds
}

// NewMemory returns the front of a memory behind a network.
func NewMemory(name string, e *engine.Engine, k engine.Clock, d DRAM, n *Network) *Memory {
	m := &Memory{dram: d.Memory, crossing: engine.Crossing{NPU: k.Frequency(), Other: d.TCK}, network: n}
	m.Component = engine.NewComponent(name, e, k, m)
	m.Port = m.NewPort("Port", 64)
	return m
}

// toDRAM is the first memory clock at or after an NPU cycle.
func (m *Memory) toDRAM(c unit.Cycles) int64 {
	if m.crossing.Other == SameClock {
		return int64(c)
	}
	return m.crossing.ToOther(c)
}

// toNPU is the first NPU cycle at or after a memory clock.
func (m *Memory) toNPU(clock int64) unit.Cycles {
	if m.crossing.Other == SameClock {
		return unit.Cycles(clock)
	}
	return m.crossing.ToNPU(clock)
}

// Connect names the ports of the cores' DMAs.
func (m *Memory) Connect(dmas []akita.Port) { m.dmas = dmas }

// Reset prepares for the next program.
func (m *Memory) Reset() {
	m.dram.Reset()
	m.network.Reset()
	m.pending, m.onLinks = m.pending[:0], m.onLinks[:0]
	m.settling, m.busy, m.since, m.answers, m.arrived = false, 0, 0, 0, 0
}

// Received submits a transfer.
func (m *Memory) Received(p akita.Port) error {
	t, ok := m.Retrieve(p).(*msg.Transfer)
	if !ok {
		return fmt.Errorf("mem: a message that is not a transfer")
	}
	if len(m.pending) == 0 {
		m.since = m.Now()
	}
	m.arrived++
	t.Arrived = m.Now()
	m.network.Request(t.Core, m.Now())
	m.pending = append(m.pending, inFlight{m: t, id: m.arrived})
	m.dram.Submit(dram.Transfer{ID: m.arrived, Walk: t.Walk, Write: t.Write, Release: m.toDRAM(m.Now()), Class: uint8(t.Data), Queue: t.Queue})
	m.promise(m.dram.TakeDone(), true)
	m.settle()
	return nil
}

// settle has the memory look what becomes of the transfers in the channels' queues.
func (m *Memory) settle() {
	if !m.settling {
		m.settling = true
		m.WakeAt(m.settleAt(), settle, 0)
	}
}

// settleAt is the first NPU cycle whose transfers would come after everything so far has been accepted.
func (m *Memory) settleAt() unit.Cycles {
	return max(m.toNPU(m.dram.Accepted()+1), m.Now())
}

// find returns the place of a transfer among the pending ones, -1 if it has been answered.
func (m *Memory) find(id int64) int {
	if len(m.pending) > 0 && m.pending[0].id == id { // mostly
		return 0
	}
	i, found := slices.BinarySearchFunc(m.pending, id, func(f inFlight, id int64) int { return cmp.Compare(f.id, id) })
	if !found {
		return -1
	}
	return i
}

// promise schedules the answers of completions, which are certain or predicted.
func (m *Memory) promise(done []dram.Done, sure bool) {
	for _, d := range done {
		i := m.find(d.ID)
		if i < 0 {
			continue // answered when it was settled
		}
		f := &m.pending[i]
		f.look, f.sure = m.looks, sure
		due := max(m.toNPU(d.Clock), m.Now())
		if f.due != due {
			f.due = due
			m.WakeAt(due, deliver, d.ID)
		}
	}
}

// Woken settles or answers.
func (m *Memory) Woken(kind int, arg int64) error {
	switch kind {
	case deliver:
		return m.deliver(arg)
	case arrive:
		i := slices.IndexFunc(m.onLinks, func(f inFlight) bool { return f.id == arg })
		t := m.onLinks[i].m
		m.onLinks = slices.Delete(m.onLinks, i, i+1)
		return m.answer(t)
	}
	if at := m.settleAt(); at > m.Now() { // more has come since
		m.WakeAt(at, settle, 0)
		return nil
	}
	m.settling = false
	m.predict()
	return nil
}

// predict asks for the next completions. Those that were predicted before and are not among them come later, if nothing else
// does, and will be predicted again when these are complete.
func (m *Memory) predict() {
	next := m.dram.Next()
	if len(next) == 0 {
		return // all are certain
	}
	m.looks++
	m.promise(next, false)
	for i := range m.pending {
		if f := &m.pending[i]; !f.sure && f.look != m.looks {
			f.due = 0
		}
	}
}

// unforeseen tells whether nothing says yet when any of the outstanding transfers will be complete.
func (m *Memory) unforeseen() bool {
	for i := range m.pending {
		if m.pending[i].due > 0 {
			return false
		}
	}
	return len(m.pending) > 0
}

// deliver takes a transfer from DRAM to the network, unless a later transfer has moved its completion.
func (m *Memory) deliver(id int64) error {
	i := m.find(id)
	if i < 0 || m.pending[i].due != m.Now() {
		return nil
	}
	f := m.pending[i]
	m.pending = slices.Delete(m.pending, i, i+1)
	if !f.sure && !m.settling && m.unforeseen() {
		m.dram.Finish(m.toDRAM(m.Now()))
		m.promise(m.dram.TakeDone(), true)
		m.settle()
	}
	if len(m.pending) == 0 {
		m.busy += m.Now() - m.since
	}
	at := m.network.Deliver(Delivery{Core: f.m.Core, Size: f.m.Walk.Bytes(), From: f.m.Arrived, Ready: m.Now()})
	if m.seen != nil {
		m.note(f.m, at)
	}
	if at == m.Now() {
		return m.answer(f.m)
	}
	m.onLinks = append(m.onLinks, f)
	m.WakeAt(at, arrive, id)
	return nil
}

// answer sends a transfer back.
func (m *Memory) answer(t *msg.Transfer) error {
	m.answers++
	if !m.Send(m.Port, m.dmas[t.Core], t) {
		return fmt.Errorf("mem: the link to the DMA of core %d is full", t.Core)
	}
	return nil
}

// Freed has nothing to do: the link holds more answers than the DMA has transfers outstanding.
func (m *Memory) Freed(akita.Port) error { return nil }

// Answers is the number of transfers completed: progress, for the watchdog.
func (m *Memory) Answers() int64 { return m.answers }

// Idle tells whether nothing is in flight.
func (m *Memory) Idle() bool { return len(m.pending)+len(m.onLinks) == 0 }

// Describe says what is in flight.
func (m *Memory) Describe() string {
	return fmt.Sprintf("%d transfers in flight, all accepted by DRAM clock %d; %d on the network", len(m.pending), m.dram.Accepted(), len(m.onLinks))
}

// Counts adds what the memory did up to an NPU cycle, the end of the program.
func (m *Memory) Counts(c *stats.Counts, end unit.Cycles) {
	m.dram.Finish(m.toDRAM(end))
	n := stats.Counts{MemoryBusy: m.busy, DRAM: m.dram.Counts()}
	copy(n.DRAMBy[:], m.dram.Classes())
	c.Add(&n)
	m.network.Counts(c)
}

package mem

import (
	"cmp"
	"fmt"
	"slices"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/engine"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Memory is the front of the memory controllers: it takes transfers from the cores' DMAs, hands them to the channels in
// the DRAM's clock domain, and answers each on the first NPU edge at which its last datum has crossed the network.
//
// The channels simulate ahead of the engine. A submitted transfer runs at once up to the clock at which the channels
// have accepted its last burst, for nothing that comes later can change that; completions until then are certain. When
// the bursts that are still queued complete depends on whether another transfer comes. So on the first NPU edge after
// that clock (the settling edge) the memory asks which transfers complete next if none comes, and schedules their
// answers. A transfer that does come replaces such a prediction.
type Memory struct {
	*engine.Component
	Port     akita.Port // to the DMAs
	dram     dram.Memory
	crossing engine.Crossing
	network  *Network

	dmas        []akita.Port
	pending     []inFlight // not complete in DRAM, in order of arrival: at most the outstanding transfers of all cores
	onLinks     []inFlight // complete in DRAM and on a link, in that order
	arrived     int64      // transfers
	settling    bool       // a settling edge is to come
	predictions int32      // made so far, modulo 2^32
	busy        unit.Cycles
	since       unit.Cycles // start of the current busy period
	answers     int64
	recording   *activity.Recording // nil: nobody observes
}

type inFlight struct {
	m          *msg.Transfer
	id         int64       // how many came before
	clock      int64       // when it completes in DRAM, certainly or by a prediction
	due        unit.Cycles // the NPU cycle of that; 0: not known
	prediction int32       // the last one that foretold due
	certain    bool        // no later transfer can change due
}

// Kinds of the memory's events.
const (
	settle  = iota
	deliver // a transfer is complete in DRAM; arg: inFlight.id
	arrive  // a transfer has crossed its link; arg: inFlight.id
)

// SameClock is the DRAM.TCK of a memory that runs on the NPU's clock.
const SameClock unit.Femtoseconds = 0

// DRAM is a memory model with the period of its clock.
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

// toDRAM returns the first memory clock at or after an NPU cycle.
func (m *Memory) toDRAM(c unit.Cycles) int64 {
	if m.crossing.Other == SameClock {
		return int64(c)
	}
	return m.crossing.ToOther(c)
}

// toNPU returns the first NPU cycle at or after a memory clock.
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
	m.dram.Submit(dram.Transfer{ID: m.arrived, Walk: t.Walk, Write: t.Write, Release: m.toDRAM(m.Now()),
		Class: uint8(t.Data), Queue: t.Queue})
	m.schedule(m.dram.TakeDone(), true)
	m.dropStale()
	m.settle()
	return nil
}

// settle schedules a wake-up on the settling edge, if there is none yet.
func (m *Memory) settle() {
	if !m.settling {
		m.settling = true
		m.WakeAt(m.settleAt(), settle, 0)
	}
}

// settleAt returns the settling edge: the first NPU cycle after the clock at which the channels have accepted
// everything.
func (m *Memory) settleAt() unit.Cycles {
	return max(m.toNPU(m.dram.Accepted()+1), m.Now())
}

// find returns the index of a transfer in pending, -1 if it is complete.
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

// schedule schedules the delivery of transfers at their completions, which are certain or predicted.
func (m *Memory) schedule(done []dram.Done, certain bool) {
	for _, d := range done {
		i := m.find(d.ID)
		if i < 0 {
			continue // delivered at its predicted completion
		}
		f := &m.pending[i]
		f.prediction, f.certain = m.predictions, certain
		f.clock = d.Clock
		due := max(m.toNPU(d.Clock), m.Now())
		if f.due != due {
			f.due = due
			m.WakeAt(due, deliver, d.ID)
		}
	}
}

// Woken settles, delivers or answers.
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

// predict schedules the transfers that complete next if no other comes. What an older prediction said of the rest is
// dropped: deliver asks again when these are complete.
func (m *Memory) predict() {
	next := m.dram.Next()
	if len(next) == 0 {
		return // every completion is certain
	}
	m.predictions++
	m.schedule(next, false)
	for i := range m.pending {
		if f := &m.pending[i]; !f.certain && f.prediction != m.predictions {
			f.due = 0
		}
	}
}

// dropStale drops predictions that a new transfer has refuted: if one for a clock that the channels have simulated by now
// still held, it would be certain.
func (m *Memory) dropStale() {
	accepted := m.dram.Accepted()
	for i := range m.pending {
		if f := &m.pending[i]; !f.certain && f.clock <= accepted {
			f.due = 0
		}
	}
}

// unpredicted reports whether completions are uncertain and none of them has been predicted.
func (m *Memory) unpredicted() bool {
	uncertain := false
	for i := range m.pending {
		f := &m.pending[i]
		if !f.certain && f.due > 0 {
			return false
		}
		uncertain = uncertain || !f.certain
	}
	return uncertain
}

// deliver hands a transfer from DRAM to the network. It does nothing if a later transfer has moved the completion.
func (m *Memory) deliver(id int64) error {
	i := m.find(id)
	if i < 0 || m.pending[i].due != m.Now() {
		return nil
	}
	f := m.pending[i]
	if !f.certain && m.settling && m.settleAt() <= m.Now() { // first see whether a later transfer moves it
		m.WakeAt(m.Now(), deliver, id)
		return nil
	}
	m.pending = slices.Delete(m.pending, i, i+1)
	if !f.certain && !m.settling && m.unpredicted() {
		m.dram.Finish(m.toDRAM(m.Now()))
		m.schedule(m.dram.TakeDone(), true)
		m.settle()
	}
	if len(m.pending) == 0 {
		m.busy += m.Now() - m.since
	}
	at := m.network.Deliver(Delivery{Core: f.m.Core, Size: f.m.Walk.Bytes(), From: f.m.Arrived, Ready: m.Now()})
	if m.recording != nil {
		m.note(f.m, at)
	}
	if at == m.Now() {
		return m.answer(f.m)
	}
	m.onLinks = append(m.onLinks, f)
	m.WakeAt(at, arrive, id)
	return nil
}

// answer sends a transfer back to its DMA.
func (m *Memory) answer(t *msg.Transfer) error {
	m.answers++
	if !m.Send(m.Port, m.dmas[t.Core], t) {
		return fmt.Errorf("mem: the link to the DMA of core %d is full", t.Core)
	}
	return nil
}

// Freed does nothing: the link holds more answers than the DMAs have transfers outstanding.
func (m *Memory) Freed(akita.Port) error { return nil }

// Answers returns the number of transfers answered: progress, for the watchdog.
func (m *Memory) Answers() int64 { return m.answers }

// Idle reports whether nothing is in flight.
func (m *Memory) Idle() bool { return len(m.pending)+len(m.onLinks) == 0 }

// Describe lists what is in flight.
func (m *Memory) Describe() string {
	return fmt.Sprintf("%d transfers in flight, all accepted by DRAM clock %d; %d on the network",
		len(m.pending), m.dram.Accepted(), len(m.onLinks))
}

// Counts adds the counts of the memory and the network to c, up to the NPU cycle at which the program ended.
func (m *Memory) Counts(c *stats.Counts, end unit.Cycles) {
	m.dram.Finish(m.toDRAM(end))
	n := stats.Counts{MemoryBusy: m.busy, DRAM: m.dram.Counts()}
	by := m.dram.Classes()
	if copied := copy(n.DRAMBy[:], by); copied < len(by) {
		n.Agents = by[copied]
	}
	c.Add(&n)
	m.network.Counts(c)
}

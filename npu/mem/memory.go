package mem

import (
	"fmt"
	"slices"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/npu/mem/dram"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Memory is the memory controller's front: it takes transfers from the DMA, hands them to the channels in their own
// clock domain, and answers each at the first NPU edge at which its last datum is there.
//
// The channels simulate ahead of the engine: a transfer that has been submitted runs at once up to the clock at which
// the channels have accepted its last burst, because nothing that comes later can change that. What is in the
// channels' queues then may still be affected by the next transfer, so the memory looks again (settles) on the first
// NPU edge that can no longer bring one in time.
type Memory struct {
	*sim.Component
	Port     akita.Port // to the DMA
	dram     dram.Memory
	crossing sim.Crossing

	dma      akita.Port
	pending  []inFlight // at most a few dozen
	settling bool
	busy     unit.Cycles
	since    unit.Cycles // start of the current busy period
	answers  int64
}

type inFlight struct {
	m   *msg.Transfer
	due unit.Cycles // 0: not known
}

// Kinds of the memory's events.
const (
	settle  = iota
	deliver // arg: transfer ID
)

// SameClock is the period to give for a memory that runs on the NPU's clock.
const SameClock unit.Femtoseconds = 0

// NewMemory returns the front of a memory whose clock has the given period.
func NewMemory(name string, e *sim.Engine, k sim.Clock, d dram.Memory, tCK unit.Femtoseconds) *Memory {
	m := &Memory{dram: d, crossing: sim.Crossing{NPU: k.Frequency(), Other: tCK}}
	m.Component = sim.NewComponent(name, e, k, m)
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

// Connect names the DMA's port.
func (m *Memory) Connect(dma akita.Port) { m.dma = dma }

// Reset prepares for the next program.
func (m *Memory) Reset() {
	m.dram.Reset()
	m.pending = m.pending[:0]
	m.settling, m.busy, m.since, m.answers = false, 0, 0, 0
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
	m.pending = append(m.pending, inFlight{m: t})
	m.dram.Submit(dram.Transfer{ID: t.ID, Walk: t.Walk, Write: t.Write, Release: m.toDRAM(m.Now()), Class: uint8(t.Data), Queue: t.Queue})
	m.promise(m.dram.TakeDone())
	if !m.settling {
		m.settling = true
		m.WakeAt(m.settleAt(), settle, 0)
	}
	return nil
}

// settleAt is the first NPU cycle whose transfers would come after everything so far has been accepted.
func (m *Memory) settleAt() unit.Cycles {
	return max(m.toNPU(m.dram.Accepted()+1), m.Now())
}

// find returns the place of a transfer among the pending ones, -1 if it has been answered.
func (m *Memory) find(id int64) int {
	return slices.IndexFunc(m.pending, func(f inFlight) bool { return f.m.ID == id })
}

// promise schedules the answers of completions.
func (m *Memory) promise(done []dram.Done) {
	for _, d := range done {
		i := m.find(d.ID)
		if i < 0 {
			continue // answered when it was settled
		}
		f := &m.pending[i]
		due := max(m.toNPU(d.Clock), m.Now())
		if f.due != due {
			f.due = due
			m.WakeAt(due, deliver, d.ID)
		}
	}
}

// Woken settles or answers.
func (m *Memory) Woken(kind int, arg int64) error {
	if kind == deliver {
		return m.answer(arg)
	}
	if at := m.settleAt(); at > m.Now() { // more has come since
		m.WakeAt(at, settle, 0)
		return nil
	}
	m.settling = false
	m.promise(m.dram.Settle())
	return nil
}

// answer sends a transfer back, unless a later transfer has moved its completion.
func (m *Memory) answer(id int64) error {
	i := m.find(id)
	if i < 0 || m.pending[i].due != m.Now() {
		return nil
	}
	t := m.pending[i].m
	m.pending = slices.Delete(m.pending, i, i+1)
	m.answers++
	if len(m.pending) == 0 {
		m.busy += m.Now() - m.since
	}
	if !m.Send(m.Port, m.dma, t) {
		return fmt.Errorf("mem: the link to the DMA is full")
	}
	return nil
}

// Freed has nothing to do: the link holds more answers than the DMA has transfers outstanding.
func (m *Memory) Freed(akita.Port) error { return nil }

// Answers is the number of transfers completed: progress, for the watchdog.
func (m *Memory) Answers() int64 { return m.answers }

// Idle tells whether nothing is in flight.
func (m *Memory) Idle() bool { return len(m.pending) == 0 }

// Describe says what is in flight.
func (m *Memory) Describe() string {
	return fmt.Sprintf("%d transfers in flight, all accepted by DRAM clock %d", len(m.pending), m.dram.Accepted())
}

// Counts adds what the memory did up to an NPU cycle, the end of the program.
func (m *Memory) Counts(c *stats.Counts, end unit.Cycles) {
	m.dram.Finish(m.toDRAM(end))
	n := stats.Counts{MemoryBusy: m.busy, DRAM: m.dram.Counts()}
	copy(n.DRAMBy[:], m.dram.Classes())
	c.Add(&n)
}

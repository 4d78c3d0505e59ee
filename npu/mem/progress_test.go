package mem

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// progress is a bench that notes what the DMA sends, and whose memory takes some time.
type progress struct {
	*bench
	lines []string
}

// newProgress has the memory answer transfer n after a number of cycles.
func newProgress(t *testing.T, outstanding int, pad unit.Bytes, cycles func(n int) unit.Cycles,
	ops ...isa.Op) *progress {
	b := &progress{bench: newBench(t, outstanding, pad, ops...)}
	transfers := 0
	b.memory.Answer = func(a simtest.Arrival) error {
		m := a.Msg.(*msg.Transfer) // which the DMA uses again: it must be noted now
		what := "load"
		if m.Write {
			what = "store"
		}
		b.note(a, "%s %d/%d", what, m.Op, m.Tile)
		b.memory.SendAt(a.Cycle+cycles(transfers), b.dma.Data, m)
		transfers++
		return nil
	}
	b.unit.Answer = func(a simtest.Arrival) error {
		m := a.Msg.(*msg.Tile)
		b.note(a, "tile %d/%d", m.Op, m.Tile)
		return nil
	}
	b.sequencer.Answer = func(a simtest.Arrival) error {
		b.note(a, "done %d", a.Msg.(*msg.Done).Op)
		return nil
	}
	return b
}

// note notes a message with the cycle at which it was sent.
func (b *progress) note(a simtest.Arrival, format string, args ...any) {
	b.lines = append(b.lines, fmt.Sprintf("%d: ", a.Cycle-hop)+fmt.Sprintf(format, args...))
}

// memoryTime is how long the memory of a bench takes where a test does not say otherwise.
const memoryTime = 10

func always(cycles unit.Cycles) func(int) unit.Cycles { return func(int) unit.Cycles { return cycles } }

// fetch, start and free have a message reach the DMA at a cycle.
func (b *progress) fetch(at unit.Cycles, op int) {
	b.sequencer.SendAt(at-hop, b.dma.Control, &msg.Fetch{Op: op})
}
func (b *progress) start(at unit.Cycles, op int) {
	b.sequencer.SendAt(at-hop, b.dma.Control, &msg.Start{Op: op})
}
func (b *progress) free(at unit.Cycles, op, tile int) {
	b.unit.SendAt(at-hop, b.dma.Control, &msg.Tile{Op: op, Tile: tile})
}

// expect compares what the DMA sent: pairs of a cycle and a message. Of one cycle the order does not matter.
func (b *progress) expect(t *testing.T, want ...any) {
	t.Helper()
	var lines []string
	for i := 0; i < len(want); i += 2 {
		lines = append(lines, fmt.Sprintf("%d: %s", want[i], want[i+1]))
	}
	slices.Sort(lines)
	got := slices.Sorted(slices.Values(b.lines))
	if !slices.Equal(got, lines) {
		t.Errorf("the DMA sent\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
	if err := b.dma.Check(); err != nil || !b.dma.Idle() {
		t.Errorf("%v; %s", err, b.dma.Describe())
	}
}

// roundTrip is from the issue of a transfer until the DMA has it back.
const roundTrip = hop + memoryTime + hop

// working is an op with loads and stores, of one size.
func working(n int, size unit.Bytes) isa.Op {
	o := loads(n, size)
	o.Stores = []isa.Slice{slice(n, size)}
	return o
}

func TestStoresHoldLoadsUpInOneQueueOnly(t *testing.T) {
	for _, overtake := range []bool{false, true} {
		t.Run(fmt.Sprintf("loads overtake: %v", overtake), func(t *testing.T) {
			b := newProgress(t, 4, 1<<10, always(memoryTime), working(1, 64), loads(1, 64))
			b.dma.loadsOvertake = overtake
			b.fetch(5, 0)
			b.free(50, 0, 0)
			b.fetch(51, 1) // while the output of op 0 is on its way
			b.free(200, 1, 0)
			b.Run()
			load := unit.Cycles(50 + roundTrip)
			if overtake {
				load = 51
			}
			b.expect(t, 5, "load 0/0", 5+roundTrip, "tile 0/0", 50, "store 0/0", load, "load 1/0",
				50+roundTrip, "done 0", load+roundTrip, "tile 1/0")
		})
	}
}

func TestStoresGoBeforeLoads(t *testing.T) {
	b := newProgress(t, 1, 1<<10, always(memoryTime), working(2, 64)) // one transfer at a time
	b.dma.loadsOvertake = true
	b.fetch(5, 0)
	first := unit.Cycles(5 + roundTrip)
	b.free(first+3, 0, 0) // while tile 1 is being loaded, before the next one could be
	b.free(500, 0, 1)
	b.Run()
	b.expect(t, 5, "load 0/0", first, "load 0/1", first, "tile 0/0", first+roundTrip, "store 0/0",
		first+roundTrip, "tile 0/1", 500, "store 0/1", 500+roundTrip, "done 0")
}

func TestATilesSpaceIsFreeWhenItsOutputIsWritten(t *testing.T) {
	b := newProgress(t, 4, 64+64, always(memoryTime), working(2, 64)) // room for one load and its output
	b.fetch(5, 0)
	b.free(50, 0, 0)
	b.free(100, 0, 1)
	b.Run()
	second := unit.Cycles(50 + roundTrip) // not at 50
	b.expect(t, 5, "load 0/0", 5+roundTrip, "tile 0/0", 50, "store 0/0", second, "load 0/1",
		second+roundTrip, "tile 0/1", 100, "store 0/1", 100+roundTrip, "done 0")
	var n stats.Counts
	b.dma.Counts(&n)
	want := stats.Counts{SpaceStall: second - 5, Transfers: 4, ScratchRead: 2 * 64, ScratchWrite: 2 * 64,
		ScratchPeak: 64 + 64}
	want.Traffic[isa.Weights], want.Operators[0].Bytes = 4*64, 4*64
	if n != want {
		t.Errorf("counts %+v, want %+v", n, want)
	}
}

func TestHeldOperandsComeFirstAndStay(t *testing.T) {
	held := loads(2, 64)
	held.Hold = []isa.Slice{slice(1, 100)}
	b := newProgress(t, 1, 100+64, always(memoryTime), held, loads(1, 164)) // one transfer at a time
	b.fetch(5, 0)
	b.fetch(6, 1) // has no room before the held operands of op 0 are gone
	b.free(50, 0, 0)
	b.free(100, 0, 1)
	b.free(200, 1, 0)
	b.Run()
	b.expect(t, 5, "load 0/-1", 5+roundTrip, "tile 0/-1", 5+roundTrip, "load 0/0", 5+2*roundTrip, "tile 0/0",
		50, "load 0/1", 50+roundTrip, "tile 0/1", 100, "load 1/0", 100+roundTrip, "tile 1/0")
}

func TestAnOpMayLoadNothingButHeldOperands(t *testing.T) {
	o := isa.Op{Unit: isa.Vector, Core: 1, Tiles: 3, Hold: []isa.Slice{slice(1, 64)}}
	b := newProgress(t, 4, 64, always(memoryTime), o)
	b.fetch(5, 0)
	for i := range 3 {
		b.free(unit.Cycles(50+i), 0, i)
	}
	b.Run()
	b.expect(t, 5, "load 0/-1", 5+roundTrip, "tile 0/-1")
}

func TestTilesAreReportedInOrder(t *testing.T) {
	times := []unit.Cycles{40, 20, 50} // the second tile comes first
	b := newProgress(t, 4, 1<<10, func(n int) unit.Cycles { return times[n] }, loads(3, 64))
	b.fetch(5, 0)
	for i := range 3 {
		b.free(unit.Cycles(100+i), 0, i)
	}
	b.Run()
	first := unit.Cycles(5 + hop + 40 + hop)
	b.expect(t, 5, "load 0/0", 5, "load 0/1", 5, "load 0/2", first, "tile 0/0", first, "tile 0/1",
		5+hop+50+hop, "tile 0/2")
}

func TestDataThatIsOnlyMovedIsStoredAsItArrives(t *testing.T) {
	copies := working(2, 64)
	copies.Unit = isa.Move
	const late = 40
	times := []unit.Cycles{memoryTime, late, memoryTime, memoryTime}
	for _, c := range []struct {
		what                         string
		start, first, second, stored unit.Cycles
		memory                       func(int) unit.Cycles
	}{
		{"started before the data are there", 2, 5 + roundTrip, 5 + hop + late + hop, 5 + hop + late + hop + roundTrip,
			func(n int) unit.Cycles { return times[n] }},
		{"started after that", 90, 90, 90, 90 + roundTrip, always(memoryTime)},
	} {
		t.Run(c.what, func(t *testing.T) {
			b := newProgress(t, 4, 1<<10, c.memory, copies)
			b.fetch(5, 0)
			b.start(c.start, 0)
			b.Run()
			b.expect(t, 5, "load 0/0", 5, "load 0/1", c.first, "store 0/0", c.second, "store 0/1",
				c.stored, "done 0")
		})
	}
}

func TestAnOpWithoutAUnitStoresWhatLiesThere(t *testing.T) {
	o := isa.Op{Unit: isa.Move, Core: 1, Tiles: 2, Stores: []isa.Slice{slice(2, 64)}}
	b := newProgress(t, 4, 1<<10, always(memoryTime), o)
	b.start(5, 0)
	b.Run()
	b.expect(t, 5, "store 0/0", 5, "store 0/1", 5+roundTrip, "done 0")
}

func TestATransferThatComesBackTwiceIsAnError(t *testing.T) {
	b := newProgress(t, 4, 1<<10, always(memoryTime), loads(1, 64))
	b.memory.Answer = func(a simtest.Arrival) error {
		b.memory.SendAt(a.Cycle+1, b.dma.Data, a.Msg)
		b.memory.SendAt(a.Cycle+2, b.dma.Data, &msg.Transfer{})
		return nil
	}
	b.fetch(5, 0)
	if err := b.Engine.Run(); err == nil || !strings.Contains(err.Error(), "completed twice") {
		t.Errorf("got %v", err)
	}
}

func TestTheDMASaysWhatItWaitsFor(t *testing.T) {
	o := loads(2, 64)
	o.Name = "q_proj"
	b := newProgress(t, 4, 64, always(memoryTime), o)
	b.fetch(5, 0)
	if err := b.Engine.Run(); err != nil && !strings.Contains(err.Error(), "q_proj") {
		t.Fatal(err)
	}
	const want = "1 ops to fetch, 0 stores queued, 0 transfers in flight, 0 exchanges, scratchpad 64B of 64B in use; " +
		"next: q_proj tile 2 of 2, waits for space"
	if got := b.dma.Describe(); got != want || b.dma.Idle() {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheDMARecordsTransfersAndExchanges(t *testing.T) {
	exchange := isa.Op{Kind: isa.Exchange, Unit: isa.Move, Core: 1, Tiles: 1, Gather: 500}
	b := newProgress(t, 4, 1<<10, always(memoryTime), loads(1, 100), exchange)
	r := activity.New(activity.Ops, b.dma.program, 2)
	b.dma.Observe(r)
	b.fetch(5, 0)
	b.free(50, 0, 0)
	b.start(60, 1)
	b.Run()
	want := []activity.Span{
		{To: 5 + roundTrip, Bytes: 2 * 64, Count: 1, Op: 0, Tile: activity.Whole, Core: 1, Part: activity.Load},
		{From: 60, To: 60 + 7, Bytes: 500, Count: 1, Op: 1, Tile: activity.Whole, Core: 1, Part: activity.Exchange},
	}
	if !slices.Equal(r.Spans, want) {
		t.Errorf("recorded\n%+v, want\n%+v", r.Spans, want)
	}
	if got := r.Space[1].Values; len(r.Space[0].Values) > 0 || slices.Max(got) != 100 || got[len(got)-1] != 0 {
		t.Errorf("in use %v", got)
	}
}

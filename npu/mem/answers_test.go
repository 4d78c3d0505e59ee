package mem

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/msg"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/engine"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// channels returns the channels of a preset, with two queues: fast, or stepped clock by clock.
func channels(t *testing.T, c *config.Config, stepped bool) DRAM {
	t.Helper()
	refresh, err := c.RefreshPolicy()
	if err != nil {
		t.Fatal(err)
	}
	d, err := dram.New(dram.Options{Standard: c.Standard(), Channels: c.DRAM.Channels, Mapping: c.DRAM.Mapping,
		Control: dram.Control{Refresh: refresh}, Queues: 2, Exact: stepped})
	if err != nil {
		t.Fatal(err)
	}
	return DRAM{Memory: d, TCK: c.Standard().TCK}
}

// drawn is a transfer that reaches the memory at a cycle.
type drawn struct {
	at    unit.Cycles
	walk  isa.Pattern
	write bool
	queue int
	data  isa.Data
}

// draw returns transfers of 64 B to 16 KiB, close together and far apart, that meet in banks and rows.
func draw(seed uint64, writes bool) []drawn {
	r := rand.New(rand.NewPCG(seed, 3))
	var all []drawn
	var at unit.Cycles = 1
	for range 30 {
		if r.IntN(3) > 0 {
			at += unit.Cycles(r.IntN(1 << r.IntN(13)))
		}
		size := unit.Bytes(64 << r.IntN(9))
		walk := isa.Contiguous(unit.Bytes(r.IntN(1<<14))*64, size)
		if r.IntN(3) == 0 {
			walk = isa.Pattern{Base: unit.Bytes(r.IntN(1<<10)) * 64, Turn: 64, Planes: 1,
				Outer: int(size / 64), OuterStride: 1 << 15}
		}
		all = append(all, drawn{at, walk, writes && r.IntN(4) == 0, r.IntN(2), isa.Data(r.IntN(int(isa.DataCount)))})
	}
	return all
}

// TestAnswersAreThoseOfChannelsThatKnowAllTransfers compares the memory, which learns of transfers as they come, with
// channels that are given all of them at once and stepped clock by clock: a prediction that should not have been made,
// or was kept for too long, would show.
func TestAnswersAreThoseOfChannelsThatKnowAllTransfers(t *testing.T) {
	for _, memory := range []struct {
		preset string
		writes bool // not with HBM, where dram.System.Next may leave out a write that completes before the next read
		seeds  []uint64
	}{
		// 93 has a prediction for the settling edge of a later transfer.
		{"edge-lpddr5", true, []uint64{0, 1, 2, 3, 4, 5, 6, 7, 93}},
		{"card-hbm3", false, []uint64{0, 1, 2, 3, 4}},
	} {
		c, err := config.Preset(memory.preset)
		if err != nil {
			t.Fatal(err)
		}
		predictions := 0
		for _, seed := range memory.seeds {
			all := draw(seed, memory.writes)
			b := newMemoryBench(t, channels(t, c, false), 0)
			oracle := channels(t, c, true)
			clocks := engine.Crossing{NPU: 1e9, Other: oracle.TCK}
			var done []dram.Done
			for i, d := range all {
				b.sent++
				m := &msg.Transfer{Walk: d.walk, Write: d.write, Queue: d.queue, Data: d.data, Core: i % 2, Op: b.sent}
				b.dmas[m.Core].SendAt(d.at-hop, b.memory.Port, m)
				oracle.Submit(dram.Transfer{ID: int64(m.Op), Walk: d.walk, Write: d.write, Queue: d.queue,
					Class: uint8(d.data), Release: clocks.ToOther(d.at)})
				done = append(done, oracle.TakeDone()...)
			}
			done = append(done, oracle.Settle()...)
			want := make([]unit.Cycles, len(all))
			for _, d := range done {
				want[d.ID-1] = clocks.ToNPU(d.Clock)
			}
			b.Run()
			if got := b.answers(t); !slices.Equal(got, want) {
				t.Fatalf("%s, seed %d: answers at\n%v, want\n%v", memory.preset, seed, got, want)
			}
			predictions += int(b.memory.predictions)
			var got, oracles stats.Counts
			b.memory.Counts(&got, b.Now())
			oracle.Finish(clocks.ToOther(b.Now()))
			oracles.DRAM = oracle.Counts()
			copy(oracles.DRAMBy[:], oracle.Classes())
			if got.DRAM != oracles.DRAM || got.DRAMBy != oracles.DRAMBy {
				t.Fatalf("%s, seed %d: counts\n%+v, want\n%+v", memory.preset, seed, got, oracles)
			}
		}
		if predictions < 20 {
			t.Errorf("%s: only %d predictions were made", memory.preset, predictions)
		}
	}
}

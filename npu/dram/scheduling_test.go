package dram

import (
	"fmt"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func scheduled(t *testing.T, name string, p spec.Scheduling) *System {
	t.Helper()
	return mustNew(t, Options{Channels: 1, Control: Control{Refresh: spec.NoRefresh, Scheduling: p}}, name)
}

// TestAClosedRowSavesALaterReadItsPrecharge: two reads of one bank, of different rows, come far apart. The second finds the
// first row open, and waits for tRP, or closed; the adaptive policy leaves it open, as nobody wants another.
func TestAClosedRowSavesALaterReadItsPrecharge(t *testing.T) {
	for _, name := range []string{"lpddr5-6400", "ddr4-3200", "lpddr4x-4266", "ddr5-6400", "hbm2-2000", "hbm3-6400"} {
		for page := range spec.AdaptivePage + 1 {
			t.Run(fmt.Sprint(name, " ", page), func(t *testing.T) {
				s := scheduled(t, name, spec.Scheduling{Page: page})
				std := s.options.Standard
				rows := unit.Bytes(std.ChannelBytes()) / unit.Bytes(std.Rows) // to the next row of the same bank
				const later = 100_000
				s.Submit(Transfer{ID: 1, Walk: isa.Contiguous(0, std.Burst)})
				s.Submit(Transfer{ID: 2, Walk: isa.Contiguous(rows, std.Burst), Release: later})
				clock := lastClock(s)
				s.Finish(clock)
				n := s.Counts()
				want := int64(1) // PRE
				if page == spec.ClosedPage {
					want = 0
				}
				if n.Precharges != want || n.AutoPrecharges != 2-2*want || n.Activates != 2 || n.RowConflicts != want {
					t.Fatalf("counts %+v", n)
				}
				tm := &std.Timing
				waits := tm.TRP * want
				if std.Family == spec.SingleBus {
					waits += (std.Commands.Precharge - std.Commands.Activate) * want // of first clocks; ACT to RD likewise
					waits += tm.TRCD + std.Commands.Activate - std.Commands.Column + tm.TCL + tm.TDQSCK + tm.TBL + 1
					if std.WCK {
						waits++ // CAS
					}
				} else {
					waits += (1 - std.HBM.Activate) * want
					waits += tm.TRCD + std.HBM.Activate - std.HBM.Column + tm.TCL + tm.TBL + 1
				}
				slack := int64(0)
				if std.HBM.HalfClock {
					slack = 3 // edges
				}
				if got := clock - later; got < waits || got > waits+slack {
					t.Errorf("the second read took %d clocks, want %d", got, waits)
				}
			})
		}
	}
}

// TestWatermarksBoundTheTurns: while reads keep coming, a drain takes the writes from one more than the upper mark to one
// less than the lower one, and turns the bus twice.
func TestWatermarksBoundTheTurns(t *testing.T) {
	for _, c := range []spec.Scheduling{{}, {WriteHigh: 95, WriteLow: 5}, {WriteHigh: 50, WriteLow: 40}, {Queue: 64}, {Queue: 10}} {
		t.Run(c.Text(), func(t *testing.T) {
			k, err := controller.New(spec.MustLookup("lpddr5-6400"), Control{Refresh: spec.NoRefresh, Scheduling: c})
			if err != nil {
				t.Fatal(err)
			}
			for i := range int64(200_000) { // a write each 16 clocks, and as many reads as there is room for, in open rows
				for bank := uint8(i % 8); k.Offer(spec.Place{Bank: bank, Group: k.GroupOf(bank)}, false, 0); bank = (bank + 4) % 8 {
				}
				if i%16 == 0 {
					k.Offer(spec.Place{Bank: 12, Group: 3}, true, 0)
				}
				k.Tick()
			}
			r := c.Resolved(spec.SingleBus)
			above, below := int64(r.Queue*r.WriteHigh/100), int64((r.Queue*r.WriteLow+99)/100)
			n := k.View().Counts
			most := 2*n.Writes/(above+1-(below-1)) + 2
			if n.Writes < 10_000 || n.Turnarounds > most || n.Turnarounds < most/2 { // some writes come during a drain
				t.Errorf("%d turns for %d writes; at most %d, 2 for each %d", n.Turnarounds, n.Writes, most, above+2-below)
			}
		})
	}
}

// TestAQueueBoundsTheBanksAtWork: of reads of a row each, no more banks are at work than a queue and the opened rows hold.
func TestAQueueBoundsTheBanksAtWork(t *testing.T) {
	var clocks []int64
	for _, queue := range []int{1, 4, 16, 64} {
		s := scheduled(t, "lpddr5-6400", spec.Scheduling{Queue: queue, Page: spec.ClosedPage})
		s.Submit(Transfer{Walk: isa.Pattern{Turn: 32, Planes: 64, PlaneStride: unit.MiB + 2080, Outer: 64, OuterStride: 4 * unit.MiB}})
		clocks = append(clocks, lastClock(s))
	}
	if clocks[0] < 2*clocks[3] || clocks[1] < clocks[2]+clocks[2]/10 {
		t.Errorf("queues of 1, 4, 16, 64 take %d clocks", clocks)
	}
}

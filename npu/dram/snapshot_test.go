package dram

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// tracedCommand is a command as Status.Trace shows it.
type tracedCommand struct {
	cmd   controller.Command
	bank  int
	clock int64
}

// TestSnapshotsHoldAllThatMatters: a channel that is loaded from a snapshot goes on as the channel itself does, command
// by command, from any clock.
func TestSnapshotsHoldAllThatMatters(t *testing.T) {
	clocks := 3000
	if testing.Short() {
		clocks = 1000
	}
	if simtest.Racing {
		clocks = 200
	}
	for _, std := range spec.All() {
		for _, refresh := range std.Refreshes() {
			for page := range spec.AdaptivePage + 1 {
				o := Control{Refresh: refresh, Postponed: min(1, std.MaxPostponed), Scheduling: spec.Scheduling{Page: page}}
				t.Run(fmt.Sprint(std.Name, " ", refresh, " ", page), func(t *testing.T) { snapshotsHold(t, std, o, clocks) })
			}
		}
	}
}

// snapshotsHold checks the snapshots of a standard's controller under random traffic.
func snapshotsHold(t *testing.T, std *spec.Standard, control Control, clocks int) {
	t.Helper()
	tm := &std.Timing
	tm.TREFI = tm.TRFC*3/2 + 7 // many refreshes
	if control.Refresh.ByBank() {
		tm.TREFIPB = tm.TPBR2PB*3/2 + 7
	}
	if std.Family == spec.HBM && std.HasPerBankRefresh() { // the two intervals fit
		banks := int64(std.Groups * std.Banks * std.Stacks)
		if control.Refresh == spec.PerBank {
			tm.TREFI = max(tm.TREFIPB*banks, tm.TRFC+banks)
		}
		tm.TREFIPB = tm.TREFI / banks
	}
	c, err := controller.New(std, control)
	if err != nil {
		t.Fatal(err)
	}
	p := newPort(c, rules{grant: 32}, nil)
	p.inside = []outstanding{{tag: 5}}
	banks := std.Ranks * max(std.Stacks, 1) * std.Groups * std.Banks
	r := rand.New(rand.NewPCG(9, 9))
	for range clocks {
		for crowd := 1 + r.IntN(16); p.Offered < controller.OffersPerClock && r.IntN(3) > 0; {
			bank := uint8(r.IntN(crowd) * 5 % banks)
			if !p.Offer(spec.Place{Row: int64(r.IntN(3)), Bank: bank, Group: p.GroupOf(bank)}, r.IntN(6) == 0, 5) {
				break
			}
			p.inside[0].left++
		}
		goesOnAlike(t, p)
		p.advance(false, controller.Never)
	}
}

// goesOnAlike compares what a channel does in the next clocks with what one does that is loaded from its snapshot.
func goesOnAlike(t *testing.T, p *port) {
	t.Helper()
	rows := &controller.RowCoder{} // 0 and 1 are visited by a walk, 2 is not
	rows.Ranges[0] = controller.RowRange{Active: true, Base: 1, Low: 0, High: 2}
	var k controller.Codec
	copied, loaded := p.clone(), p.clone()
	p.store(&k, rows, nil)
	loaded.RefreshDue -= p.Clock
	loaded.load(string(k.Bytes), rows)
	var want, got []tracedCommand
	copied.Status.Trace = func(cmd controller.Command, bank int, clock int64) {
		want = append(want, tracedCommand{cmd, bank, clock - p.Clock})
	}
	loaded.Status.Trace = func(cmd controller.Command, bank int, clock int64) {
		got = append(got, tracedCommand{cmd, bank, clock})
	}
	copied.run(p.Clock+300, false)
	loaded.run(300, false)
	if !slices.Equal(want, got) {
		t.Fatalf("from clock %d the channel does\n%v, loaded from its snapshot\n%v", p.Clock, want, got)
	}
}

package dram

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// tracedCommand is a command as Status.Trace shows it.
type tracedCommand struct {
	cmd   controller.Command
	bank  int
	clock int64
}

// TestSnapshotsHoldAllThatMatters: a channel that is loaded from a snapshot goes on as the channel itself does, command
// by command, from any clock: with -long from every one, else from a third of them.
func TestSnapshotsHoldAllThatMatters(t *testing.T) {
	clocks := 3000
	if testing.Short() {
		clocks = 1000
	}
	for _, std := range spec.All() {
		for _, refresh := range std.Refreshes() {
			for page := range spec.AdaptivePage + 1 {
				o := Control{Refresh: refresh, Postponed: min(1, std.MaxPostponed), Scheduling: spec.Scheduling{Page: page}}
				t.Run(fmt.Sprint(std.Name, " ", refresh, " ", page), func(t *testing.T) { snapshotsHold(t, std, o, clocks, 0) })
				t.Run(fmt.Sprint(std.Name, " ", refresh, " ", page, ", background"), func(t *testing.T) {
					snapshotsHold(t, std, o, clocks/2, spec.MostBackground/2)
				})
			}
		}
	}
}

// snapshotsHold checks the snapshots of a standard's controller under random traffic, beside a background that takes a share
// of the peak.
func snapshotsHold(t *testing.T, std *spec.Standard, control Control, clocks int, background float64) {
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
	if background > 0 {
		o := Options{Standard: std, Channels: 1, Control: control}
		o.Background = Background{unit.BytesPerSecond(background * float64(std.PeakBytesPerSecond(1))), true, 30, 0, 0}
		m, err := spec.ParseMapping(spec.DefaultMapping(std, 1), std, 1, false)
		if err != nil {
			t.Fatal(err)
		}
		b, err := o.newPattern(m)
		if err != nil {
			t.Fatal(err)
		}
		p.serveBackground(b)
	}
	p.inside = append(p.inside, outstanding{tag: 5})
	own := &p.inside[len(p.inside)-1]
	banks := std.Ranks * max(std.Stacks, 1) * std.Groups * std.Banks
	r, some := rand.New(rand.NewPCG(9, 9)), rand.New(rand.NewPCG(1, 9))
	for range clocks {
		if background > 0 && r.IntN(3) > 0 { // else its bursts wait
			p.feed()
		}
		for crowd := 1 + r.IntN(16); p.Offered < controller.OffersPerClock && r.IntN(3) > 0; {
			bank := uint8(r.IntN(crowd) * 5 % banks)
			if !p.Offer(spec.Place{Row: int64(r.IntN(3)), Bank: bank, Group: p.GroupOf(bank)}, r.IntN(6) == 0, 5) {
				break
			}
			own.left++
		}
		if simtest.Long() || some.IntN(3) == 0 {
			goesOnAlike(t, p)
		}
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
	phase := int64(0)
	if b := p.agent.pattern; b != nil {
		phase = p.Clock % b.period
	}
	loaded.load(string(k.Bytes), rows, phase)
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

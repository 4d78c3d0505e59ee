package dram

import (
	"math/rand"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/commands"
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// TestRecordingChangesNothing: a System that is recorded does what one with a memo does, its commands are those of its
// counts, they come by clock, and predictions are none of them.
func TestRecordingChangesNothing(t *testing.T) {
	cases := 60
	if testing.Short() || simtest.Racing {
		cases = 20
	}
	for n := range cases {
		r := rand.New(rand.NewSource(int64(300 + n)))
		o := randomOptions(t, r)
		p := newPair(t, o)
		var all []commands.Command
		o.Exact = n%2 == 0
		o.Recorder = commands.NewRecorder(o.Standard, o.Refresh, 0, func(c *commands.Command) error {
			all = append(all, *c)
			return nil
		})
		recorded, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		p.exact = recorded
		for round := range 2 { // from power-on each time
			clock := int64(0)
			var walks []isa.Pattern
			for id := range 12 {
				clock += r.Int63n(400)
				w := randomWalk(r, 1<<14, walks)
				walks = append(walks, w)
				p.submit(Transfer{ID: int64(id), Walk: w, Write: r.Intn(3) == 0, Release: clock, Queue: r.Intn(max(o.Queues, 1))})
				if r.Intn(3) == 0 {
					p.settle()
				}
			}
			p.finish(clock + 100_000)
			if err := o.Recorder.Flush(controller.Never); err != nil {
				t.Fatal(err)
			}
			counts := p.exact.Counts()
			got := map[string]int64{}
			for _, c := range all {
				name := c.Command.String()
				switch name {
				case "PREsb":
					name = "PREA" // counted as such
				case "RDA", "WRA":
					got["auto"]++
					name = name[:2]
				}
				got[name]++
			}
			for name, want := range map[string]int64{"ACT": counts.Activates, "PRE": counts.Precharges, "PREA": counts.PrechargeAll,
				"RD": counts.Reads, "WR": counts.Writes, "REF": counts.Refreshes, "CAS": counts.Syncs,
				"auto": counts.AutoPrecharges} {
				if got[name] != want {
					t.Fatalf("%+v, round %d: %d commands %s, counted %d", o, round, got[name], name, want)
				}
			}
			if !slices.IsSortedFunc(all, func(a, b commands.Command) int { return int(a.Clock - b.Clock) }) {
				t.Fatalf("%+v: the commands are not in order", o)
			}
			if n := o.Recorder.Count(); n != int64(len(all)) {
				t.Fatalf("%+v, round %d: the recorder counts %d commands of %d", o, round, n, len(all))
			}
			all = all[:0]
			p.reset()
		}
	}
}

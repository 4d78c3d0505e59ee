package dram

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// frameCommand is a command as the trace shows it.
type frameCommand struct {
	cmd   command
	bank  int
	clock int64
}

// TestFramesHoldAllThatMatters: a channel that was frozen and thawed, with nothing but what a frame keeps, goes on as the
// channel itself does, command by command, from any clock.
func TestFramesHoldAllThatMatters(t *testing.T) {
	clocks := 3000
	if testing.Short() {
		clocks = 1000
	}
	if simtest.Racing {
		clocks = 200
	}
	for _, std := range All() {
		t.Run(std.Name, func(t *testing.T) {
			std.Timing.TREFI = std.Timing.TRFC*3/2 + 7 // many refreshes
			o := Options{Standard: std, Channels: 1, Postpone: min(1, std.MaxPostponed)}
			c, err := newCore(o.Standard, o.Refresh, o.Postpone)
			if err != nil {
				t.Fatal(err)
			}
			p := newPort(c, rules{grant: 32}, nil)
			p.inside = []outstanding{{tag: 5}}
			banks := std.Ranks * max(std.Stacks, 1) * std.Groups * std.Banks
			r := rand.New(rand.NewPCG(9, 9))
			for range clocks {
				for crowd := 1 + r.IntN(16); p.offered < injectPerClock && r.IntN(3) > 0; {
					bank := uint8(r.IntN(crowd) * 5 % banks)
					if !p.offer(place{row: int64(r.IntN(3)), bank: bank, group: p.groupOf(bank)}, r.IntN(6) == 0, 5) {
						break
					}
					p.inside[0].left++
				}
				goesOnAlike(t, p)
				p.advance(false, never)
			}
		})
	}
}

// goesOnAlike compares what a channel does in the next clocks with what its thawed frame does.
func goesOnAlike(t *testing.T, p *port) {
	t.Helper()
	names := &rowCoder{} // rows 0 and 1 as a walk's, 2 as a foreign one
	names.spans[0] = span{on: true, base: 1, low: 0, high: 2}
	var k codec
	twin, thawed := p.clone(), p.clone()
	p.freeze(&k, names, nil)
	thawed.refreshDue -= p.clock
	thawed.thaw(string(k.text), names)
	var want, got []frameCommand
	twin.vitals.trace = func(cmd command, bank int, clock int64) {
		want = append(want, frameCommand{cmd, bank, clock - p.clock})
	}
	thawed.vitals.trace = func(cmd command, bank int, clock int64) { got = append(got, frameCommand{cmd, bank, clock}) }
	twin.run(p.clock+300, false)
	thawed.run(300, false)
	if !slices.Equal(want, got) {
		t.Fatalf("from clock %d the channel does\n%v, thawed\n%v", p.clock, want, got)
	}
}

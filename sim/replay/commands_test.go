package replay

import (
	"reflect"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/commands"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// TestCommandsAreThoseOfTheStep: a step that is recorded counts what it counts in a run, its commands are as many as it
// counts, and a bound ends it.
func TestCommandsAreThoseOfTheStep(t *testing.T) {
	simtest.OneGoroutine(t)
	for _, npu := range []string{"edge-lpddr5", "card-hbm3"} {
		j := short(t, npu, "llama-3.2-1b", "uniform:4", 12, 4)
		model := *j.Model
		model.Layers, model.Vocab = 1, 512
		j.Model = &model
		p, err := Prepare(j)
		if err != nil {
			t.Fatal(err)
		}
		refresh, err := j.Config.RefreshPolicy()
		if err != nil {
			t.Fatal(err)
		}
		steps, err := Steps(t.Context(), []*Prepared{p}, [][]int{{0, 2}}, Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i, step := range []int{0, 2} {
			got := map[string]int64{}
			clock := int64(0)
			r := commands.NewRecorder(j.Config.Standard(), refresh, 0, func(c *commands.Command) error {
				if c.Clock < clock || c.Channel < 0 || c.Channel >= j.Config.DRAM.Channels {
					t.Fatalf("%s, step %d: %+v comes after clock %d", npu, step, c, clock)
				}
				clock = c.Clock
				got[c.Command.String()]++
				return nil
			})
			counts, err := Commands(t.Context(), p, step, r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if want := steps[0][i]; !reflect.DeepEqual(counts, want) {
				t.Errorf("%s, step %d: recorded %+v, else %+v", npu, step, counts, want)
			}
			d := counts.DRAM
			want := map[string]int64{"RD": d.Reads, "WR": d.Writes, "ACT": d.Activates, "REF": d.Refreshes}
			for name, n := range want {
				if got[name] != n {
					t.Errorf("%s, step %d: %d commands %s, counted %d", npu, step, got[name], name, n)
				}
			}
		}
		r := commands.NewRecorder(j.Config.Standard(), refresh, 100, func(*commands.Command) error { return nil })
		if counts, err := Commands(t.Context(), p, 1, r, nil); err != nil || !r.Cut() || r.Count() != 100 || counts.DRAM.Reads != 0 {
			t.Errorf("%s: %d commands, cut %v, %v", npu, r.Count(), r.Cut(), err)
		}
	}
}

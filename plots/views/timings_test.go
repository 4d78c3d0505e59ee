package views

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/study/timings"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// The figure has groups, then timings, each by how much they change tokens/s; timings that change nothing are counted only.
func TestTimingsAreDrawnByTheirEffect(t *testing.T) {
	c, err := config.Preset("edge-lpddr5")
	if err != nil {
		t.Fatal(err)
	}
	s := &timings.Study{Config: c, By: 20, Model: &workloads.Model{}, Prompt: 8, Generated: 4,
		Schedules: []precision.Schedule{{Kind: precision.KindFP16}}}
	row := func(name string, group bool, less, more float64) timings.Row {
		change := timings.Change{Own: 100, Less: less, More: more}
		return timings.Row{Schedule: s.Schedules[0].String(), Timing: name, Group: group, Members: []timings.Clock{{Timing: name, Own: 10}},
			Tokens: change, TTFT: change, OverFirst: change}
	}
	f := TimingsFigure(s, []timings.Row{row("tRCD", false, 101, 99), row("refresh", true, 100, 99), row("tWR", false, 100, 100),
		row("tRFC", false, 103, 99), row("rows", true, 102, 95)})
	var got []string
	for _, b := range f.Blocks {
		for _, r := range b {
			got = append(got, r.Name)
		}
	}
	want := []string{"rows", "refresh", "tRFC", "tRCD"}
	if len(f.Blocks) != 2 || len(got) != len(want) {
		t.Fatalf("%d blocks of %v", len(f.Blocks), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("row %d is %s, want %s", i, got[i], want[i])
		}
	}
}

package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestSet(t *testing.T) {
	t.Run("assigns every type of value by the names of the files", func(t *testing.T) {
		c := preset(t, "edge-lpddr5")
		err := c.Set([]string{"array.rows=64", "array.style=dequant-fp16", "clock=800MHz", "scratchpad.size=2MiB", "count.lm_head=false",
			"sequencer.launch_cycles=0", "kv.bits=16", "name=mine=yours", "weights.layout=plane-major"})
		if err != nil {
			t.Fatal(err)
		}
		want := preset(t, "edge-lpddr5")
		want.Array.Rows, want.Array.Style, want.Clock, want.Scratchpad.Size = 64, DequantFP16, 800e6, 2*unit.MiB
		want.Count.Head, want.Sequencer.LaunchCycles, want.KV.Bits, want.Name = false, 0, 16, "mine=yours"
		want.Weights.Layout = PlaneMajor
		want.Description = "edge-lpddr5, changed"
		want.Source = "edge-lpddr5, changed: array.rows=64, array.style=dequant-fp16, clock=800MHz, count.lm_head=false, kv.bits=16, " +
			"scratchpad.size=2MiB, sequencer.launch_cycles=0, weights.layout=plane-major"
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("turns any machine into one with an ideal memory", func(t *testing.T) {
		c := preset(t, "edge-lpddr5")
		if err := c.Set([]string{"dram.standard=ideal", "dram.bandwidth=51.2GB/s", "dram.refresh=none"}); err != nil {
			t.Fatal(err)
		}
		if c.PeakBandwidth() != 51.2e9 || c.DRAM.Mapping != "" {
			t.Errorf("got %+v", c.DRAM)
		}
	})
	t.Run("without assignments changes nothing", func(t *testing.T) {
		c := preset(t, "card-hbm3")
		if err := c.Set(nil); err != nil || *c != *preset(t, "card-hbm3") {
			t.Errorf("got %+v, %v", c, err)
		}
	})
	t.Run("sees what assignments mean together, not one by one", func(t *testing.T) {
		c := preset(t, "card-hbm3") // a tile of 1 MiB does not fit into half of 1 MiB
		if err := c.Set([]string{"scratchpad.size=1MiB", "scratchpad.tile=256KiB"}); err != nil {
			t.Error(err)
		}
	})
}

func TestSetFollowsTheDefaultMapping(t *testing.T) {
	t.Run("with the channels as long as the mapping is the default", func(t *testing.T) {
		c := preset(t, "edge-lpddr5")
		if err := c.Set([]string{"dram.channels=2"}); err != nil {
			t.Fatal(err)
		}
		if c.DRAM.Mapping != defaultMapping(c.DRAM) || c.DRAM.Mapping == preset(t, "edge-lpddr5").DRAM.Mapping {
			t.Errorf("got %q", c.DRAM.Mapping)
		}
	})
	t.Run("back to the default where the mapping is set to nothing", func(t *testing.T) {
		c := preset(t, "edge-lpddr5")
		if err := c.Set([]string{"dram.mapping="}); err != nil || *c != *preset(t, "edge-lpddr5") {
			t.Errorf("got %q, %v", c.DRAM.Mapping, err)
		}
	})
}

func TestCapacityIsAtMostWhatTheChannelsHold(t *testing.T) {
	for _, c := range []struct {
		npu  string
		set  string // several, by spaces
		want unit.Bytes
		err  string
	}{
		{"edge-lpddr5", "dram.channels=1", 16 * unit.GiB, ""},
		{"edge-lpddr4x", "dram.channels=1", 8 * unit.GiB, ""},
		{"edge-lpddr4x", "dram.channels=1 dram.capacity=8GiB", 8 * unit.GiB, ""},
		{"edge-lpddr5", "dram.standard=hbm2-2000", 12 * unit.GiB, ""},
		{"edge-lpddr5", "dram.standard=ramulator2.1/lpddr5-6400 dram.capacity=64GiB", 64 * unit.GiB, ""},
		{"edge-lpddr5", "dram.standard=ideal dram.bandwidth=32GB/s dram.refresh=none dram.capacity=1TiB", 1024 * unit.GiB, ""},
		{"edge-lpddr5", "dram.capacity=3GiB dram.channels=4", 3 * unit.GiB, ""},
		{"card-hbm3", "dram.capacity=16GiB", 16 * unit.GiB, ""},
		{"edge-lpddr5", "dram.capacity=1TiB", 0, "--set dram.capacity=1TiB: dram.capacity: 1TiB, but 4 channels of lpddr5-6400 hold at most 64GiB; " +
			"accepted: 1MiB to 64GiB, or more channels"},
		{"card-hbm3", "dram.capacity=64GiB dram.standard=hbm2-2000", 0, "--set dram.capacity=64GiB: dram.capacity: 64GiB, but 16 channels of hbm2-2000 " +
			"hold at most 48GiB; accepted: 1MiB to 48GiB, or more channels"},
	} {
		got := preset(t, c.npu)
		err := got.Set(strings.Fields(c.set))
		switch {
		case c.err != "":
			if err == nil || err.Error() != c.err {
				t.Errorf("%s: %v, want %s", c.set, err, c.err)
			}
		case err != nil || got.DRAM.Capacity != c.want:
			t.Errorf("%s %s: %v, %v, want %v", c.npu, c.set, got.DRAM.Capacity, err, c.want)
		}
	}
}

func TestBadAssignmentsAreRefusedTogetherAndChangeNothing(t *testing.T) {
	const top = "name, description, source, clock, process, energy, cores, array, vector, scratchpad, dma, noc, sequencer, runtime, graph, dram, weights, kv, lm_head, tiling, fusion, count"
	const array = "style, dataflow, gemv, double_buffer, rows, cols, activations, bits_per_cycle, activation_bits_per_cycle, fused_bits, lut_group, lut_entries, dequant_lanes, group_scales, switch_cycles, sustained, unpack"
	cases := []struct{ name, assignment, want string }{
		{"no value", "array.rows", "no value; accepted: path=value such as array.rows=64"},
		{"text for a number", "array.rows=x", `array.rows: "x" is not a whole number; accepted: a whole number such as 64`},
		{"nothing for a number", "array.rows=", `array.rows: "" is not a whole number; accepted: a whole number such as 64`},
		{"a bare number", "clock=12", `clock: "12" has no unit; accepted: [k M G T]Hz, such as "1.2GHz"`},
		{"a slip of the finger", "array.row=64", "array.row: unknown key; accepted: " + array + `; did you mean "array.rows"?`},
		{"an unknown section", "arry.rows=64", "arry.rows: unknown key; accepted: " + top + `; did you mean "array.rows"?`},
		{"a key without its section", "cols=64", "cols: unknown key; accepted: " + top + `; did you mean "array.cols"?`},
		{"more than a key", "array.rows.more=64", "array.rows.more: unknown key; accepted: " + array + `; did you mean "array.rows"?`},
		{"nothing known", "zyx=64", "zyx: unknown key; accepted: " + top},
		{"the base of a file", "base=edge-lpddr4x", "base: unknown key; accepted: " + top},
		{"a section", "kv=8", "kv: a section, not a value; accepted: one of its keys bits, key_bits, value_bits, group, key_scales, zero_points"},
		{"a truth value", "dram.bank_hash=yes", `dram.bank_hash: "yes" is not a truth value; accepted: true or false`},
		{"a style", "array.style=serial", `array.style: "serial" is not known; accepted: bit-serial-weight, bit-serial-both, bit-parallel-fused, lut, dequant-fp16, int8`},
		{"out of range", "array.rows=0", "array.rows: 0 is out of range; accepted: 1 to 4096"},
		{"a consequence elsewhere", "scratchpad.size=16KiB",
			"scratchpad.tile: 1MiB is more than half of the scratchpad of 16KiB; accepted: 64B to 8KiB, or 0B for an eighth"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			npu := preset(t, "card-hbm3")
			err := npu.Set([]string{"clock=900MHz", c.assignment})
			if c.assignment == "clock=12" {
				err = npu.Set([]string{c.assignment})
			}
			if want := "--set " + c.assignment + ": " + c.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if *npu != *preset(t, "card-hbm3") {
				t.Error("the NPU was changed all the same")
			}
		})
	}
	t.Run("all at once, in order", func(t *testing.T) {
		err := preset(t, "edge-lpddr5").Set([]string{"array.rows=x", "array.cols=0", "array.rows=1", "arr=1"})
		want := []string{`--set array.rows=x: array.rows: "x"`, `--set array.rows=1: array.rows: assigned a second time, first by array.rows=x;`,
			`--set arr=1: arr: unknown key; accepted: `, `--set array.cols=0: array.cols: 0 is out of range;`}
		if err == nil {
			t.Fatal("was accepted")
		}
		for i, line := range strings.Split(err.Error(), "\n") {
			if i >= len(want) || !strings.HasPrefix(line, want[i]) {
				t.Errorf("line %d: %s", i, line)
			}
		}
	})
}

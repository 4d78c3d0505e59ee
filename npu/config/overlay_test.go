package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOverlayLoadsBackToTheSameMachine(t *testing.T) {
	for _, set := range [][]string{
		nil,
		{"array.rows=32", "runtime.class=graph", "runtime.dispatch=1.25us", "dram.timing.tRCD=30", "noc.bandwidth=30GB/s"},
		{"dram.standard=ideal", "dram.bandwidth=50GB/s", "dram.mapping=", "dram.refresh=none", "weights.group=64", "count.params=false"},
	} {
		c := preset(t, "rk3588")
		if err := c.Set(set); err != nil {
			t.Fatal(err)
		}
		c.Name = "mine"
		data, err := c.Overlay([]string{"first: of all", "second"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Load(write(t, "overlay.yaml", string(data)))
		if err != nil {
			t.Fatalf("%v in\n%s", err, data)
		}
		if diff := cmp.Diff(c, got); diff != "" {
			t.Errorf("(-want +got):\n%s\n%s", diff, data)
		}
		text := string(data)
		if !strings.HasPrefix(text, "# first: of all\n# second\n") || !strings.Contains(text, "\nbase: rk3588\nname: mine\n") ||
			strings.Contains(text, "clock") {
			t.Errorf("%s", text)
		}
	}
}

func TestNumber(t *testing.T) {
	c := preset(t, "edge-lpddr5")
	for path, want := range map[string]string{"runtime.dispatch": "runtime.dispatch=1.235us", "noc.bandwidth": "noc.bandwidth=1.235GB/s",
		"array.dequant_lanes": "array.dequant_lanes=1235000000", "sequencer.launch_cycles": "sequencer.launch_cycles=1235000000"} {
		n, err := c.Number(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := n.Assign(1234567890); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if n, err := c.Number("array.sustained"); err != nil || n.Value != 1e4 || n.Assign(1234.6) != "array.sustained=0.1235" {
		t.Errorf("%+v, %v, %s", n, err, n.Assign(1234.6))
	}
	n, err := c.Number("noc.bandwidth")
	if err != nil || !n.Rate || n.Value != float64(c.Network.Bandwidth) {
		t.Errorf("%+v, %v", n, err)
	}
	for path, want := range map[string]string{
		"scratchpad.size": "scratchpad.size: its values are not more or less time; accepted: a time, a rate",
		"array":           "array: a section, not a value; accepted: ",
		"array.row":       "array.row: unknown key; accepted: ",
		"fusion":          "fusion: its values are not",
		"kv.bits":         "kv.bits: its values are not",
	} {
		if _, err := c.Number(path); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

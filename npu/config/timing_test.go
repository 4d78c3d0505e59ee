package config

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

func TestTimingsOfTheStandardAreKeys(t *testing.T) {
	c := preset(t, "edge-lpddr5")
	if err := c.Set([]string{"dram.timing.tRCD=18.1ns", "dram.timing.tCL=18"}); err != nil {
		t.Fatal(err)
	}
	if s := c.Standard(); s.Timing.TRCD != 15 || s.Timing.TCL != 18 || s.Timing.TRP != 15 {
		t.Errorf("%+v", s.Timing)
	}
	if want := "edge-lpddr5, changed: dram.timing.tCL=18, dram.timing.tRCD=18.1ns"; c.Source != want {
		t.Errorf("source %q, want %q", c.Source, want)
	}
	if c.Fingerprint() == preset(t, "edge-lpddr5").Fingerprint() {
		t.Error("the fingerprint is that of the preset")
	}
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Parse("edge-lpddr5.yaml", text); err != nil || *again != *c {
		t.Errorf("%+v, %v from\n%s", again, err, text)
	}
	t.Run("and go with it", func(t *testing.T) {
		other := *c
		if err := other.Set([]string{"dram.standard=lpddr4x-4266", "dram.timing.tRP=40"}); err != nil {
			t.Fatal(err)
		}
		if s := other.Standard(); s.Timing.TCL != 36 || s.Timing.TRP != 40 || s.Timing.TRC != 130 {
			t.Errorf("%+v", s.Timing)
		}
	})
	t.Run("and nothing gives them back", func(t *testing.T) {
		other := *c
		if err := other.Set([]string{"dram.timing.tRCD=", "dram.timing.tCL="}); err != nil || other.DRAM != preset(t, "edge-lpddr5").DRAM {
			t.Errorf("%+v, %v", other.DRAM, err)
		}
	})
}

func TestNPUsWithoutChangedTimingsDoNotNameThem(t *testing.T) {
	for _, c := range Presets(Names()) {
		text, err := c.YAML()
		if err != nil || strings.Contains(string(text), "timing") {
			t.Errorf("%v in\n%s", err, text)
		}
	}
}

func TestTimingsThatNoDRAMHasAreRefused(t *testing.T) {
	for set, want := range map[string]string{
		"dram.timing.tRC=12": "--set dram.timing.tRC=12: dram.timing.tRC: clocks of 1.25ns: tRC 12 is shorter than tRAS 34 + tRP 15; " +
			"accepted: timings that a DRAM can have together",
		"dram.timing.tRRD_S=6": "--set dram.timing.tRRD_S=6: dram.timing.tRRD_S: clocks of 1.25ns: tRRD_L 4, of one bank group, is shorter than tRRD_S 6; " +
			"accepted: timings that a DRAM can have together",
		"dram.timing.tRCDWR=3": "--set dram.timing.tRCDWR=3: dram.timing.tRCDWR: clocks of 1.25ns: tRCDWR is 3; accepted: 0, as the standard has no use for it",
		"dram.timing.tREFI=0":  "--set dram.timing.tREFI=0: dram.timing.tREFI: clocks of 1.25ns: timing tREFI is 0; accepted: 1 or more",
		"dram.timing.tRCD=1s": `--set dram.timing.tRCD=1s: dram.timing.tRCD: "1s" is not a timing; accepted: a number of clocks such as 15, or a time such as "18ns" ` +
			"(fs ps ns us ms)",
		"dram.standard=ideal dram.bandwidth=1GB/s dram.refresh=none dram.timing.tCL=3": "--set dram.timing.tCL=3: dram.timing.tCL: " +
			"an ideal memory has no timings; accepted: none of them",
	} {
		simtest.WantError(t, preset(t, "edge-lpddr5").Set(strings.Fields(set)), want)
	}
}

// TestACarriedPartCountsBeforeAPresetOfItsName: a later version may have a preset of the name of a part in an old
// result.
func TestACarriedPartCountsBeforeAPresetOfItsName(t *testing.T) {
	c, err := Parse("old.yaml", []byte("base: edge-lpddr5\ndram:\n  standard: ddr5-5600\n  part: {base: lpddr5-6400, timing: {tRCD: 21ns}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Standard(); s.Width != 16 || s.Timing.TRCD != 17 || c.DRAM.Part == nil {
		t.Errorf("%+v", s)
	}
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Parse("old.yaml", text); err != nil || !same(again, c) || again.Fingerprint() != c.Fingerprint() {
		t.Errorf("%v from\n%s", err, text)
	}
}

func TestParseReadsNoFiles(t *testing.T) {
	file := write(t, "part.yaml", "base: lpddr5-6400\ntiming: {tRCD: 15ns}\n")
	_, err := Parse("result", []byte("base: edge-lpddr5\ndram: {standard: "+file+"}\n"))
	if err == nil || !strings.Contains(err.Error(), "is a file, and none is read from here; accepted: ") {
		t.Error(err)
	}
	npu := write(t, "npu.yaml", "base: edge-lpddr5\ndram: {standard: "+file+"}\n")
	if c, err := Load(npu); err != nil || c.Standard().Timing.TRCD != 12 || c.DRAM.Standard != "part" || PartOf(npu) != file {
		t.Errorf("%+v, %v, %s", c, err, PartOf(npu))
	}
	c := preset(t, "edge-lpddr5")
	if err := c.Set([]string{"dram.standard=" + file}); err == nil {
		t.Error("Set reads a file")
	}
	if err := c.SetWith([]string{"dram.standard=" + file}, ReadPart); err != nil || c.Standard().Timing.TRCD != 12 {
		t.Error(err)
	}
	if err := c.Set([]string{"dram.density=8Gb"}); err != nil || c.Standard().Rows != 32768 || c.Standard().Timing.TRFC != 168 { // 210 ns
		t.Errorf("%+v, %v", c.Standard(), err)
	}
	if err := c.Set([]string{"dram.standard=lpddr4x-4266"}); err != nil || c.DRAM.Part != nil || c.DRAM.Density != 0 || c.Standard().Name != "lpddr4x-4266" {
		t.Errorf("%+v, %v", c.DRAM, err)
	}
}

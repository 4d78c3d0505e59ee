package qualify

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/traces"
)

// TestTheDocumentHasTheSteps: docs/gpu.md says of each step what Plan says, and what they come to.
func TestTheDocumentHasTheSteps(t *testing.T) {
	text, err := os.ReadFile("../../docs/gpu.md")
	if err != nil {
		t.Fatal(err)
	}
	type figures struct{ limit, expect, n int }
	groups := map[string]figures{}
	all := 0
	for _, s := range Plan(&Options{Generate: 256}, "") {
		g := groups[group(s.Name)]
		g.limit, g.expect, g.n = int(s.Limit.Seconds()), int(s.Expect.Seconds()), g.n+1
		groups[group(s.Name)] = g
		all += g.expect
	}
	groups["machine"] = figures{groups["machine"].limit + groups["symbols"].limit, groups["machine"].expect + groups["symbols"].expect, 1}
	delete(groups, "symbols")
	for name, g := range groups {
		each := ""
		if g.n > 1 {
			each = " each"
		}
		row := regexp.MustCompile(fmt.Sprintf("(?m)^\\| `%s`[^|]*\\| %d%s \\| %d%s \\|", name, g.limit, each, g.expect, each))
		if !row.Match(text) {
			t.Errorf("docs/gpu.md has no row of %s with %d and %d s", name, g.limit, g.expect)
		}
	}
	if m := regexp.MustCompile(`That is (\d+) s in all`).FindSubmatch(text); m == nil || string(m[1]) != strconv.Itoa(all) {
		t.Errorf("all steps come to %d s; docs/gpu.md says %s", all, m)
	}
}

func TestFill(t *testing.T) {
	const document = "a\n<!-- gpu adopt: x -->\nold\n<!-- gpu adopt ends -->\nb\n<!-- gpu adopt: y -->\n<!-- gpu adopt ends -->\nc\n"
	got, err := Fill(document, map[string]string{"x": "| new |\n", "y": "two"})
	const want = "a\n<!-- gpu adopt: x -->\n\n| new |\n\n<!-- gpu adopt ends -->\nb\n<!-- gpu adopt: y -->\n\ntwo\n\n<!-- gpu adopt ends -->\nc\n"
	if err != nil || got != want {
		t.Errorf("%v, %q", err, got)
	}
	if again, err := Fill(got, map[string]string{"x": "| new |\n", "y": "two"}); err != nil || again != want {
		t.Errorf("again: %v, %q", err, again)
	}
	for _, bad := range []string{"a\n", "<!-- gpu adopt: x -->\n", "<!-- gpu adopt ends -->\n<!-- gpu adopt: x -->\n"} {
		if _, err := Fill(bad, map[string]string{"x": ""}); err == nil || !strings.Contains(err.Error(), "accepted: ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestTheDocumentsCanBeFilled: the documents of the repository have the marks of all tables.
func TestTheDocumentsCanBeFilled(t *testing.T) {
	b := measured()
	for file, tables := range map[string]map[string]string{"gpu.md": b.Guide(), "gpu-kernels.md": b.Kernels(), "validation.md": {"recorded": "x"}} {
		text, err := os.ReadFile("../../docs/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Fill(string(text), tables); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// measured is a bundle of a GPU that was made up.
func measured() *Bundle {
	v := func(x float64) *float64 { return &x }
	copies, gap, event, sms, khz := 4.3e12, int64(1200), int64(400), 132, int64(1980000)
	return &Bundle{Dir: "b", Head: Head{Tool: "pmpdsim 1", Created: "2026-12-01T00:00:00Z", Steps: []string{"driver", "nsight"}},
		Outcomes: []Outcome{{Step: "driver", Status: OK, Seconds: 12.34, Expect: 15}, {Step: "nsight", Status: Skipped, Reason: "ncu is not here", Expect: 30}},
		End:      &End{Reason: "complete"},
		Info: &info{GPU: traces.GPU{Name: "NVIDIA H200", CC: "9.0", SMs: &sms, SMkHzMax: &khz, Driver: "550.1"},
			Kernels: &traces.Kernels{Regs: map[string]int{"gemv_ap2": 96}, Spills: map[string]int{"gemv_ap2": 0}},
			Calib:   &traces.Calib{CopyBps: &copies, NodeGapNS: &gap, EventNS: &event}},
		Checks: []checked{{Kind: "kernel", Check: "gemv"}, {Kind: "kernel", Check: "norm", Wrong: "off"}, {Kind: "passes"}},
		Bench: []row{{Kind: "product", Name: "m qkv", Out: 64, In: 32, Bits: 4, Seconds: v(2e-6), Bandwidth: v(2e12), OfCopy: v(.5), OverHalf: v(3), OfCeiling: v(.25), Ceiling: "memory"},
			{Kind: "cublas", Out: 64, In: 32, Bits: 16, Seconds: v(5e-6)}, {Kind: "pass", Name: "m", Bits: 4, Context: 1036, Kernels: 9, Seconds: v(1e-3), Rate: v(1000)}}}
}

func TestTables(t *testing.T) {
	b := measured()
	guide, kernels := b.Guide(), b.Kernels()
	for table, want := range map[string]string{
		guide["device"]:      "| 4300 | 1.20 | 0.40 | 1 of 2 | 1 of 1 |\n",
		guide["steps"]:       "| nsight | skipped ncu is not here | 0.0 | 30 |\n",
		kernels["products"]:  "| m qkv | 64 | 32 | 4 | 2.00 | 2000 | 50 | 3.00 | 2.50 | 25 | memory |\n",
		kernels["registers"]: "| gemv_ap2 | 96 | 0 |\n",
	} {
		if !strings.Contains(table, want) || !strings.HasPrefix(table, "NVIDIA H200, driver 550.1, pmpdsim 1; 2026-12-01T00:00:00Z.") {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	if want := "| m | 4 | 1036 | 9 | - | 1.000 | 1000 | - | - |\n"; !strings.Contains(guide["device"], want) {
		t.Errorf("no %q in\n%s", want, guide["device"])
	}
	if b.Name() != "h200" {
		t.Errorf("it is called %s", b.Name())
	}
	npu, err := b.NPU()
	for _, want := range []string{"name: h200\n", "clock: 1.98GHz\n", "cols: 1056 ", "bandwidth: 4300GB/s ", "dispatch: 1200ns "} {
		if err != nil || !strings.Contains(npu, want) {
			t.Errorf("%v, no %q in\n%s", err, want, npu)
		}
	}
	b.Info.Calib = nil
	if _, err := b.NPU(); err == nil {
		t.Error("an NPU without what was measured")
	}
}

func TestUsable(t *testing.T) {
	b := measured()
	if err := b.Usable(false); err != nil {
		t.Error(err)
	}
	b.Head.Steps = append(b.Head.Steps, "kernels", "traces:m")
	b.Outcomes = append(b.Outcomes, Outcome{Step: "kernels", Status: Failed, Reason: "norm: off"})
	if err := b.Usable(false); err == nil || err.Error() != "b lacks kernels, traces:m; accepted: a bundle with them, or --partial, which takes what there is" {
		t.Error(err)
	}
	if err := b.Usable(true); err != nil {
		t.Error(err)
	}
	b.Info.Emulated = true
	if err := b.Usable(true); err == nil || !strings.Contains(err.Error(), "was made in emulation") {
		t.Error(err)
	}
	b.Info = nil
	if err := b.Usable(true); err == nil || !strings.Contains(err.Error(), "info.json is missing") {
		t.Error(err)
	}
}

// TestLimitsOfTime: a step gets what is left of the budget at most.
func TestLimitsOfTime(t *testing.T) {
	r := &runner{o: &Options{Limit: time.Minute}}
	if got := r.limit(&Step{Limit: time.Hour}); got != time.Minute {
		t.Errorf("%v", got)
	}
	if got := r.limit(&Step{Limit: time.Second}); got != time.Second {
		t.Errorf("%v", got)
	}
}

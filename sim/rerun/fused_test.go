package rerun

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// fused is an instruction that multiplies and adds with one rounding, in the spellings of the processors that have one.
var fused = regexp.MustCompile(`(?i)\s(fn?m(add|sub)[ds.]*|[wv]?fm[as][ds]b|m[as]dbr?|xs(n?)m(add|sub)[am]dp)\s`)

// feeding are the packages that results depend on. Decode engines are none: what they compute is recorded, not repeated.
var feeding = []string{"./npu/...", "./sim/unit/...", "./sim/engine", "./sim/replay", "./sim/result", "./sim/paper/...", "./sim/sweep/...", "./sim/study/...",
	"./sim/validate/...", "./workloads/...", "./traces"}

// TestNoResultDependsOnFusedInstructions compiles the packages that results depend on for processors on which Go fuses x*y + z,
// which rounds once instead of twice, and looks for such instructions. An explicit conversion, float64(x*y) + z, keeps them
// apart (Go's specification, "Floating-point operators").
func TestNoResultDependsOnFusedInstructions(t *testing.T) {
	if !simtest.Long() {
		t.Skip("compiles the packages and the standard library for two processors: minutes; left to -long")
	}
	for _, arch := range []string{"arm64", "riscv64"} {
		t.Run(arch, func(t *testing.T) {
			if found := fusedIn(t, arch, feeding...); len(found) > 0 {
				t.Errorf("fused:\n%s\naccepted: float64(x*y) + z", strings.Join(found, "\n"))
			}
			if found := fusedIn(t, arch, "./gpu/cpu"); len(found) == 0 {
				t.Error("none in gpu/cpu, which has some: this test does not see them")
			}
		})
	}
}

// fusedIn lists the fused instructions in packages, by function and line.
func fusedIn(t *testing.T, arch string, packages ...string) (found []string) {
	t.Helper()
	list := exec.Command("go", append([]string{"list", "-export", "-f", "{{if .Export}}{{.Export}}{{end}}"}, packages...)...)
	list.Dir, list.Env = filepath.Join("..", ".."), append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
	out, err := list.CombinedOutput()
	if err != nil {
		t.Skipf("NOT CHECKED: this Go does not compile for %s: %v\n%s", arch, err, out)
	}
	for _, archive := range strings.Fields(string(out)) {
		text, err := exec.Command("go", "tool", "objdump", archive).Output()
		if err != nil {
			t.Skipf("NOT CHECKED: go tool objdump: %v", err)
		}
		function := ""
		for line := range bytes.Lines(text) {
			if rest, ok := bytes.CutPrefix(line, []byte("TEXT ")); ok {
				function, _, _ = strings.Cut(string(rest), "(SB)")
			}
			if fused.Match(line) {
				found = append(found, function+": "+strings.Join(strings.Fields(string(line)), " "))
			}
		}
	}
	return found
}

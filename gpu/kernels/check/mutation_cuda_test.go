//go:build cuda

package check

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mutant is a kernel spoilt, and the check that must notice.
type mutant struct {
	file, check string
	old, with   string
	nth         int // of the places where old stands, from 0
}

func (m mutant) String() string { return fmt.Sprintf("%s: %d. %s", m.file, m.nth+1, m.old) }

// barriers is every barrier of a file between two marks, taken away.
func barriers(t *testing.T, file, from, to, check string) (out []mutant) {
	source := read(t, file)
	start := strings.Index(source, from)
	end := len(source)
	if to != "" {
		end = strings.Index(source, to)
	}
	if start < 0 || end < start {
		t.Fatalf("%s: no %q before %q", file, from, to)
	}
	const barrier = "PMPD_SYNC();"
	before := strings.Count(source[:start], barrier)
	for i := range strings.Count(source[start:end], barrier) {
		out = append(out, mutant{file, check, barrier, ";", before + i})
	}
	if len(out) == 0 {
		t.Fatalf("%s: no barrier between %q and %q", file, from, to)
	}
	return out
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../cuda", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Kernels with a barrier less, a wait less, a wrong index: the tests above must see each of them, or they would not see
// the same fault in earnest. One build spoils a place in each of several kernels, since their tests do not meet.
func TestTestsNoticeSpoiltKernels(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the emulator several times")
	}
	newRig(t).emulated(t)
	groups := [][]mutant{
		append(barriers(t, "layer.cu", "float block_sum(", "// silu and gelu", "norm"),
			mutant{"layer.cu", "norm", "f[e] += g[e]", "f[e] -= g[e]", 1},
			mutant{"layer.cu", "norm", "if (t % 32 == 0) sh[t / 32] = v;", "if (t % 32 == 0) { sh[t / 32] = v; PMPD_SYNC(); }", 0}), // a barrier for some
		append(barriers(t, "choose.cu", "choose_block", "", "choose"),
			mutant{"choose.cu", "choose-ties", "a.at < b.at", "a.at > b.at", 0},
			mutant{"choose.cu", "choose", "ld(state + 1) + advance", "ld(state + 1) + 1", 0},
			// reads what the launch before writes before it waits for it
			mutant{"choose.cu", "choose", "after_previous();", "if (ld(state + 2) == ~0u) return; after_previous();", 0}),
		append(barriers(t, "attention.cu", "void attend(", "// Of heads of more", "attention"),
			mutant{"attention.cu", "attention", "smaller(j0 + u * 4 * EACH, hi - 1)", "(j0 + u * 4 * EACH)", 0},
			mutant{"attention.cu", "attention", "st(counts + kvh, 0u)", "st(counts + kvh, 1u)", 0},
			mutant{"attention.cu", "attention", "a = i + j < n ?", "a = i + j <= n ?", 0}),
		append(barriers(t, "attention.cu", "KERNEL void __launch_bounds__(128) attn_prefill", "", "attention-prefill"),
			mutant{"attention.cu", "attention-prefill", "t * 2 + e <= last", "t * 2 + e < last", 0}),
		append(barriers(t, "gemm.cu", "void gemm(", "#define GEMM", "gemm"),
			mutant{"gemm.cu", "gemm", "cp_async_wait<STAGES - 2>()", "cp_async_wait<STAGES - 1>()", 0},
			mutant{"gemm.cu", "gemm", "m0 + i / 4, m - 1", "m0 + i / 4, m", 0}),
		// the kernels of normalised products have what the groups above and this one spoil: theirs come when those are through
		slices.Concat(barriers(t, "gemv.cu", "void gemv_half(", "// Two kernels for each", "gemv"), []mutant{
			{"gemv.cu", "gemv", "at += 2048", "at += 1024", 0},
			{"around.cu", "gemv", "smaller(PMPD_CTA_X * slots + slot, n - 1)", "(PMPD_CTA_X * slots + slot)", 0},
			{"gemv.cu", "gemv", "on = lane < lanes", "on = lane <= lanes", 0},
			{"codes.cu", "gemv", "even << 2", "even << 1", 0},
			{"gemv.cu", "gemv", "PMPD_SYNC_WARP();", ";", 0},
			{"gemv.cu", "gemv", "PMPD_SYNC_WARP();", ";", 1},
			{"gemv.cu", "gemv", "PMPD_SYNC_WARP();", ";", 2},
			{"gemv.cu", "gemv", "cp_async_wait<STAGES - 1>()", "cp_async_wait<STAGES>()", 0},
			{"around.cu", "gemv-adds", "f += h2f(ld(add2", "f -= h2f(ld(add2", 0},
		}, barriers(t, "around.cu", "struct Normed", "", "norm-gemv"), []mutant{
			{"around.cu", "norm-gemv", "pair + (i & 1) * (n / 2)", "pair + (i & 1) * (n / 2 - 1)", 0},
			{"around.cu", "norm-gemv", "fb * c + fa * s", "fb * c - fa * s", 0},
			{"around.cu", "norm-gemv", "hd - 1 - (i - half)", "hd - 1 - i", 1},
			{"around.cu", "norm-gemv", "tmax + pos) * hd;\n    st", "tmax) * hd;\n    st", 0}}),
		{{"layer.cu", "embed", "i < d", "i <= d", 0}, {"layer.cu", "rope", "fb * c + fa * s", "fb * c - fa * s", 0}},
		{{"gemm.cu", "dequant", "code << 1 |", "code << 1 &", 0}, {"bench.cu", "copy", "i < n; i += step", "i + 1 < n; i += step", 0}},
	}
	for round := 0; ; round++ {
		var now []mutant
		for _, g := range groups {
			if round < len(g) {
				now = append(now, g[round])
			}
		}
		if len(now) == 0 {
			return
		}
		lib := spoilt(t, now)
		for _, m := range now {
			t.Run(m.String(), func(t *testing.T) {
				cmd := exec.Command(os.Args[0], "-test.run=^TestKernels$/^"+m.check+"$")
				cmd.Env = append(os.Environ(), "PMPD_LIBCUDA="+lib)
				out, err := cmd.CombinedOutput()
				if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 || !strings.Contains(string(out), "--- FAIL: TestKernels/"+m.check) {
					t.Errorf("%s does not notice (%v):\n%s", m.check, err, out)
				}
			})
		}
	}
}

// spoilt builds an emulator whose kernels have these faults.
func spoilt(t *testing.T, mutants []mutant) string {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob("../cuda/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := filepath.Base(f)
		text := read(t, name)
		var spots []spot
		for _, m := range mutants {
			if m.file == name {
				spots = append(spots, m.find(t, text))
			}
		}
		slices.SortFunc(spots, func(a, b spot) int { return b.at - a.at }) // from the end: places before stay where they are
		for _, s := range spots {
			text = text[:s.at] + s.with + text[s.at+s.n:]
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("../../emu/build.sh", filepath.Join(dir, "lib"))
	cmd.Env = append(os.Environ(), "EMU_KERNELS="+dir, "EMU_FLAGS=-O0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return filepath.Join(dir, "lib", "libfakecuda.so")
}

// spot is n bytes of a file that are replaced.
type spot struct {
	at, n int
	with  string
}

func (m mutant) find(t *testing.T, text string) spot {
	t.Helper()
	at := regexp.MustCompile(regexp.QuoteMeta(m.old)).FindAllStringIndex(text, -1)
	if m.nth >= len(at) {
		t.Fatalf("%s: %q stands there %d times only", m.file, m.old, len(at))
	}
	return spot{at[m.nth][0], len(m.old), m.with}
}

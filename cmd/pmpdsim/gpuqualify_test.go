//go:build cuda && unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/qualify"
)

// rehearsed is a round of gpu qualify with a model that the emulator runs.
type rehearsed struct {
	dir     string
	status  int
	became  map[string]qualify.Status
	missing string // what gpu adopt says of it
	files   []string
}

// rehearse runs gpu qualify on the emulated GPU as a process, with variables that make its driver fail. When is called while it runs.
func rehearse(t *testing.T, variable string, when func(dir string, p *os.Process), args ...string) *rehearsed {
	t.Helper()
	m, err := cuda.Describe(0, false)
	if errors.Is(err, driver.ErrNone) {
		t.Skip(err)
	}
	if err != nil || !m.Emulated {
		t.Skipf("a GPU: this is a rehearsal (%v)", err)
	}
	r := &rehearsed{dir: filepath.Join(t.TempDir(), "bundle"), became: map[string]qualify.Status{}}
	cmd := exec.Command("pmpdsim", append([]string{"gpu", "qualify", "-o", r.dir, "--model", "testdata/tiny.json", "--prompt", "4", "--gen", "5", "--context", "4",
		"--repeats", "1"}, args...)...)
	if cmd.Env = os.Environ(); variable != "" {
		cmd.Env = append(cmd.Env, variable)
	}
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	if when != nil {
		go func() { when(r.dir, cmd.Process); close(over) }()
	} else {
		close(over)
	}
	r.status = ended(t, cmd.Wait())
	<-over
	t.Logf("status %d\n%s", r.status, said.String())
	b, err := qualify.Read(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range b.Outcomes {
		r.became[o.Step] = o.Status
	}
	if len(b.Outcomes) != len(b.Head.Steps) || b.End == nil {
		t.Errorf("the summary has %d of %d steps, and ends with %v", len(b.Outcomes), len(b.Head.Steps), b.End)
	}
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		r.files = append(r.files, e.Name())
	}
	_, r.missing, _ = pmpdsim(t, "gpu", "adopt", r.dir, "--into", "../..")
	if !strings.Contains(r.missing, " was made in emulation, and is no record of a GPU; accepted: ") {
		t.Errorf("a bundle of the emulator: %s", r.missing)
	}
	return r
}

// expect fails where steps became something else.
func (r *rehearsed) expect(t *testing.T, want map[string]qualify.Status) {
	t.Helper()
	for step, status := range want {
		if r.became[step] != status {
			t.Errorf("%s is %s, want %s", step, r.became[step], status)
		}
	}
}

func TestGPUQualifyPasses(t *testing.T) {
	r := rehearse(t, "", nil)
	if r.status != exitOK || !slices.Equal(r.files, []string{"bench.jsonl", "check.jsonl", "info.json", "kernels.log", "summary.jsonl", "traces.tar.zst"}) {
		t.Errorf("status %d, files %v", r.status, r.files)
	}
	r.expect(t, map[string]qualify.Status{"driver": qualify.OK, "symbols": qualify.OK, "info": qualify.OK, "kernels": qualify.OK, "check": qualify.OK, "check-long": qualify.OK,
		"check-shape": qualify.OK, "products": qualify.OK, "passes:tiny": qualify.OK, "traces:tiny": qualify.OK, "operators": qualify.OK})
	for _, step := range []string{"kernels", "check", "products", "passes", "traces"} {
		if strings.Contains(r.missing, "note: "+step) {
			t.Errorf("it is said that %s is missing:\n%s", step, r.missing)
		}
	}
	out, errs, code := pmpdsim(t, "gpu", "adopt", r.dir, "--into", "../..", "--rehearse")
	if code != exitOK || strings.Count(out, "would write traces/recorded/") != 8 || !strings.Contains(out, "would write docs/gpu.md, ") {
		t.Errorf("rehearsed: status %d, %s\n%s", code, errs, out)
	}
}

func TestGPUQualifyWithAKernelThatFaults(t *testing.T) {
	r := rehearse(t, "PMPD_FAKE_FAULT=silu_mul", nil, "--only", "kernels", "--only", "check", "--only", "products", "--only", "traces")
	if r.status != exitFailed {
		t.Errorf("status %d", r.status)
	}
	r.expect(t, map[string]qualify.Status{"driver": qualify.OK, "kernels": qualify.Failed, "check": qualify.Failed, "products": qualify.OK, "traces:tiny": qualify.Skipped})
	b, err := qualify.Read(r.dir)
	if err != nil || len(b.Checks) < 5 || len(b.Bench) < 5 || !strings.Contains(r.missing, "note: kernels: failed: activations: ") {
		t.Errorf("%v, %d checks, %d rows, adopt says\n%s", err, len(b.Checks), len(b.Bench), r.missing)
	}
}

func TestGPUQualifyWithAStepThatHangs(t *testing.T) {
	r := rehearse(t, "PMPD_FAKE_HANG=dequant", nil, "--limit", "10s", "--only", "kernels", "--only", "products")
	r.expect(t, map[string]qualify.Status{"kernels": qualify.Killed, "info": qualify.OK, "products": qualify.OK})
	b, err := qualify.Read(r.dir)
	if err != nil || r.status != exitFailed || len(b.Checks) < 5 || !strings.Contains(r.missing, "note: kernels: killed: it ran past its limit of 10s") {
		t.Errorf("%v, status %d, %d checks, adopt says\n%s", err, r.status, len(b.Checks), r.missing)
	}
}

func TestGPUQualifyAtTheEndOfTheBudget(t *testing.T) {
	r := rehearse(t, "PMPD_FAKE_HANG=dequant", nil, "--budget", "8s", "--limit", "5s", "--only", "kernels", "--only", "products", "--only", "traces")
	r.expect(t, map[string]qualify.Status{"info": qualify.OK, "kernels": qualify.Killed, "products": qualify.Skipped, "traces:tiny": qualify.Skipped})
	if !strings.Contains(r.missing, "note: products: skipped: its limit of 5s does not fit the ") {
		t.Errorf("adopt says\n%s", r.missing)
	}
}

func TestGPUQualifyInterrupted(t *testing.T) {
	r := rehearse(t, "", func(dir string, p *os.Process) {
		for range 60_000 {
			if text, err := os.ReadFile(filepath.Join(dir, qualify.Checks)); err == nil && len(text) > 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		_ = p.Signal(syscall.SIGINT)
	}, "--only", "kernels", "--only", "check", "--only", "products")
	if r.status != exitSignal+int(syscall.SIGINT) {
		t.Errorf("status %d", r.status)
	}
	r.expect(t, map[string]qualify.Status{"driver": qualify.OK, "products": qualify.Skipped})
	if !strings.Contains(r.missing, "note: products: skipped: interrupted (interrupt)") {
		t.Errorf("adopt says\n%s", r.missing)
	}
}

func TestGPUQualifyOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=80k"); err != nil {
		t.Skipf("no small disk: %v", err)
	}
	defer func() { _ = syscall.Unmount(dir, 0) }()
	out := filepath.Join(dir, "bundle")
	cmd := exec.Command("pmpdsim", "gpu", "qualify", "-o", out, "--model", "testdata/tiny.json", "--prompt", "4", "--gen", "5", "--context", "4", "--repeats", "1",
		"--only", "kernels", "--only", "products")
	said, err := cmd.CombinedOutput()
	t.Logf("%s", said)
	if strings.Contains(string(said), "no GPU") {
		t.Skip("no GPU")
	}
	b, bad := qualify.Read(out)
	if bad != nil || ended(t, err) != exitFailed || b.End == nil || !strings.Contains(b.End.Reason, "no space left on device") || len(b.Outcomes) != len(b.Head.Steps) || len(b.Checks) == 0 {
		t.Errorf("%v, status %v, %+v", bad, err, b)
	}
}

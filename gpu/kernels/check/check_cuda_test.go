//go:build cuda

package check

import (
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
)

var update = flag.Bool("update", false, "write testdata/gemv.golden anew")

// newRig opens the device for a test.
func newRig(t *testing.T) *rig {
	t.Helper()
	r, err := open(0)
	if errors.Is(err, driver.ErrNone) {
		t.Skipf("%v; gpu/emu/build.sh DIR and PMPD_LIBCUDA=DIR/libfakecuda.so make one", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.device.Close)
	return r.with(t)
}

// emulated tests say things about the emulator alone.
func (r *rig) emulated(t *testing.T) {
	t.Helper()
	if !r.device.Info.Emulated() {
		t.Skip("a GPU: this is a test of the emulator")
	}
}

// TestKernels runs the checks; in emulation with threads and blocks in order and in other orders, where accesses to global
// memory are followed, too.
func TestKernels(t *testing.T) {
	launched := map[string]bool{}
	ran := 0
	for _, c := range All() {
		t.Run(c.Name, func(t *testing.T) {
			ran++
			seeds := []string{"0", "1", "2", "3", "4", "5", "6"}
			if testing.Short() {
				seeds = seeds[:3]
			}
			for _, seed := range seeds {
				t.Setenv("PMPD_EMU_SEED", seed)
				if seed != "0" {
					t.Setenv("PMPD_EMU_RACES", "1")
				}
				r := newRig(t)
				t.Run("seed "+seed, func(t *testing.T) { c.run(t, r.with(t)) })
				r.device.Close()
				for k := range r.launched {
					launched[k] = true
				}
				if !r.device.Info.Emulated() {
					return // it takes its own order
				}
			}
		})
	}
	for _, k := range kernels.Names() {
		if ran == len(All()) && !launched[k] {
			t.Errorf("no check launches %s", k)
		}
	}
}

// TestGoldenIsWrittenAnew writes what TestKernels/golden reads, if that is asked for.
func TestGoldenIsWrittenAnew(t *testing.T) {
	if !*update {
		t.Skip("not asked for: -update")
	}
	r := newRig(t)
	r.emulated(t)
	if err := os.WriteFile("../testdata/gemv.golden", []byte(products(r)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestRun runs all checks on one device, and each row comes before the next check.
func TestRun(t *testing.T) {
	newRig(t)
	var names []string
	err := Run(t.Context(), 0, Names(), func(row Row) error {
		if names = append(names, row.Check); row.Wrong != "" {
			t.Errorf("%s: %s", row.Check, row.Wrong)
		}
		return nil
	})
	var want []string
	for _, c := range All() {
		want = append(want, c.Name)
	}
	if err != nil || !slices.Equal(names, want) || !slices.Equal(want, Names()) {
		t.Errorf("%v: %v, want %v, and named are %v", err, names, want, Names())
	}
	full := errors.New("no space left")
	if err := Run(t.Context(), 0, Names(), func(Row) error { return full }); !errors.Is(err, full) {
		t.Errorf("a row that could not be written: %v", err)
	}
}

// TestFindings: a check goes on after an error, and ends at what is fatal; other panics pass.
func TestFindings(t *testing.T) {
	f := &findings{}
	f.collect(func() {
		f.Helper()
		f.Errorf("%d is off", 1)
		f.Fatalf("%d is NaN", 2)
		f.Errorf("never")
	})
	f.collect(func() { f.Fatal(errors.New("broken")) })
	if got := strings.Join(f.texts, "; "); got != "1 is off; 2 is NaN; broken" {
		t.Errorf("found %s", got)
	}
	defer func() {
		if recover() != "other" {
			t.Error("a panic was swallowed")
		}
	}()
	f.collect(func() { panic("other") })
}

//go:build cuda

package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
)

// The fake driver plays the machines on which nothing can run, so that what a program says there can be tested.
func TestTheFakeDriverPlaysOtherMachines(t *testing.T) {
	newRig(t).emulated(t)
	load := func() error {
		device, err := driver.Open(0)
		if err != nil {
			return err
		}
		defer device.Close()
		return device.Do(func() error {
			if _, err := device.Load("kernels", kernels.PTX(10*device.Info.Major), driver.Needs{CUDA: kernels.CUDA, Major: 8}); err != nil {
				return err
			}
			_, err := driver.Alloc(1 << 20)
			return err
		})
	}
	for _, c := range []struct{ name, value, want string }{
		{"PMPD_FAKE_DRIVER", "11070", "CUDA 11.7"}, // one before the PTX's
		{"PMPD_FAKE_DRIVER", "11080", ""},
		{"PMPD_FAKE_CC", "7.5", "compute capability 7.5"},
		{"PMPD_FAKE_CC", "8.0", ""},
		{"PMPD_FAKE_MEMORY", "1000000", "out of memory"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			switch err := load(); {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.want))):
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// The emulator's binary16 is exact: its quick ways agree with its slow ones, with and without the host's instructions
// for it.
func TestTheEmulatorsHalf(t *testing.T) {
	newRig(t).emulated(t)
	ways := [][]string{nil}
	if cpu, err := os.ReadFile("/proc/cpuinfo"); err == nil && strings.Contains(string(cpu), " f16c") && strings.Contains(string(cpu), " fma") {
		ways = append(ways, []string{"-mf16c", "-mfma"})
	}
	for _, flags := range ways {
		t.Run(strings.Join(append([]string{"plain"}, flags...), " "), func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "half_test")
			args := append([]string{"-std=c++17", "-O2", "-ffp-contract=off", "-o", program, "../../emu/half_test.cpp"}, flags...)
			if out, err := exec.Command("g++", args...).CombinedOutput(); err != nil {
				t.Fatalf("building: %v\n%s", err, out)
			}
			if out, err := exec.Command(program).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

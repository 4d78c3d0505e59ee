//go:build cuda

package check

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
)

// What would be luck on a GPU is an error in the emulator, and every later call of the context answers it. So each has
// a process of its own.
func TestTheEmulatorFindsFaults(t *testing.T) {
	for _, c := range []struct {
		name string
		want string // of the driver
		said string // of the emulator
		run  func(r *rig) error
	}{
		{"a vector one value too short", "an illegal memory access", "gemv_ap3, block (0,0,0), thread (8,0,0): store of 2 bytes", func(r *rig) error {
			m := newPlaned(source(1), 9, 256)
			return r.launch(kernels.Gemv(3, 9, 256), poison[uint16](r, 8), put(r, m.planes), put(r, m.tables[3]), put(r, make([]uint16, 256)), nil, nil, nil, 9, 256)
		}},
		{"memory that was freed", "an illegal memory access", "gelu, block (0,0,0), thread (0,0,0): load of 16 bytes", func(r *rig) error {
			x := put(r, make([]uint16, 64))
			r.do(func() error { return driver.Free(x) })
			return r.launch(kernels.Gelu(64, 1), poison[uint16](r, 64), x, 64)
		}},
		{"a pointer that no vector load can take", "misaligned address", "gelu, block (0,0,0), thread (0,0,0): load of 16 bytes", func(r *rig) error {
			return r.launch(kernels.Gelu(64, 1), poison[uint16](r, 64), put(r, make([]uint16, 128))+2, 64)
		}},
		{"a kernel that begins early and does not wait", "unspecified launch failure", "gelu, block (0,0,0), thread (0,0,0): store at ", func(r *rig) error {
			x := put(r, make([]uint16, 64))
			args := new(driver.Args).Pointer(poison[uint16](r, 64)).Pointer(x).Int(64)
			return r.device.Do(func() error {
				f, err := r.module.Kernel("gelu")
				if err != nil {
					return err
				}
				l := kernels.Gelu(64, 1)
				if err := f.Launch(driver.Dim{Grid: l.Grid, Block: l.Block, Early: true}, r.stream, args); err != nil {
					return err
				}
				return r.stream.Wait()
			})
		}},
		{"a shuffle with half a warp", "unspecified launch failure", "add_norm, block (0,0,0), thread (32,0,0): exchanges values with its warp, of which 16 lanes are gone", func(r *rig) error {
			l := kernels.Norm(1)
			l.Block[0] = 48
			x := put(r, make([]uint16, 4096))
			return r.launch(l, poison[uint16](r, 4096), x, nil, nil, x, nil, 4096, float32(1))
		}},
		{"a result that is read as constant", "unspecified launch failure",
			"copy, block (0,0,0), thread (1,0,0): race: reads at", func(r *rig) error {
				x := put(r, make([]uint16, 4096))
				return r.launch(kernels.Copy(1), x+16, x, 500)
			}},
		{"what one thread reads and another writes", "unspecified launch failure",
			"copy, block (0,0,0), thread (1,0,0): race: writes what is read at", func(r *rig) error {
				x := put(r, make([]uint16, 4096))
				return r.launch(kernels.Copy(1), x, x+16, 500)
			}},
		{"blocks that write to one place", "unspecified launch failure",
			"rope_append, block (2,0,0), thread (0,0,0): race: writes what is written at", func(r *rig) error {
				cache := put(r, make([]uint16, 8*64))
				return r.launch(kernels.RopeAppend(1, 1, 64, 1), put(r, make([]uint16, 3*64)), cache, cache,
					put(r, make([]float32, 8*64)), put(r, []uint32{0, 0, 0, 0}), 1, 1, 64, 64, 8)
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.emulated(t)
			if os.Getenv("PMPD_TEST_FAULT") == "" {
				cmd := exec.Command(os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v")
				cmd.Env = append(os.Environ(), "PMPD_TEST_FAULT=1", "PMPD_EMU_RACES=1")
				if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "fake driver: "+c.said) {
					t.Fatalf("%v:\n%s", err, out)
				}
				return
			}
			if err := c.run(r); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if err := r.launch(kernels.Empty()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the call after: error %v, want %q", err, c.want)
			}
		})
	}
}

//go:build cuda

package kernels_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
)

// Every kernel against the same in float64, on the device that is there: with PMPD_LIBCUDA at gpu/emu's libfakecuda.so,
// the emulator, which runs threads and blocks in shuffled orders and holds every access against what was allocated.

// rig is a device with the kernels loaded.
type rig struct {
	t      *testing.T
	device *driver.Device
	module driver.Module
	stream driver.Stream
}

// newRig opens the device for a test.
func newRig(t *testing.T) *rig {
	t.Helper()
	device, err := driver.Open(0)
	if errors.Is(err, driver.ErrNone) {
		t.Skipf("%v; gpu/emu/build.sh DIR and PMPD_LIBCUDA=DIR/libfakecuda.so make one", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(device.Close)
	r := &rig{t: t, device: device}
	r.do(func() (err error) {
		if r.module, err = device.Load("kernels", kernels.PTX, driver.Needs{CUDA: kernels.CUDA, Major: 8}); err != nil {
			return err
		}
		r.stream, err = driver.NewStream()
		return err
	})
	return r
}

func (r *rig) do(f func() error) {
	r.t.Helper()
	if err := r.device.Do(f); err != nil {
		r.t.Fatal(err)
	}
}

// emulated tests say things about the emulator alone.
func (r *rig) emulated() {
	r.t.Helper()
	if !r.device.Info.Emulated() {
		r.t.Skip("a GPU: this is a test of the emulator")
	}
}

// shuffled runs a test with threads and blocks in order and in two other orders.
func shuffled(t *testing.T, test func(*testing.T, *rig)) {
	for _, seed := range []string{"0", "1", "2"} {
		t.Run("seed "+seed, func(t *testing.T) {
			t.Setenv("PMPD_EMU_SEED", seed)
			r := newRig(t)
			if seed != "0" && !r.device.Info.Emulated() {
				t.Skip("a GPU takes its own order")
			}
			test(t, r)
		})
	}
}

// put makes an array on the device.
func put[T driver.Value](r *rig, values []T) driver.Pointer {
	r.t.Helper()
	var p driver.Pointer
	r.do(func() (err error) {
		if p, err = driver.Alloc(driver.Bytes[T](len(values))); err == nil {
			err = driver.Upload(p, values)
		}
		return err
	})
	return p
}

// poison makes an array of n values that are NaN, as binary16 and as binary32, so that what a kernel leaves out shows.
func poison[T driver.Value](r *rig, n int) driver.Pointer {
	r.t.Helper()
	var p driver.Pointer
	r.do(func() (err error) {
		if p, err = driver.Alloc(driver.Bytes[T](n)); err == nil {
			err = driver.Fill(p, 0xff, driver.Bytes[T](n), r.stream)
		}
		return err
	})
	return p
}

// get reads an array back.
func get[T driver.Value](r *rig, p driver.Pointer, n int) []T {
	r.t.Helper()
	out := make([]T, n)
	r.do(func() error { return driver.Download(out, p) })
	return out
}

// launch runs a kernel and answers what became of it. Arguments are held against the launch table.
func (r *rig) launch(l kernels.Launch, args ...any) error {
	r.t.Helper()
	k, ok := kernels.Lookup(l.Kernel)
	if !ok || len(args) != len(k.Params) {
		r.t.Fatalf("%s takes %d parameters, not %d", l.Kernel, len(k.Params), len(args))
	}
	var packed driver.Args
	for i, arg := range args {
		kind := kernels.Pointer
		switch v := arg.(type) {
		case driver.Pointer:
			packed.Pointer(v)
		case nil:
			packed.Pointer(0)
		case int:
			packed.Int(v)
			kind = kernels.Int
		case float32:
			packed.Float(v)
			kind = kernels.Float
		default:
			r.t.Fatalf("%s: parameter %s is a %T", l.Kernel, k.Names[i], arg)
		}
		if kind != k.Params[i] {
			r.t.Fatalf("%s: parameter %s is %c, given %c", l.Kernel, k.Names[i], k.Params[i], kind)
		}
	}
	return r.device.Do(func() error {
		f, err := r.module.Kernel(l.Kernel)
		if err != nil {
			return err
		}
		if err := f.Launch(driver.Dim{Grid: l.Grid, Block: l.Block}, r.stream, &packed); err != nil {
			return err
		}
		return r.stream.Wait()
	})
}

// run launches a kernel that must succeed.
func (r *rig) run(l kernels.Launch, args ...any) {
	r.t.Helper()
	if err := r.launch(l, args...); err != nil {
		r.t.Fatal(err)
	}
}

// ---- numbers ----

func half(v float64) uint16 { return float16.Fromfloat32(float32(v)).Bits() }
func wide(h uint16) float64 { return float64(float16.Frombits(h).Float32()) }

func wides(h []uint16) []float64 {
	out := make([]float64, len(h))
	for i := range h {
		out[i] = wide(h[i])
	}
	return out
}

// source is a seeded stream of numbers.
func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// normal makes n binary16 numbers of a normal distribution.
func normal(r *rand.Rand, n int, mean, deviation float64) []uint16 {
	out := make([]uint16, n)
	for i := range out {
		out[i] = half(mean + deviation*r.NormFloat64())
	}
	return out
}

// near fails where the error of got, relative to the length of want, is above most, or where a value is far off by
// itself.
func near(t *testing.T, what string, got []uint16, want []float64, most float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	var off, all float64
	for i := range got {
		g := wide(got[i])
		if math.IsNaN(g) {
			t.Fatalf("%s: value %d is NaN, want %g", what, i, want[i])
		}
		off += (g - want[i]) * (g - want[i])
		all += want[i] * want[i]
	}
	scale := math.Sqrt(all / float64(len(want)))
	for i := range got {
		if g := wide(got[i]); math.Abs(g-want[i]) > 30*most*max(scale, math.Abs(want[i])) {
			t.Fatalf("%s: value %d is %g, want %g", what, i, g, want[i])
		}
	}
	if e := math.Sqrt(off / all); !(e <= most) {
		t.Errorf("%s: relative error %.2e, accepted: up to %.1e", what, e, most)
	}
}

// close1 fails where two numbers differ by more than a share of the wanted one or, near 0, by that much.
func close1(t *testing.T, what string, got float32, want, most float64) {
	t.Helper()
	if d := math.Abs(float64(got) - want); !(d <= most*max(1, math.Abs(want))) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestMain(m *testing.M) {
	if lib := os.Getenv("PMPD_LIBCUDA"); lib == "" {
		fmt.Println("PMPD_LIBCUDA is not set: kernels run on a GPU or not at all")
	}
	os.Exit(m.Run())
}

//go:build cuda

package check

import (
	"errors"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
)

// reporter is what a check tells its findings: *testing.T, or the findings of a Row. The methods that begin with Fatal
// do not return.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Fatal(args ...any)
}

// rig is a device with the kernels loaded.
type rig struct {
	t        reporter
	device   *driver.Device
	module   driver.Module
	stream   driver.Stream
	owned    []driver.Pointer // what the check under way has allocated
	launched map[string]bool  // kernels
}

// open opens a device and has the driver compile the kernels.
func open(number int) (*rig, error) {
	device, err := driver.Open(number)
	if err != nil {
		return nil, err
	}
	r := &rig{device: device, launched: map[string]bool{}}
	err = device.Do(func() (err error) {
		capability, err := kernels.Capability(10*device.Info.Major + device.Info.Minor)
		if err != nil {
			return err
		}
		if r.module, err = device.Load("kernels", kernels.PTX(capability), driver.Needs{CUDA: kernels.CUDA, Major: 8}); err != nil {
			return err
		}
		r.stream, err = driver.NewStream()
		return err
	})
	if err != nil {
		device.Close()
		return nil, err
	}
	return r, nil
}

// free frees what a check has allocated.
func (r *rig) free() error {
	return r.device.Do(func() (err error) {
		for _, p := range r.owned {
			err = errors.Join(err, driver.Free(p))
		}
		r.owned = nil
		return err
	})
}

func (r *rig) do(f func() error) {
	r.t.Helper()
	if err := r.device.Do(f); err != nil {
		r.t.Fatal(err)
	}
}

// array allocates bytes and has them filled.
func (r *rig) array(bytes int64, fill func(driver.Pointer) error) (p driver.Pointer) {
	r.t.Helper()
	r.do(func() (err error) {
		if p, err = driver.Alloc(bytes); err != nil {
			return err
		}
		r.owned = append(r.owned, p)
		return fill(p)
	})
	return p
}

// put makes an array on the device.
func put[T driver.Value](r *rig, values []T) driver.Pointer {
	r.t.Helper()
	return r.array(driver.Bytes[T](len(values)), func(p driver.Pointer) error { return driver.Upload(p, values) })
}

// poison makes an array of n values that are NaN, as binary16 and as binary32, so that what a kernel leaves out shows.
func poison[T driver.Value](r *rig, n int) driver.Pointer {
	r.t.Helper()
	bytes := driver.Bytes[T](n)
	return r.array(bytes, func(p driver.Pointer) error { return driver.Fill(p, 0xff, bytes, r.stream) })
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
	r.launched[l.Kernel] = true
	return r.device.Do(func() error {
		f, err := r.module.Kernel(l.Kernel)
		if err != nil {
			return err
		}
		if err := f.Allow(kernels.MaxShared(l.Kernel)); err != nil {
			return err
		}
		if err := f.Launch(driver.Dim{Grid: l.Grid, Block: l.Block, Shared: l.Shared}, r.stream, &packed); err != nil {
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

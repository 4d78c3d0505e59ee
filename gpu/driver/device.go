//go:build cuda

package driver

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"sync"

	"gorgonia.org/cu"
)

// Device is a GPU and the OS thread that calls its driver: a CUDA context is current in one thread.
type Device struct {
	Info Info

	mu     sync.Mutex
	closed bool
	work   chan task
	ended  chan struct{}
}

type task struct {
	do   func() error
	done chan outcome
}

type outcome struct {
	err   error
	panic any
}

// Open opens a GPU, by its number from 0. Without one the error wraps ErrNone.
func Open(number int) (*Device, error) {
	n, err := cu.NumDevices()
	if why := Why(); why != "" {
		return nil, fmt.Errorf("%w: %s", ErrNone, why)
	}
	if err := told("cuDeviceGetCount", err); err != nil && !Is(err, NoDevice) {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	if n == 0 {
		return nil, fmt.Errorf("%w: the NVIDIA driver sees none", ErrNone)
	}
	if number < 0 || number >= n {
		return nil, fmt.Errorf("GPU %d: there is none; accepted: 0 to %d", number, n-1)
	}
	d := &Device{work: make(chan task), ended: make(chan struct{})}
	ready := make(chan error)
	go d.serve(number, ready)
	if err := <-ready; err != nil {
		return nil, fmt.Errorf("opening GPU %d: %w", number, err)
	}
	return d, nil
}

// serve runs in the thread of the device. A thread that ran CUDA calls is not given back to other goroutines.
func (d *Device) serve(number int, ready chan<- error) {
	runtime.LockOSThread()
	dev, err := d.start(number)
	ready <- err
	if err != nil {
		return
	}
	for t := range d.work {
		t.done <- guarded(t.do)
	}
	_ = dev.ReleasePrimaryCtx() // frees all that is left on the device; an error changes nothing any more
	close(d.ended)
}

// guarded returns a panic to the goroutine that called Do.
func guarded(do func() error) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			o.panic = p
		}
	}()
	return outcome{err: do()}
}

// start makes the device's primary context current, which the driver shares with other users of CUDA in the process.
func (d *Device) start(number int) (cu.Device, error) {
	dev, err := cu.GetDevice(number)
	if err != nil {
		return dev, told("cuDeviceGet", err)
	}
	if d.Info, err = describe(dev); err != nil {
		return dev, err
	}
	ctx, err := dev.RetainPrimaryCtx()
	if err != nil {
		return dev, told("cuDevicePrimaryCtxRetain", err)
	}
	return dev, told("cuCtxSetCurrent", cu.SetCurrentContext(ctx))
}

func describe(dev cu.Device) (i Info, err error) {
	if i.Name, err = dev.Name(); err != nil {
		return i, told("cuDeviceGetName", err)
	}
	if i.Memory, err = dev.TotalMem(); err != nil {
		return i, told("cuDeviceTotalMem", err)
	}
	get := func(a cu.DeviceAttribute) int { // 0 where a driver does not know it
		n, err := dev.Attribute(a)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	i.Major, i.Minor = get(cu.ComputeCapabilityMajor), get(cu.ComputeCapabilityMinor)
	i.SMs, i.L2 = get(cu.MultiprocessorCount), int64(get(cu.L2CacheSize))
	i.SMkHz, i.MemkHz = int64(get(cu.ClockRate)), int64(get(cu.MemoryClockRate))
	i.API = max(cu.Version(), 0)
	if !i.Emulated() {
		i.Driver = kernelModule()
	}
	return i, nil
}

var moduleVersion = regexp.MustCompile(`Module[^\n]*? (\d+\.\d+(\.\d+)?)\b`)

// kernelModule is the version of the driver by the kernel module, which is not part of the driver API. Empty where
// /proc does not have it, as in WSL.
func kernelModule() string {
	text, err := os.ReadFile("/proc/driver/nvidia/version")
	if m := moduleVersion.FindSubmatch(text); err == nil && m != nil {
		return string(m[1])
	}
	return ""
}

// Do runs a function in the thread of the device, one at a time, and waits for it.
func (d *Device) Do(f func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return errors.New("the GPU is closed")
	}
	t := task{f, make(chan outcome)}
	d.work <- t
	o := <-t.done
	if o.panic != nil {
		panic(o.panic)
	}
	return o.err
}

// Close releases the device, with everything that is still allocated on it.
func (d *Device) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.closed = true
		close(d.work)
		<-d.ended
	}
}

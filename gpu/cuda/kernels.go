//go:build cuda

package cuda

import (
	"errors"
	"fmt"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
	"github.com/pmpdsim/pmpdsim/traces"
)

// KernelSet is the kernels on a device.
type KernelSet struct {
	module driver.Module
	info   kernels.Info
	// waits: kernels wait for the one before them themselves, as far as they can, and may be launched before that has ended; early: they are.
	waits  bool
	early  bool
	byName map[string]driver.Kernel
	params map[string][]kernels.Param
}

// LoadKernels has the driver compile the kernels. It must be called in the device's thread.
func LoadKernels(d *driver.Device) (*KernelSet, error) {
	needs := driver.Needs{CUDA: kernels.CUDA, Major: 8} // PTX for sm_80
	capability, err := kernels.Capability(10*d.Info.Major + d.Info.Minor)
	if err != nil {
		return nil, err
	}
	k := &KernelSet{info: kernels.About(capability), waits: capability >= kernels.Hopper && d.Early(), byName: map[string]driver.Kernel{}, params: map[string][]kernels.Param{}}
	if k.module, err = d.Load("the kernels", kernels.PTX(capability), needs); err != nil {
		return nil, err
	}
	for _, name := range kernels.Names() {
		known, _ := kernels.Lookup(name)
		if k.byName[name], err = k.module.Kernel(name); err != nil {
			return nil, errors.Join(err, k.Unload())
		}
		if err := k.byName[name].Allow(kernels.MaxShared(name)); err != nil {
			return nil, errors.Join(err, k.Unload())
		}
		k.params[name] = known.Params
	}
	return k, nil
}

// Unload frees the kernels.
func (k *KernelSet) Unload() error { return k.module.Unload() }

// Launch puts a kernel into a stream. Parameters are driver.Pointer, int and float32, in the kernel's order.
func (k *KernelSet) Launch(l kernels.Launch, s driver.Stream, params ...any) error {
	args, want := new(driver.Args), k.params[l.Kernel]
	if len(params) != len(want) {
		panic(fmt.Sprintf("cuda: %s with %d parameters instead of %d", l.Kernel, len(params), len(want)))
	}
	for i, p := range params {
		got := kernels.Pointer
		switch v := p.(type) {
		case driver.Pointer:
			args.Pointer(v)
		case int:
			args.Int(v)
			got = kernels.Int
		case float32:
			args.Float(v)
			got = kernels.Float
		}
		if got != want[i] {
			panic(fmt.Sprintf("cuda: parameter %d of %s is %T", i, l.Kernel, p))
		}
	}
	return k.byName[l.Kernel].Launch(driver.Dim{Grid: l.Grid, Block: l.Block, Shared: l.Shared, Early: k.early && kernels.Waits(l.Kernel)}, s, args)
}

// about says what the PTX is.
func (k *KernelSet) about() *traces.Kernels {
	i := k.info
	return &traces.Kernels{PTXSHA256: i.PTXSHA256, SourceSHA256: i.SourceSHA256, Compiler: i.Compiler, Target: i.Target, ISA: i.ISA}
}

// uses returns the registers and spilled bytes per thread of each kernel, as the driver compiled them.
func (k *KernelSet) uses() (registers, spills map[string]int, err error) {
	registers, spills = map[string]int{}, map[string]int{}
	for name, kernel := range k.byName {
		if registers[name], spills[name], err = kernel.Uses(); err != nil {
			return nil, nil, err
		}
	}
	return registers, spills, nil
}

// Ceilings measures the device's peak rates. On an emulated device it runs the same calls with less data.
func (k *KernelSet) Ceilings(d *driver.Device) (driver.Ceilings, error) {
	l := kernels.Copy(d.Info.SMs)
	bytes := int64(1 << 30)
	if d.Info.Emulated() {
		bytes = 1 << 20
	}
	c, err := driver.Measure(driver.Probes{
		Nothing: func(s driver.Stream) error { return k.Launch(kernels.Empty(), s) },
		Copy: func(to, from driver.Pointer, bytes int64, s driver.Stream) error {
			return k.Launch(l, s, to, from, int(bytes/16))
		},
		Bytes: bytes,
	})
	if err == nil && c.CopyBps == 0 && !d.Info.Emulated() {
		err = errors.New("three copies on the GPU took no longer than one: its events do not tell times")
	}
	return c, err
}

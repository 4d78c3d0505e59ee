//go:build cuda

package cuda

import (
	"errors"
	"fmt"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/traces"
)

// Describe opens a GPU, compiles the kernels and says what there is, without a model.
func Describe(number int, calibrate bool) (m *Machine, err error) {
	device, err := driver.Open(number)
	if err != nil {
		return nil, err
	}
	defer device.Close()
	err = device.Do(func() error {
		k, err := LoadKernels(device)
		if err != nil {
			return err
		}
		m, err = describe(device, k, calibrate)
		return errors.Join(err, k.Unload())
	})
	return m, err
}

// describe runs on the device.
func describe(device *driver.Device, k *KernelSet, calibrate bool) (m *Machine, err error) {
	info := device.Info
	m = &Machine{GPU: describeGPU(info), Kernels: k.about(), Emulated: info.Emulated()}
	if m.FreeBytes, _, err = driver.Memory(); err != nil {
		return nil, err
	}
	if m.Emulated {
		return m, nil
	}
	if m.Kernels.Regs, m.Kernels.Spills, err = k.uses(); err != nil {
		return nil, err
	}
	if !calibrate {
		return m, nil
	}
	c, err := k.Ceilings(device)
	if err != nil {
		return nil, fmt.Errorf("measuring the GPU: %w", err)
	}
	m.Calib = &traces.Calib{CopyBps: &c.CopyBps, NodeGapNS: some(c.NodeGap.Nanoseconds()), EventNS: some(c.Event.Nanoseconds()), Clock: "cuEvent"}
	return m, nil
}

// describeGPU leaves out what the driver does not say. Of an emulation only the name means anything.
func describeGPU(i driver.Info) *traces.GPU {
	g := &traces.GPU{Name: i.Name}
	if i.Emulated() {
		return g
	}
	g.CC, g.Driver = fmt.Sprintf("%d.%d", i.Major, i.Minor), i.Driver
	g.SMs, g.API = known(i.SMs), known(i.API)
	g.MemBytes, g.L2Bytes, g.SMkHzMax, g.MemkHz = known(i.Memory), known(i.L2), known(i.SMkHz), known(i.MemkHz)
	return g
}

// known is nil for 0.
func known[T int | int64](v T) *T {
	if v == 0 {
		return nil
	}
	return &v
}

func some[T any](v T) *T { return &v }

// tell is what a trace says of the machine.
func (b *backend) tell(m *Machine) gpu.About {
	a := gpu.About{Source: traces.FromGPU, Mode: traces.Graph, GPU: m.GPU, Kernels: m.Kernels, Calib: m.Calib, Ops: b.ops, Launch: b.launchOf, Now: b.now}
	if m.Emulated {
		a.Source = traces.FromEmulation
	}
	if b.every == 1 {
		a.Mode = traces.Events
	}
	return a
}

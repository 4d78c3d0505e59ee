//go:build cuda

package cuda

import (
	"fmt"
	"slices"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// backend is a model on a GPU. Everything below device is touched in its thread only.
type backend struct {
	device *driver.Device
	shape  *weights.Model
	ops    []gpu.Op             // of a decode pass: one kernel each
	rowOps []gpu.Op             // of a chunk of prefill
	every  int                  // passes from one that is taken apart to the next; 0: none is
	rows   int                  // of a chunk of prefill
	now    func() time.Duration // nil: the host times nothing
	about  gpu.About

	bits    []int // that are loaded
	model   *model
	kernels *KernelSet
	buffers *buffers
	stream  driver.Stream
	memory  memory
	open    map[*sequence]bool
}

var _ gpu.Backend = (*backend)(nil)

// Open puts a model on a GPU. Bits that no pass will use need not be there: options may leave them out.
func Open(source weights.Source, o Options) (gpu.Backend, error) {
	bits, err := precisions(o.Bits)
	if err != nil {
		return nil, err
	}
	if o.Rows == 0 {
		o.Rows = defaultRows
	}
	if o.Rows < 0 {
		return nil, fmt.Errorf("prefill of %d rows at a time; accepted: 1 or more, 0 for %d", o.Rows, defaultRows)
	}
	if o.SampleOps < 0 {
		return nil, fmt.Errorf("every %d-th pass taken apart; accepted: 0 for none, 1, 2, …", o.SampleOps)
	}
	m := source.Model()
	if err := Runs(m); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	err = kernels.Check(kernels.Shape{Hidden: m.Hidden, FFN: m.FFN, Heads: m.Heads, KVHeads: m.KVHeads, HeadDim: m.HeadDim,
		RotaryDim: m.RotaryDim, Vocab: m.Vocab})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	device, err := driver.Open(o.Device)
	if err != nil {
		return nil, err
	}
	b := &backend{device: device, shape: m, ops: gpu.Launches(m.Model), rowOps: gpu.Ops(m.Model), every: o.SampleOps, rows: o.Rows, now: o.Now, bits: bits, open: map[*sequence]bool{}}
	if device.Info.Emulated() {
		b.now = nil
	}
	err = device.Do(func() error { return b.load(source, o) })
	if err != nil {
		_ = b.Close() // what went wrong first counts
		return nil, err
	}
	return b, nil
}

// load does what Open does on the device: kernels first, since they tell soonest that nothing will come of it.
func (b *backend) load(source weights.Source, o Options) (err error) {
	if b.kernels, err = LoadKernels(b.device); err != nil {
		return err
	}
	if b.stream, err = driver.NewStream(); err != nil {
		return err
	}
	machine, err := describe(b.device, b.kernels, o.Calibrate)
	if err != nil {
		return err
	}
	b.about = b.tell(machine)
	parts := partsApart(b.ops, o.Apart)
	plan := plan{b.shape, b.bits, b.rows, b.splits(b.shape.MaxPositions), parts.memory(b.ops)}
	if err := room(plan); err != nil {
		return err
	}
	u := uploader{bits: b.bits, apart: parts, loaded: o.Loaded}
	b.model, err = u.load(source)
	b.memory.owned = append(b.memory.owned, u.owned...)
	if err != nil {
		return err
	}
	if b.buffers, err = newBuffers(plan, &b.memory); err != nil {
		return fmt.Errorf("buffers for a pass of %s: %w", b.shape.Name, err)
	}
	return driver.Fill(b.buffers.counts, 0, countBytes(b.shape), b.stream)
}

// About describes the backend.
func (b *backend) About() gpu.About { return b.about }

// Close frees the device.
func (b *backend) Close() error {
	err := b.device.Do(func() error {
		frees := []func() error{}
		for s := range b.open {
			frees = append(frees, s.free)
		}
		frees = append(frees, b.memory.free)
		if b.kernels != nil {
			frees = append(frees, b.kernels.Unload)
		}
		if b.stream != (driver.Stream{}) {
			frees = append(frees, b.stream.Close)
		}
		return all(frees)
	})
	b.device.Close()
	return err
}

// all calls all and returns the first error: after a fault every call has one.
func all(frees []func() error) (first error) {
	for _, free := range frees {
		if err := free(); first == nil {
			first = err
		}
	}
	return first
}

// Start makes an empty KV cache.
func (b *backend) Start(positions int, cache formats.Cache) (gpu.Sequence, error) {
	if err := RunsCache(cache); err != nil {
		return nil, err
	}
	if err := Fits(b.shape, positions); err != nil {
		return nil, err
	}
	s := &sequence{backend: b, positions: positions, graphs: map[graphOf]*driver.Graph{}}
	err := b.device.Do(func() error {
		if err := b.cacheFits(positions); err != nil {
			return err
		}
		if err := s.allocate(); err != nil {
			_ = s.free() // what went wrong first counts
			return fmt.Errorf("a sequence of %d positions of %s: %w", positions, b.shape.Name, err)
		}
		b.open[s] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// cacheFits returns an error with the largest number of positions, if memory is too small for the wanted ones.
func (b *backend) cacheFits(positions int) error {
	free, _, err := driver.Memory()
	if err != nil {
		return err
	}
	m := b.shape
	each := 4*int64(m.Layers)*int64(m.KVWidth()) + 4*int64(m.RotaryDim)
	if each*int64(positions) <= free {
		return nil
	}
	return fmt.Errorf("%d positions of %s take %s in the cache, the GPU has %s free; accepted: up to %d positions", positions, m.Name,
		gigabytes(each*int64(positions)), gigabytes(free), free/each)
}

// loaded refuses precisions whose weights are not on the device.
func (b *backend) loaded(at precision.Assignment) error {
	for _, bits := range at.Widths() {
		if !slices.Contains(b.bits, bits) {
			return fmt.Errorf("weights at %d bits are not on the GPU; accepted: %s", bits, list(b.bits))
		}
	}
	return b.holds(at)
}

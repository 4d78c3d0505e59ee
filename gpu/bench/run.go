//go:build cuda

package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// Run measures, and hands on what it has measured as soon as it is known. Without a GPU it returns driver.ErrNone.
func Run(ctx context.Context, o Options) error {
	d, err := driver.Open(o.Device)
	if err != nil {
		return err
	}
	r := &Report{Device: d.Info}
	o.Bits = halfFirst(o.Bits)
	err = d.Do(func() error {
		k, err := cuda.LoadKernels(d)
		if err != nil {
			return err
		}
		return errors.Join(r.measure(ctx, d, k, o), k.Unload())
	})
	d.Close()
	if err != nil {
		return err
	}
	for _, m := range o.Passes {
		if err := r.passes(ctx, m, o); err != nil {
			return fmt.Errorf("decode passes: %w", err)
		}
	}
	return nil
}

// measure runs on the device: ceilings, then products.
func (r *Report) measure(ctx context.Context, d *driver.Device, k *cuda.KernelSet, o Options) error {
	c, err := k.Ceilings(d)
	if err != nil {
		return fmt.Errorf("measuring what the GPU does at best: %w", err)
	}
	if !d.Info.Emulated() {
		r.Ceilings = &Ceilings{CopyBps: c.CopyBps, NodeGap: c.NodeGap, Event: c.Event, ClockHz: clockHz(&d.Info)}
	}
	if err := o.Machine(r.Machine()); err != nil {
		return err
	}
	b, err := newBench(d, k, o.Repeats)
	if err != nil {
		return err
	}
	defer b.close()
	done, total := 0, len(o.Products)*len(o.Bits)
	for _, s := range o.Products {
		for _, bits := range o.Bits {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if !s.Half || bits == weights.Half {
				p, err := b.product(s, bits)
				if err != nil {
					return fmt.Errorf("%s, %d×%d at %d bits: %w", s.Name, s.Out, s.In, bits, err)
				}
				r.Products = append(r.Products, *p)
				if err := o.Row(r.product(p)); err != nil {
					return err
				}
			}
			if done++; o.Seen != nil {
				o.Seen(done, total)
			}
		}
	}
	return nil
}

// clockHz is all multiprocessors at the highest clock.
func clockHz(i *driver.Info) float64 { return float64(i.SMs) * 1e3 * float64(i.SMkHz) }

// bench is what products are measured with.
type bench struct {
	kernels  *cuda.KernelSet
	stream   driver.Stream
	timer    *driver.Timer
	repeats  int
	cold     int64 // bytes that the L2 cache surely does not hold
	clock    func(bits int) float64
	emulated bool
}

// What the weights of one measurement take together: coldBytes, or several times the L2 cache where that is more.
const (
	coldBytes = 200e6
	coldL2    = 4
	// leastLaunches are in a graph, so that what launching it takes differs little from one to the next.
	leastLaunches = 32
)

func newBench(d *driver.Device, k *cuda.KernelSet, repeats int) (*bench, error) {
	b := &bench{kernels: k, repeats: repeats, cold: max(coldBytes, coldL2*d.Info.L2), emulated: d.Info.Emulated(),
		clock: func(bits int) float64 { return perClock(&d.Info, bits) }}
	if b.emulated {
		b.cold = 0 // there is no cache, and no time
	}
	var err error
	if b.stream, err = driver.NewStream(); err != nil {
		return nil, err
	}
	b.timer, err = driver.NewTimer(b.stream)
	return b, err
}

func (b *bench) close() {
	b.timer.Close()
	_ = b.stream.Close()
}

// product measures one shape at one precision: graphs walk over copies of the weights, once and twice as often.
func (b *bench) product(s Shape, bits int) (p *Product, err error) {
	p = &Product{Shape: s, Bits: bits, Bytes: s.Moved(bits), Clock: b.clock(bits)}
	copies := int(b.cold/p.Bytes) + 1
	w := &operands{shape: s, bits: bits}
	defer func() { err = errors.Join(err, w.free()) }()
	if err := w.allocate(copies); err != nil {
		return nil, err
	}
	launches := copies
	if launches < leastLaunches && !b.emulated {
		launches = (leastLaunches + copies - 1) / copies * copies // whole rounds
	}
	one, err := b.timer.Each(launches, 2*launches, b.repeats, func(i int) error { return w.launch(b.kernels, b.stream, i%copies) })
	if err != nil {
		return nil, err
	}
	if b.emulated {
		return p, nil
	}
	if one <= 0 {
		return nil, fmt.Errorf("%d launches take no longer than %d: times of this GPU say nothing", 2*launches, launches)
	}
	p.Took = &one
	return p, nil
}

// operands are copies of a product's weights, and its vectors.
type operands struct {
	shape  Shape
	bits   int
	owned  []driver.Pointer
	matrix []driver.Pointer // fp16 or planes
	tables []driver.Pointer
	x, y   driver.Pointer
}

func (w *operands) allocate(copies int) (err error) {
	s := w.shape
	if w.x, err = w.random(2*int64(s.In), true); err != nil {
		return err
	}
	if w.y, err = w.random(2*int64(s.Out), true); err != nil {
		return err
	}
	for range copies {
		p, err := w.random(s.Weights()*int64(w.bits)/8, w.bits == weights.Half)
		if err != nil {
			return err
		}
		w.matrix = append(w.matrix, p)
		if w.bits == weights.Half {
			continue
		}
		if p, err = w.random(2*int64(s.Out)<<w.bits, true); err != nil {
			return err
		}
		w.tables = append(w.tables, p)
	}
	return nil
}

// random is memory with anything in it: halves are numbers.
func (w *operands) random(bytes int64, halves bool) (driver.Pointer, error) {
	p, err := driver.Alloc(bytes)
	if err != nil {
		return 0, err
	}
	w.owned = append(w.owned, p)
	return p, driver.Scramble(p, bytes, halves)
}

func (w *operands) free() (err error) {
	for _, p := range w.owned {
		err = errors.Join(err, driver.Free(p))
	}
	return err
}

func (w *operands) launch(k *cuda.KernelSet, stream driver.Stream, i int) error {
	s, none := w.shape, driver.Pointer(0)
	l := kernels.Gemv(w.bits, s.Out, s.In)
	if w.bits == weights.Half {
		return k.Launch(l, stream, w.y, w.matrix[i], w.x, none, none, none, s.Out, s.In)
	}
	return k.Launch(l, stream, w.y, w.matrix[i], w.tables[i], w.x, none, none, none, s.Out, s.In)
}

// passes measures decode passes of a model with random weights, which are made and uploaded once for all precisions.
func (r *Report) passes(ctx context.Context, m *weights.Model, o Options) (err error) {
	source, err := weights.Random(m, 1)
	if err != nil {
		return err
	}
	b, err := cuda.Open(source, cuda.Options{Device: o.Device, Bits: o.Bits})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	start := func(positions int) (gpu.Sequence, error) { return b.Start(positions, formats.Cache{}) }
	for _, bits := range o.Bits {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p, err := passes(m, bits, o, start)
		if err != nil {
			return fmt.Errorf("%s at %d bits: %w", m.Name, bits, err)
		}
		p.Target = b.About().Kernels.Target
		r.Passes = append(r.Passes, *p)
		if err := o.Row(r.pass(p)); err != nil {
			return err
		}
	}
	return nil
}

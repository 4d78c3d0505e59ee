package cpu

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Host is how fast this machine does what a pass of the engine consists of, all workers together.
type Host struct {
	Workers       int
	CopyBytes     float64         // bytes a second that copies between buffers larger than the caches read and write
	MACs          float64         // multiply-accumulates a second of products, of operands that are unpacked
	Unpacked      map[int]float64 // weights a second that are read as operands, by their bits
	NormsElements float64         // elements a second of an RMSNorm, which one worker computes
	Handover      time.Duration   // in which the workers are given an op that has nothing to do, and return
}

// MeasureOptions say how to measure.
type MeasureOptions struct {
	Workers  int
	Repeats  int                  // medians are of so many
	Now      func() time.Duration // a monotonic clock
	Progress func(done, all int)  // may be nil
}

// Buffers of copies are larger than the caches of any CPU today; rows of a product with several vectors.
const (
	copyBuffer = 256 << 20
	manyRows   = 16
)

// Measure runs the engine's own products, norms and hand-overs on the weights of a model, which need a single layer. A
// product of n vectors takes unpacking and n times the multiplications: two numbers of vectors tell them apart.
func Measure(ctx context.Context, source weights.Source, o MeasureOptions) (*Host, error) {
	opened, err := Open(ctx, source, Options{Workers: o.Workers})
	if err != nil {
		return nil, err
	}
	b := opened.(*backend)
	s := &step{backend: b}
	m := meter{ctx: ctx, o: o, all: 4 + len(measuredBits())}
	h := &Host{Workers: o.Workers, Unpacked: map[int]float64{}}

	from, to := make([]byte, copyBuffer), make([]byte, copyBuffer)
	spent := m.median(func() error {
		return s.share(len(from), func(a, z int) { copy(to[a:z], from[a:z]) })
	})
	h.CopyBytes = 2 * copyBuffer / spent

	h.Handover = time.Duration(1e9 * m.median(func() error {
		for range 100 {
			if err := s.share(o.Workers, func(int, int) {}); err != nil {
				return err
			}
		}
		return nil
	}) / 100)

	norm := b.ops[slices.IndexFunc(b.ops, func(op gpu.Op) bool { return op.Place == gpu.PlaceInput })]
	norm.Adds = 0
	s.x = b.rows(1)
	h.NormsElements = 100 * float64(b.model.Hidden) / m.median(func() error {
		for range 100 {
			s.normalise(norm)
		}
		return nil
	})

	up := b.ops[slices.IndexFunc(b.ops, func(op gpu.Op) bool { return op.Place == gpu.PlaceUp })]
	count := float64(b.matrix(up).Out) * float64(b.matrix(up).In)
	product := func(rows, bits int) float64 {
		s.h = b.rows(rows)
		m.err = cmp.Or(m.err, s.product(up, precision.Uniform(bits))) // makes the operands
		return m.median(func() error { return s.product(up, precision.Uniform(bits)) })
	}
	one := map[int]float64{}
	for _, bits := range measuredBits() {
		one[bits] = product(1, bits)
	}
	each := (product(manyRows, weights.Half) - one[weights.Half]) / (manyRows - 1)
	if m.err != nil {
		return nil, m.err
	}
	if each <= 0 {
		return nil, fmt.Errorf("a product of %d vectors took no longer than of one: the machine was too busy to measure it", manyRows)
	}
	h.MACs = count / each
	for bits, t := range one {
		h.Unpacked[bits] = count / max(t-each, each/100)
	}
	return h, nil
}

// measuredBits are the widths whose unpacking is measured.
func measuredBits() []int { return []int{2, 3, 4, 8, weights.Half} }

// rows are so many vectors of small numbers.
func (b *backend) rows(n int) [][]float32 {
	all := make([][]float32, n)
	for r := range all {
		all[r] = make([]float32, b.model.Hidden)
		for i := range all[r] {
			all[r][i] = float32(i%7-3) / 8
		}
	}
	return all
}

// meter times work, until something fails.
type meter struct {
	ctx       context.Context
	o         MeasureOptions
	done, all int
	err       error
}

// median returns the median of the times of some runs of work, in seconds.
func (m *meter) median(work func() error) float64 {
	var times []float64
	for range m.o.Repeats {
		if m.err == nil && m.ctx.Err() != nil {
			m.err = context.Cause(m.ctx)
		}
		if m.err != nil {
			return 1
		}
		began := m.o.Now()
		m.err = work()
		times = append(times, max((m.o.Now()-began).Seconds(), 1e-9))
	}
	if m.done++; m.o.Progress != nil {
		m.o.Progress(m.done, m.all)
	}
	slices.Sort(times)
	return times[len(times)/2]
}

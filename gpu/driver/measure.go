//go:build cuda

package driver

import (
	"slices"
	"time"
)

// repeats of each measurement; the median counts.
const repeats = 21

// Ceilings are the measured peak rates of a device. Emulated devices have none.
type Ceilings struct {
	CopyBps float64       // bytes read and written in a second by a copy on the device, too large for its cache
	NodeGap time.Duration // of a graph for one more kernel that does nothing
	Event   time.Duration // of a graph for one more event
}

// Probes are kernels to measure with.
type Probes struct {
	Nothing func(s Stream) error // does nothing
	Copy    func(to, from Pointer, bytes int64, s Stream) error
	Bytes   int64 // to copy: more than a cache has
}

// Measure measures the ceilings.
func Measure(p Probes) (c Ceilings, err error) {
	s, err := NewStream()
	if err != nil {
		return c, err
	}
	defer func() { _ = s.Close() }()
	t, err := NewTimer(s)
	if err != nil {
		return c, err
	}
	defer t.Close()
	if c.CopyBps, err = t.copyRate(p); err != nil {
		return c, err
	}
	const few, many = 64, 1088
	if c.NodeGap, err = t.Each(few, many, repeats, func(int) error { return p.Nothing(s) }); err != nil {
		return c, err
	}
	e, err := NewEvent()
	if err != nil {
		return c, err
	}
	defer func() { _ = e.Close() }()
	// An event between kernels, as in a pass whose ops are timed: the time of a kernel and an event, less that of a
	// kernel.
	both, err := t.Each(few, many, repeats, func(int) error {
		if err := p.Nothing(s); err != nil {
			return err
		}
		return e.Mark(s)
	})
	c.Event = max(both-c.NodeGap, 0)
	return c, err
}

// Timer measures the device's time of the work in a stream.
type Timer struct {
	stream      Stream
	before, end Event
}

// NewTimer makes a timer.
func NewTimer(s Stream) (*Timer, error) {
	t := &Timer{stream: s}
	var err error
	if t.before, err = NewEvent(); err != nil {
		return nil, err
	}
	if t.end, err = NewEvent(); err != nil {
		_ = t.before.Close()
	}
	return t, err
}

// Close frees a timer.
func (t *Timer) Close() {
	_, _ = t.before.Close(), t.end.Close()
}

// time runs the work that a function puts into the stream and returns how long it took, with what the host takes to submit it: the
// first event happens at once in an idle stream.
func (t *Timer) time(put func() error) (time.Duration, error) {
	if err := t.before.Record(t.stream); err != nil {
		return 0, err
	}
	if err := put(); err != nil {
		return 0, err
	}
	if err := t.end.Record(t.stream); err != nil {
		return 0, err
	}
	if err := t.end.Wait(); err != nil {
		return 0, err
	}
	return t.end.Since(t.before)
}

// median of so many times, after one that does not count.
func (t *Timer) median(times int, put func() error) (time.Duration, error) {
	took := make([]time.Duration, 0, times)
	for i := range 1 + times {
		d, err := t.time(put)
		if err != nil {
			return 0, err
		}
		if i > 0 {
			took = append(took, d)
		}
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

// copyRate copies what the probes say, or an eighth of the free memory if that is less, by the driver and by a kernel;
// the faster one counts; 0: none took any time.
func (t *Timer) copyRate(p Probes) (float64, error) {
	free, _, err := Memory()
	if err != nil {
		return 0, err
	}
	bytes := max(min(free/8, p.Bytes)&^0xff, 256)
	from, err := Alloc(bytes)
	if err != nil {
		return 0, err
	}
	defer func() { _ = Free(from) }()
	to, err := Alloc(bytes)
	if err != nil {
		return 0, err
	}
	defer func() { _ = Free(to) }()
	if err := Scramble(from, bytes, false); err != nil {
		return 0, err
	}
	best := 0.0
	for _, way := range []func(to, from Pointer, bytes int64, s Stream) error{Copy, p.Copy} {
		took, err := t.Each(1, 3, repeats, func(int) error { return way(to, from, bytes, t.stream) })
		if err != nil {
			return 0, err
		}
		if took > 0 {
			best = max(best, 2*float64(bytes)/took.Seconds())
		}
	}
	return best, nil
}

// Each is what a graph takes longer for one more of something, the median of so many times: graphs of few and many of them, since
// launching a graph at all takes its time, too. put puts the i-th into the stream.
func (t *Timer) Each(few, many, times int, put func(i int) error) (time.Duration, error) {
	var took [2]time.Duration
	for k, n := range []int{few, many} {
		g, err := t.stream.Capture(func() error {
			for i := range n {
				if err := put(i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		took[k], err = t.median(times, func() error { return g.Launch(t.stream) })
		_ = g.Close()
		if err != nil {
			return 0, err
		}
	}
	return (took[1] - took[0]) / time.Duration(many-few), nil
}

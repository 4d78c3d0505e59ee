package timeline

import "github.com/pmpdsim/pmpdsim/sim/unit"

// count sets a counter if its value changes.
func (w *Writer) count(g *gauge, at unit.Cycles, value int64) {
	if !g.set || g.last != float64(value) {
		g.set, g.last = true, float64(value)
		w.p.count(w.ns(at), g.track, value)
	}
}

// windows calls f with the index, first cycle and length of each window of a step; the last window may be shorter.
func windows(width, cycles unit.Cycles, f func(i int, from, length unit.Cycles)) {
	if width == 0 {
		return // nothing was recorded
	}
	for i, from := 0, unit.Cycles(0); from < cycles; i, from = i+1, from+width {
		f(i, from, min(width, cycles-from))
	}
}

// bandwidth writes the mean bandwidth of each window in GB/s. A transfer counts in the window in which it completes.
// Bytes beyond what the DRAM can move in a window count in the window before.
func (w *Writer) bandwidth(s *Step) {
	moved := &s.Recording.Moved
	var bytes, most []int64
	windows(moved.Width, s.Cycles, func(i int, _, length unit.Cycles) {
		bytes = append(bytes, moved.At(i, 0))
		most = append(most, int64(w.run.Peak*length.Seconds(w.run.Clock)))
	})
	for i := len(bytes) - 1; i > 0; i-- {
		if over := bytes[i] - most[i]; over > 0 {
			bytes[i] -= over
			bytes[i-1] += over
		}
	}
	windows(moved.Width, s.Cycles, func(i int, from, length unit.Cycles) {
		v := float64(bytes[i]) / length.Seconds(w.run.Clock) / 1e9
		if g := &w.bytes; !g.set || g.last != v {
			g.set, g.last = true, v
			w.p.measure(w.ns(w.now+from), g.track, v)
		}
	})
}

// scratchpads writes the peak use of each core's scratchpad in each window, in bytes.
func (w *Writer) scratchpads(s *Step) {
	for c := range s.Recording.Space {
		space := &s.Recording.Space[c]
		windows(space.Width, s.Cycles, func(i int, from, _ unit.Cycles) {
			w.count(&w.space[c], w.now+from, space.At(i, space.Level()))
		})
	}
}

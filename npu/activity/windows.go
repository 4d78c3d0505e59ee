package activity

import "github.com/pmpdsim/pmpdsim/sim/unit"

// mostWindows is the largest number of windows of a step: enough to show the layers of a 32-layer model, in a few
// kilobytes.
const mostWindows = 128

// Windows is a quantity over a step, in windows of equal width. As the length of the step is not known before it ends,
// windows start one cycle wide, and are joined in pairs whenever there are too many.
type Windows struct {
	Width  unit.Cycles // a power of two; 0: nothing was recorded
	Values []int64

	level int64 // of a level: the current one
}

// At returns the value of window i; rest if it is after the last one.
func (w *Windows) At(i int, rest int64) int64 {
	if i < len(w.Values) {
		return w.Values[i]
	}
	return rest
}

// Level returns the last level that was set.
func (w *Windows) Level() int64 { return w.level }

// add adds n, complete at a cycle, to an amount. It happened before that cycle, so it counts in the window of the one
// before.
func (w *Windows) add(now unit.Cycles, n int64) {
	i := w.fit(max(now-1, 0), 0, func(a, b int64) int64 { return a + b })
	w.extend(i, 0)
	w.Values[i] += n
}

// set changes a level from a cycle on. The value of a window is its highest level, that at its beginning included.
func (w *Windows) set(now unit.Cycles, level int64) {
	i := w.fit(now, w.level, func(a, b int64) int64 { return max(a, b) })
	if first := i >= len(w.Values); first && now == unit.Cycles(i)*w.Width {
		w.extend(i-1, w.level)
		w.extend(i, level)
	} else {
		w.extend(i, w.level)
	}
	w.Values[i] = max(w.Values[i], level)
	w.level = level
}

// fit joins windows until a cycle has one, and returns its index. Windows after the last one have the value rest.
func (w *Windows) fit(c unit.Cycles, rest int64, join func(a, b int64) int64) int {
	w.Width = max(w.Width, 1)
	for c/w.Width >= mostWindows {
		if len(w.Values)%2 != 0 {
			w.Values = append(w.Values, rest)
		}
		for i := range len(w.Values) / 2 {
			w.Values[i] = join(w.Values[2*i], w.Values[2*i+1])
		}
		w.Values = w.Values[:len(w.Values)/2]
		w.Width *= 2
	}
	return int(c / w.Width)
}

// extend adds windows of a value, up to index i.
func (w *Windows) extend(i int, value int64) {
	for len(w.Values) <= i {
		w.Values = append(w.Values, value)
	}
}

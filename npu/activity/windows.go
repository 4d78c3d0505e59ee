package activity

import "github.com/pmpdsim/pmpdsim/sim/unit"

// mostWindows is how many windows a step has at most: enough to see the layers of a 32-layer model, and some kilobytes.
const mostWindows = 128

// Windows is a quantity over a step in windows of equal length. The length is not known before the step ends, so windows start
// at one cycle each, and are joined in pairs whenever there are too many.
type Windows struct {
	Width  unit.Cycles // a power of two; 0: nothing was noted
	Values []int64

	level int64 // of a level: the current one
}

// At returns the value of a window, rest behind the last one.
func (w *Windows) At(i int, rest int64) int64 {
	if i < len(w.Values) {
		return w.Values[i]
	}
	return rest
}

// Level is the last level.
func (w *Windows) Level() int64 { return w.level }

// add adds to an amount. What is complete at a cycle has happened before it: a window has its end, not its beginning.
func (w *Windows) add(now unit.Cycles, n int64) {
	i := w.fit(max(now-1, 0), 0, func(a, b int64) int64 { return a + b })
	w.extend(i, 0)
	w.Values[i] += n
}

// set changes a level. Of a window the highest counts, that before its first change included, unless it begins with one.
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

// fit joins windows until a cycle has one, and returns its place. What follows the last window is rest.
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

// extend makes windows up to a place.
func (w *Windows) extend(i int, value int64) {
	for len(w.Values) <= i {
		w.Values = append(w.Values, value)
	}
}

package dram

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// shape is what walks have in common that differ only in where they start and how long they last. A turn is the
// contiguous bytes that a walk takes from one plane before it goes on to the next (isa.Pattern.Turn). A walk of one
// turn has planes 1 and zeros: it goes straight on until it ends.
type shape struct {
	turn        int64
	planes      int64
	planeStride int64
	outerStride int64
	via         spec.Interleave // zero: turn and strides are channel-local and whole bursts
}

// walk is a transfer as one channel sees it.
type walk struct {
	shape
	base   int64 // address of the first turn: channel-local, or global with via
	length int64 // bytes of a turn
	outer  int64 // rounds over the planes
	bursts int64 // of the whole walk
	burst  int64 // bytes of a burst
	low    int64 // the walk lies in channel-local addresses [low, high)
	high   int64

	partial bool // the first or the last burst of a turn may be wanted in part only
	head    bool // ... the first of each, without via
	tail    bool // ... the last of each, without via
}

// newWalk returns the part of pattern p that falls on one channel; zero if nothing does. Planes side by side and turns
// that follow one another are merged. Then each turn is rounded outwards to whole bursts. Which of them are partial is
// noted if masks are wanted.
func newWalk(p *isa.Pattern, v spec.Interleave, burst int64, masks bool) walk {
	w := walk{base: int64(p.Base), length: int64(p.Turn), outer: int64(p.Outer), burst: burst}
	w.planes, w.planeStride, w.outerStride = int64(p.Planes), int64(p.PlaneStride), int64(p.OuterStride)
	if w.length <= 0 || w.planes <= 0 || w.outer <= 0 {
		return walk{}
	}
	w.merge()
	first, last := w.extremes()
	if first < 0 {
		panic(fmt.Sprintf("dram: walk %+v reaches below address 0", *p))
	}
	w.low, w.high = v.Local(first/burst*burst), v.Local((last+burst-1)/burst*burst)
	if w.low == w.high {
		return walk{}
	}
	w.partial = masks && (w.base%burst != 0 || w.length%burst != 0 || w.planeStride%burst != 0 || w.outerStride%burst != 0)
	if w.planeStride%v.Period == 0 && w.outerStride%v.Period == 0 {
		// every turn looks alike to the channel
		if w.partial {
			w.head, w.tail = partialEnds(w.base, w.length, &v, burst)
			w.partial = w.head || w.tail
		}
		end := (w.base + w.length + burst - 1) / burst * burst
		w.base = v.Local(w.base / burst * burst)
		w.length = v.Local(end) - w.base
		if w.length == 0 {
			return walk{}
		}
		w.planeStride, w.outerStride = w.planeStride/v.Period*v.Share, w.outerStride/v.Period*v.Share
		if !w.partial { // else the partial bursts inside would be lost
			w.merge()
		}
		w.bursts = w.length / burst * w.planes * w.outer
	} else {
		w.via = v
		for i := range w.outer * w.planes {
			_, n := w.turnAt(i)
			w.bursts += n
		}
		if w.bursts == 0 {
			return walk{}
		}
	}
	if w.planes*w.outer == 1 {
		w.shape = shape{planes: 1}
	} else {
		w.turn = w.length
	}
	return w
}

// partialEnds reports whether the first and the last burst of a turn are on the channel and not whole.
func partialEnds(base, length int64, v *spec.Interleave, burst int64) (head, tail bool) {
	owns := func(address int64) bool {
		b := address / burst * burst
		return v.Local(b+burst) > v.Local(b)
	}
	end := base + length
	return base%burst != 0 && owns(base), end%burst != 0 && owns(end)
}

// moved returns the share of a pattern that starts a distance further on. The distance is a multiple of the period.
func (w *walk) moved(distance int64, v *spec.Interleave) walk {
	n := *w
	local := distance / v.Period * v.Share
	n.low += local
	n.high += local
	if n.via.Period > 0 {
		n.base += distance
	} else {
		n.base += local
	}
	return n
}

// merge rewrites the walk with as few turns as possible.
func (w *walk) merge() {
	if w.planes > 1 && w.planeStride == w.length {
		w.length, w.planes = w.length*w.planes, 1
	}
	if w.planes > 1 && w.outer == 1 {
		w.outer, w.outerStride, w.planes = w.planes, w.planeStride, 1
	}
	if w.planes == 1 {
		w.planeStride = 0
		if w.outerStride == w.length {
			w.length, w.outer = w.length*w.outer, 1
		}
		if w.outer == 1 {
			w.outerStride = 0
		}
	}
}

// extremes returns the addresses of the first byte and of the byte after the last, whatever the signs of the strides.
func (w *walk) extremes() (first, last int64) {
	p, o := (w.planes-1)*w.planeStride, (w.outer-1)*w.outerStride
	return w.base + min(p, 0) + min(o, 0), w.base + max(p, 0) + max(o, 0) + w.length
}

// start returns the address of turn i: channel-local, or global with via.
func (w *walk) start(i int64) int64 {
	o := i / w.planes
	return w.base + o*w.outerStride + (i-o*w.planes)*w.planeStride
}

// turnAt returns the channel-local address of turn i and its bursts on this channel, which may be none.
func (w *walk) turnAt(i int64) (address, bursts int64) {
	a := w.start(i)
	if w.via.Period == 0 {
		return a, w.length / w.burst
	}
	from, to := w.via.Local(a/w.burst*w.burst), w.via.Local((a+w.length+w.burst-1)/w.burst*w.burst)
	return from, (to - from) / w.burst
}

// cursor is a position in a walk: that of the next burst to offer to the controller.
type cursor struct {
	walk
	turnIndex int64
	offset    int64 // bursts into the turn
	left      int64 // bursts of the walk still to come

	address int64 // of the turn, channel-local
	size    int64 // bursts of the turn

	first, last bool // the first, the last burst of the turn is partial
}

// at moves the cursor to burst offset of turn i.
func (c *cursor) at(i, offset int64) {
	c.turnIndex, c.offset = i, offset
	c.address, c.size = c.turnAt(i)
	switch {
	case !c.partial:
	case c.via.Period == 0:
		c.first, c.last = c.head, c.tail
	default:
		c.first, c.last = partialEnds(c.start(i), c.length, &c.via, c.burst)
	}
}

// partialNext reports whether the next burst is wanted in part only.
func (c *cursor) partialNext() bool {
	return c.partial && (c.first && c.offset == 0 || c.last && c.offset == c.size-1)
}

// begin moves the cursor to the start of w, which is not empty.
func (c *cursor) begin(w *walk) {
	c.walk, c.left, c.first, c.last = *w, w.bursts, false, false
	c.at(0, 0)
	for c.size == 0 {
		c.at(c.turnIndex+1, 0)
	}
}

// next returns the channel-local address of the next burst.
func (c *cursor) next() int64 { return c.address + c.offset*c.burst }

// step moves the cursor past the next burst.
func (c *cursor) step() {
	c.left--
	c.offset++
	for c.offset == c.size && c.left > 0 {
		c.at(c.turnIndex+1, 0)
	}
}

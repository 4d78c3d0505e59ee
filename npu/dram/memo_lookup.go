package dram

import (
	"encoding/binary"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
)

// find returns the transition that applies here and ends by clock limit, or nil.
func (c *memoChannel) find(limit int64) *transition {
	if c.memo.background != nil {
		return c.findInPeriod(limit)
	}
	s, refresh, room := c.at, refreshTime{c.due - c.clock, c.unit}, limit-c.clock
	if t := s.next; t != nil && t.clocks < refresh.due && t.clocks <= room && c.applies(t) {
		return t
	}
	if t := c.findEnd(limit); t != nil {
		return t
	}
	if t := s.others[transitionKey{refresh: refresh}]; t != nil && t.clocks <= room && c.applies(t) {
		return t
	}
	if limit == controller.Never {
		return nil
	}
	if t := s.others[transitionKey{stop: room}]; t != nil && room < refresh.due && c.applies(t) {
		return t
	}
	if t := s.others[transitionKey{refresh: refresh, stop: room}]; t != nil && c.applies(t) {
		return t
	}
	return nil
}

// findEnd returns the transition to the end of a walk under way that applies here and ends before clock limit, or nil.
func (c *memoChannel) findEnd(limit int64) *transition {
	if c.memo.background != nil {
		return c.findEndInPeriod(limit)
	}
	s, refresh, room := c.at, refreshTime{c.due - c.clock, c.unit}, limit-c.clock
	if s.others == nil {
		return nil
	}
	bounds := c.bounds()
	for q := range c.feeds {
		if !c.feeds[q].on {
			continue
		}
		end := walkEnd{c.feeds[q].left, int32(q), bounds}
		if (end.left-controller.MaxBursts)*c.memo.burstClocks < refresh.due { // else a refresh is sure to fall due on the way
			if t := s.others[transitionKey{end: end}]; t != nil && t.clocks < refresh.due && t.clocks < room && c.applies(t) {
				return t
			}
		}
		if t := s.others[transitionKey{refresh: refresh, end: end}]; t != nil && t.clocks < room && c.applies(t) {
			return t
		}
	}
	return nil
}

// applies reports whether every walk under way has enough bursts left to take t. A single walk that ends with t
// qualifies, because t was looked up by its length.
func (c *memoChannel) applies(t *transition) bool {
	if c.active == 1 && t.ended != noQueue {
		return true
	}
	for i := range t.moves {
		m := &t.moves[i]
		if left := c.feeds[m.queue].left - m.bursts; left < 0 || left == 0 != (t.ended == m.queue) {
			return false
		}
	}
	return true
}

// updateRanges sets the row coder's ranges to those of the walks under way.
func (c *memoChannel) updateRanges() {
	for q := range c.feeds {
		if f := &c.feeds[q]; f.on {
			c.rows.Ranges[q] = rowRange(c.mapping, &f.cursor)
		} else {
			c.rows.Ranges[q].Active = false
		}
	}
}

// bounds numbers the ends of the ranges of walks that share rows: when one of these walks ends, its range tells which
// rows the other may still visit. It returns 0 if no walks share rows.
func (c *memoChannel) bounds() int32 {
	if c.active < 2 {
		return 0
	}
	c.updateRanges()
	c.key = c.key[:0]
	c.rows.EachOverlap(func(pair int64, a, b *controller.RowRange) {
		for _, v := range []int64{pair, a.Low - a.Base, a.High - a.Base, b.Low - b.Base, b.High - b.Base} {
			c.key = binary.AppendVarint(c.key, v)
		}
	})
	if len(c.key) == 0 {
		return 0
	}
	n, ok := c.memo.bounds[string(c.key)]
	if !ok {
		n = int32(len(c.memo.bounds)) + 1
		c.memo.bounds[string(c.key)] = n
	}
	return n
}

// phase writes the position of a walk as far as its coming bursts depend on it: two walks of equal phase differ by
// whole granules of the mapping, and in how long they last.
func (c *memoChannel) phase(k *controller.Codec, w *cursor) {
	numbers := [6]int64{c.memo.shapeNumber(&w.shape), w.next() & (c.mapping.Granule() - 1)}
	if w.turn > 0 {
		numbers[2], numbers[3] = w.turnIndex%w.planes, w.offset
	}
	if p := w.via.Period; p > 0 {
		numbers[4] = w.start(w.turnIndex) % p
	}
	if w.partial {
		numbers[5] = 1
		if w.head && (w.turn > 0 || w.offset == 0) { // of a single turn, the first burst comes once
			numbers[5] |= 2
		}
		if w.tail {
			numbers[5] |= 4
		}
	}
	for i := range numbers {
		k.Int64(&numbers[i])
	}
}

// startKey writes what a walk that begins depends on beside the state: its queue and direction, its phase, the
// unvisited rows that it may visit, and how its rows overlap with those of other walks.
func (c *memoChannel) startKey(queue int) []byte {
	f, k := &c.feeds[queue], &c.codec
	k.Bytes, k.Reading = k.Bytes[:0], false
	head := int64(queue) << 1
	if f.write {
		head |= 1
	}
	k.Int64(&head)
	c.phase(k, &f.cursor)
	s := rowRange(c.mapping, &f.cursor)
	for i, row := range c.unvisited {
		if row >= s.Low && row < s.High {
			index, distance := int64(i), row-s.Base
			k.Int64(&index)
			k.Int64(&distance)
		}
	}
	if c.active > 0 {
		c.updateRanges()
		c.rows.EachOverlap(func(pair int64, a, b *controller.RowRange) {
			for _, v := range []int64{-1, pair, b.Base - a.Base, a.Low - a.Base, a.High - a.Base,
				b.Low - b.Base, b.High - b.Base} {
				k.Int64(&v)
			}
		})
	}
	return k.Bytes
}

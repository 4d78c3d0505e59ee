package dram

import "github.com/pmpdsim/pmpdsim/npu/dram/controller"

// With a background, most of what happens depends on the time of its period: which bursts arrive, and, since a period is
// a whole round of refreshes, when and of which unit the next refresh falls due. Transitions on which nothing arrives and
// no refresh falls due hold at any time, as without a background. All others are found by the time of the period.

// stations is the number of times of a period at which transitions without a walk under way end.
const stations = 16

// inPeriod returns the time of the background's period, in clocks; 0 without a background.
func (c *memoChannel) inPeriod() int64 {
	if c.memo.background == nil {
		return 0
	}
	return c.clock % c.memo.background.period
}

// quiet returns the clocks to the next arrival of the background.
func (c *memoChannel) quiet() int64 { return c.memo.background.quiet(c.inPeriod()) }

// toStation returns the clocks to the next station of the period.
func (c *memoChannel) toStation() int64 {
	period, at := c.memo.background.period, c.inPeriod()
	n := at*stations/period + 1
	return max((n*period+stations-1)/stations-at, 1)
}

// findInPeriod is find with a background.
func (c *memoChannel) findInPeriod(limit int64) *transition {
	s, due, room, quiet := c.at, c.due-c.clock, limit-c.clock, c.quiet()
	free := min(due, quiet)
	if t := s.next; t != nil && t.clocks < free && t.clocks <= room && c.applies(t) {
		return t
	}
	if t := c.findEndInPeriod(limit); t != nil {
		return t
	}
	phase := c.inPeriod() + 1
	if t := s.others[transitionKey{phase: phase}]; t != nil && t.clocks <= room && c.applies(t) {
		return t
	}
	if limit == controller.Never {
		return nil
	}
	if t := s.others[transitionKey{stop: room}]; t != nil && room < free && c.applies(t) {
		return t
	}
	if t := s.others[transitionKey{phase: phase, stop: room}]; t != nil && c.applies(t) {
		return t
	}
	return nil
}

// findEndInPeriod is findEnd with a background.
func (c *memoChannel) findEndInPeriod(limit int64) *transition {
	s, room := c.at, limit-c.clock
	if s.others == nil || c.active == 0 {
		return nil
	}
	bounds, phase, free := c.bounds(), c.inPeriod()+1, min(c.due-c.clock, c.quiet())
	for q := range c.feeds {
		if !c.feeds[q].on {
			continue
		}
		end := walkEnd{c.feeds[q].left, int32(q), bounds}
		if t := s.others[transitionKey{end: end}]; t != nil && t.clocks < free && t.clocks < room && c.applies(t) {
			return t
		}
		if t := s.others[transitionKey{phase: phase, end: end}]; t != nil && t.clocks < room && c.applies(t) {
			return t
		}
	}
	return nil
}

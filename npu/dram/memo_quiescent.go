package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
)

// isQuiescent reports whether nothing happens any more from here on, apart from refreshes that fall due. No walk is
// under way.
func (c *memoChannel) isQuiescent() bool {
	if c.memo.background != nil {
		return false
	}
	if s := c.at; s.quiescence == untested {
		s.quiescence = notQuiescent
		if len(c.inside) == 0 {
			p := c.load()
			p.RefreshDue = controller.Never
			p.run(1, false)
			if p.store(&c.codec, &controller.RowCoder{}, nil); string(c.codec.Bytes) == s.snapshot {
				s.quiescence = quiescent
			}
		}
	}
	return c.at.quiescence == quiescent
}

// idle takes a quiescent channel to a clock, or through the next refresh.
func (c *memoChannel) idle(limit int64) {
	if limit < c.due {
		c.clock = limit
		return
	}
	c.clock = max(c.clock, c.due-1)
	t := c.find(limit)
	if t == nil {
		t = c.learn(limit)
	}
	c.follow(t)
}

// settle predicts the completion of every walk inside, should no other come.
func (c *memoChannel) settle(seen func(completion)) {
	if c.running != nil {
		c.settleOnPort(seen)
		return
	}
	if c.active > 0 {
		panic("dram: a walk under way cannot be settled")
	}
	c.at = c.memo.revive(c.at)
	for _, d := range c.predict().done {
		seen(completion{c.inside[d.tag].tag, c.clock + d.clock})
	}
}

// predict finds the prediction from here, or makes it.
func (c *memoChannel) predict() *prediction {
	s, refresh := c.at, refreshTime{c.due - c.clock, c.unit}
	if c.memo.background != nil {
		refresh = refreshTime{c.inPeriod(), -1} // that of refreshes follows from the time of the period
	} else if p := s.predictions[refreshTime{}]; p != nil && p.clocks < refresh.due {
		return p
	}
	if p := s.predictions[refresh]; p != nil {
		return p
	}
	port := c.load()
	port.drain()
	p := &prediction{port.Clock, slices.Clone(port.done)}
	if port.DueCount == 0 && c.memo.background == nil {
		refresh = refreshTime{}
	}
	c.memo.addPrediction(s, refresh, p)
	return p
}

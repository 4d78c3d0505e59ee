package dram

// outstanding is a transfer with bursts in the controller's queues, or the one being fed.
type outstanding struct {
	tag  uint32
	fed  bool  // all its bursts have been accepted
	left int64 // bursts in the queues
}

// mark is a completion on one channel.
type mark struct {
	tag   uint32
	clock int64
}

// channel is a controller with what feeds it: transfers, in order, at most injectPerClock bursts per clock.
type channel struct {
	controller
	mapping *Mapping
	exact   bool // step every clock
	inside  []outstanding
	done    []mark // completions that have become certain
	quiet   int    // ticks in a row that did nothing
}

// injectPerClock is how many bursts a channel's queue takes per clock: that of the reference runs.
const injectPerClock = 2

func newChannel(o *Options, m *Mapping) *channel {
	return &channel{controller: *newController(o.Standard, o.Refresh), mapping: m, exact: o.Exact}
}

// clone copies the channel.
func (c *channel) clone() *channel {
	n := *c
	n.inside = append([]outstanding(nil), c.inside...)
	n.done = append([]mark(nil), c.done...)
	return &n
}

// enter announces the transfer that is fed next.
func (c *channel) enter(tag uint32) {
	c.inside = append(c.inside, outstanding{tag: tag})
}

// feed hands in what the queue takes at this clock, and says whether anything is left that could not be handed in
// although the clock has room for it.
func (c *channel) feed(cur *cursor, write bool) (blocked bool) {
	o := &c.inside[len(c.inside)-1]
	for c.offered < injectPerClock && cur.left > 0 {
		if !c.offer(c.mapping.locate(cur.next()), write, o.tag) {
			return true
		}
		o.left++
		cur.step()
	}
	o.fed = cur.left == 0
	return false
}

// advance ticks once. Clocks in which nothing can happen are skipped up to limit if no burst can enter.
func (c *channel) advance(blocked bool, limit int64) {
	switch c.tick() {
	case finished:
		c.quiet = 0
		c.count(c.issued)
	case changed:
		c.quiet = 0
	case nothing:
		if !blocked {
			c.quiet = 0
		} else if c.quiet++; c.quiet >= skipAfter && !c.exact {
			c.skip(limit)
		}
	}
}

// skipAfter is the number of dead clocks after which looking for the next live one pays.
const skipAfter = 2

// count notes that a burst of a transfer has been served.
func (c *channel) count(issued column) {
	for i := range c.inside {
		o := &c.inside[i]
		if o.tag != issued.tag {
			continue
		}
		if o.left--; o.left == 0 && o.fed {
			c.done = append(c.done, mark(issued))
			c.inside = append(c.inside[:i], c.inside[i+1:]...)
		}
		return
	}
	panic("dram: a burst of no transfer was served")
}

// transfer feeds the whole of w, starting at this clock.
func (c *channel) transfer(w walk, write bool, tag uint32) {
	cur := begin(w)
	c.enter(tag)
	c.stretch(&cur, write, func(*cursor, bool) bool { return false })
}

// stretch feeds until the walk's last burst has been accepted, or until over says so after a clock.
func (c *channel) stretch(cur *cursor, write bool, over func(*cursor, bool) bool) {
	for blocked := c.feed(cur, write); cur.left > 0; blocked = c.feed(cur, write) {
		c.advance(blocked, never)
		if over(cur, c.refreshed) {
			return
		}
	}
}

// advanceTo runs the channel up to a clock without feeding it.
func (c *channel) advanceTo(clock int64) {
	for c.clock < clock {
		c.advance(true, clock)
	}
}

// drain runs until no burst is inside.
func (c *channel) drain() {
	for !c.empty() {
		c.advance(true, never)
	}
}

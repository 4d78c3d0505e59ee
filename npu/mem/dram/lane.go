package dram

import "github.com/pmpdsim/pmpdsim/npu/stats"

var _ lane = (*steppedLane)(nil)

// steppedLane is the plain twin: one channel, stepped.
type steppedLane struct{ channel *channel }

func (l *steppedLane) run(release int64, j *job) int64 {
	l.channel.advanceTo(release)
	if j != nil {
		l.channel.transfer(j.walk, j.write, j.tag)
	}
	return l.channel.clock
}

func (l *steppedLane) settle(seen func(mark)) {
	scratch := l.channel.clone()
	scratch.done = scratch.done[:0]
	scratch.drain()
	for _, m := range scratch.done {
		seen(m)
	}
}

func (l *steppedLane) take(add *stats.DRAM) []mark {
	add.Add(&l.channel.counts)
	l.channel.counts = stats.DRAM{}
	d := l.channel.done
	l.channel.done = d[:0]
	return d
}

func (l *steppedLane) twin() lane { return &steppedLane{l.channel.clone()} }

func (l *steppedLane) equal(lane) bool { return false }

package dram

import (
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
)

import "slices"

// group is channels in lock-step, with the walks that wait for their queues.
type group struct {
	channel channel
	members []int
	waiting [controller.MaxQueues][]channelTransfer
	busy    [controller.MaxQueues]bool
	active  int             // busy queues
	job     channelTransfer // to be added
}

// add puts the job in a queue.
func (g *group) enqueue(queue int) {
	if g.busy[queue] {
		g.waiting[queue] = append(g.waiting[queue], g.job)
		return
	}
	g.busy[queue] = true
	g.active++
	g.channel.begin(queue, &g.job)
}

// run simulates up to a clock; if that is never, until every walk has been accepted.
func (g *group) run(limit int64) {
	for g.active > 0 || limit != controller.Never {
		q := g.channel.run(limit)
		if q == noQueue {
			return
		}
		if next := g.waiting[q]; len(next) > 0 {
			g.job = next[0]
			g.waiting[q] = slices.Delete(next, 0, 1)
			g.channel.begin(q, &g.job)
		} else {
			g.busy[q] = false
			g.active--
		}
	}
}

// settle predicts the completion of every walk, should no other come.
func (g *group) settle(seen func(completion)) {
	if g.active == 0 {
		g.channel.settle(seen)
		return
	}
	t := g.clone()
	t.run(controller.Never)
	for _, m := range t.channel.takeDone() {
		seen(m)
	}
	t.channel.settle(seen)
}

// twin copies the group.
func (g *group) clone() group {
	t := *g
	t.channel = g.channel.clone()
	for q := range t.waiting {
		t.waiting[q] = slices.Clone(t.waiting[q])
	}
	return t
}

package dram

import (
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
)

import "slices"

// group is channels in lock-step, with the walks that wait for their queues.
type group struct {
	lane     lane
	channels []int
	waiting  [controller.MaxQueues][]job
	busy     [controller.MaxQueues]bool
	active   int // busy queues
	job      job // to be added
}

// add puts the job in a queue.
func (g *group) add(queue int) {
	if g.busy[queue] {
		g.waiting[queue] = append(g.waiting[queue], g.job)
		return
	}
	g.busy[queue] = true
	g.active++
	g.lane.begin(queue, &g.job)
}

// run simulates up to a clock; if that is never, until every walk has been accepted.
func (g *group) run(limit int64) {
	for g.active > 0 || limit != controller.Never {
		q := g.lane.run(limit)
		if q == none {
			return
		}
		if next := g.waiting[q]; len(next) > 0 {
			g.job = next[0]
			g.waiting[q] = slices.Delete(next, 0, 1)
			g.lane.begin(q, &g.job)
		} else {
			g.busy[q] = false
			g.active--
		}
	}
}

// settle predicts the completion of every walk, should no other come.
func (g *group) settle(seen func(mark)) {
	if g.active == 0 {
		g.lane.settle(seen)
		return
	}
	t := g.twin()
	t.run(controller.Never)
	for _, m := range t.lane.take() {
		seen(m)
	}
	t.lane.settle(seen)
}

// twin copies the group.
func (g *group) twin() group {
	t := *g
	t.lane = g.lane.twin()
	for q := range t.waiting {
		t.waiting[q] = slices.Clone(t.waiting[q])
	}
	return t
}

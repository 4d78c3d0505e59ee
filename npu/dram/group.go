package dram

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
)

// group is channels in equal states, of which one is simulated, and the walks that wait for its queues.
type group struct {
	channel channel
	members []int // numbers of the channels
	waiting [controller.MaxQueues][]channelTransfer
	busy    [controller.MaxQueues]bool
	active  int             // busy queues
	next    channelTransfer // to be enqueued
}

// enqueue puts next in a queue.
func (g *group) enqueue(queue int) {
	if g.busy[queue] {
		g.waiting[queue] = append(g.waiting[queue], g.next)
		return
	}
	g.busy[queue] = true
	g.active++
	g.channel.begin(queue, &g.next)
}

// run simulates up to a clock; if that is controller.Never, until every walk has been accepted.
func (g *group) run(limit int64) {
	for g.active > 0 || limit != controller.Never {
		q := g.channel.run(limit)
		if q == noQueue {
			return
		}
		if waiting := g.waiting[q]; len(waiting) > 0 {
			g.next = waiting[0]
			g.waiting[q] = slices.Delete(waiting, 0, 1)
			g.channel.begin(q, &g.next)
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
	n := g.clone()
	n.run(controller.Never)
	for _, d := range n.channel.takeDone() {
		seen(d)
	}
	n.channel.settle(seen)
}

func (g *group) clone() group {
	n := *g
	n.channel = g.channel.clone()
	for q := range n.waiting {
		n.waiting[q] = slices.Clone(n.waiting[q])
	}
	return n
}

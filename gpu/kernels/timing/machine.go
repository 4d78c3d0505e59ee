package timing

import (
	"cmp"
	"container/heap"
)

// Machine is a GPU as the model sees it.
type Machine struct {
	Multiprocessors int
	GHz             float64 // under load: boost is 1.98 [A]
	BytesPerNS      float64 // of all: nine tenths of 4.8 TB/s
	LatencyNS       float64 // of a load from memory
	GapUS           float64 // from a node of a graph to the next
	RampNS          float64 // until the first block of a launch runs; within a graph it is in the gap
}

// H200 returns the two corners between which an H200 is expected.
func H200() [2]Machine {
	fast := Machine{Multiprocessors: 132, GHz: 1.83, BytesPerNS: 4300, LatencyNS: 500, GapUS: 1.0, RampNS: 700}
	slow := fast
	slow.LatencyNS, slow.GapUS = 650, 1.6
	return [2]Machine{fast, slow}
}

const (
	schedulers  = 4
	reductionNS = 60  // from a warp's last sum to its result
	exchangeNS  = 100 // from a block's end to the next one's first load
)

// op is a step of a warp.
type op struct {
	need    float64 // bytes of its loads that must have come, counted from its start
	clocks  float64 // on its scheduler
	bytes   float64 // of loads that it issues when it begins
	afterNS float64 // until its results are there
	overlap bool    // its loads' transfer runs beside the latency
}

// launch is a grid: blocks of warps that all do the same.
type launch struct {
	blocks, warps, resident int // resident: blocks a multiprocessor
	ops                     []op
}

// warp is one on its way: loads that it has issued, in order.
type warp struct {
	block  int
	loads  []arrival
	issued float64
}

type arrival struct{ bytes, at float64 } // bytes in all, from the warp's start

// event is a warp that may take its next step.
type event struct {
	at         float64
	key        int // breaks ties
	warp, next int
	scheduler  int
}

type queue []event

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].at, q[j].at), cmp.Compare(q[i].key, q[j].key)) < 0
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(e any)   { *q = append(*q, e.(event)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// multiprocessor is the one with the most blocks.
type multiprocessor struct {
	Machine
	l         launch
	events    queue
	warps     []warp
	left      []int // warps of each block
	waiting   int   // blocks
	free      float64
	scheduler [schedulers]float64
	end       float64
	steps     int
}

// run returns how long a launch takes, in nanoseconds, with the ramp.
func (m Machine) run(l launch) float64 {
	s := &multiprocessor{Machine: m, l: l, free: m.RampNS, end: m.RampNS}
	s.waiting = (l.blocks + m.Multiprocessors - 1) / m.Multiprocessors
	for i := range s.scheduler {
		s.scheduler[i] = m.RampNS
	}
	for range min(l.resident, s.waiting) {
		s.start(m.RampNS)
	}
	for len(s.events) > 0 {
		s.steps++
		s.step(heap.Pop(&s.events).(event))
	}
	return s.end
}

func (s *multiprocessor) start(at float64) {
	if s.waiting == 0 {
		return
	}
	s.waiting--
	block := len(s.left)
	s.left = append(s.left, s.l.warps)
	for w := range s.l.warps {
		s.warps = append(s.warps, warp{block: block})
		heap.Push(&s.events, event{at: at, key: len(s.events) + w, warp: len(s.warps) - 1,
			scheduler: (block*s.l.warps + w) % schedulers})
	}
}

func (s *multiprocessor) step(e event) {
	o, w := s.l.ops[e.next], &s.warps[e.warp]
	begins := e.at
	if o.clocks > 0 {
		begins = max(begins, s.scheduler[e.scheduler])
	}
	ends := begins + o.clocks/s.GHz
	if o.clocks > 0 {
		s.scheduler[e.scheduler] = ends
	}
	if o.bytes > 0 {
		s.free = max(s.free, begins) + o.bytes/(s.BytesPerNS/float64(s.Multiprocessors))
		w.issued += o.bytes
		comes := s.free + s.LatencyNS
		if o.overlap {
			comes = max(s.free, begins+s.LatencyNS)
		}
		w.loads = append(w.loads, arrival{w.issued, comes})
	}
	if e.next++; e.next < len(s.l.ops) {
		e.at, e.key = max(ends+o.afterNS, w.arrives(s.l.ops[e.next].need)), s.steps*1000
		heap.Push(&s.events, e)
		return
	}
	s.end = max(s.end, ends+reductionNS)
	if s.left[w.block]--; s.left[w.block] == 0 {
		s.start(ends + exchangeNS)
	}
}

// arrives returns when so many of a warp's bytes have come.
func (w *warp) arrives(bytes float64) (at float64) {
	for _, l := range w.loads {
		if at = max(at, l.at); l.bytes >= bytes {
			break
		}
	}
	if bytes <= 0 {
		return 0
	}
	return at
}

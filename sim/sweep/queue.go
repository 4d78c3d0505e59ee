package sweep

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// queue hands points out. A worker stays with an NPU while there are points of it, because it keeps the machine, and with a
// memory while there are NPUs before it that nobody is at, because what its machines learn about it they share. What has
// to be learnt anew it rather learns where nobody else does.
type queue struct {
	memories []*memoryGroup // in the order of the plan
	byPoint  map[int]*npuPoints
}

// memory is what is left of the NPUs whose DRAM is equal.
type memoryGroup struct {
	npus    []*npuPoints
	workers int // that are at it
}

// stretch is what is left of the points of one NPU.
type npuPoints struct {
	*memoryGroup
	points  []int
	workers int // that are at it
}

func newQueue(d *Dir, todo []int) *queue {
	q := &queue{byPoint: map[int]*npuPoints{}}
	memories, runs := map[int]*memoryGroup{}, map[string]*npuPoints{}
	for _, i := range todo {
		r := &d.Plan.Rows[i]
		m := memories[r.Memory]
		if m == nil {
			m = &memoryGroup{}
			memories[r.Memory], q.memories = m, append(q.memories, m)
		}
		key := r.NPU + "\n" + folder.Labels(r.Axes)
		s := runs[key]
		if s == nil {
			s = &npuPoints{memoryGroup: m}
			runs[key], m.npus = s, append(m.npus, s)
		}
		s.points = append(s.points, i)
		q.byPoint[i] = s
	}
	return q
}

// take returns the next point of a worker, given its last one or -1.
func (q *queue) take(last int) (int, bool) {
	var best *npuPoints
	if s := q.byPoint[last]; s != nil {
		if len(s.points) > 0 {
			return s.take(), true
		}
		best = s.memoryGroup.leastBusy()
	}
	if best == nil || best.workers > 0 {
		for _, m := range q.memories {
			s := m.leastBusy()
			if s != nil && (best == nil || m.workers < best.memoryGroup.workers) {
				best = s
			}
		}
	}
	if best == nil {
		return 0, false
	}
	return best.take(), true
}

// free is the NPU that the fewest workers are at, of those that have points left.
func (m *memoryGroup) leastBusy() (best *npuPoints) {
	for _, s := range m.npus {
		if len(s.points) > 0 && (best == nil || s.workers < best.workers) {
			best = s
		}
	}
	return best
}

func (s *npuPoints) take() int {
	i := s.points[0]
	s.points = s.points[1:]
	s.workers++
	s.memoryGroup.workers++
	return i
}

func (s *npuPoints) release() {
	s.workers--
	s.memoryGroup.workers--
}

// complete notes that a worker is no longer at a point.
func (q *queue) complete(point int) { q.byPoint[point].release() }

// giveBack puts a point in front again.
func (q *queue) requeue(point int) {
	s := q.byPoint[point]
	s.release()
	s.points = slices.Insert(s.points, 0, point)
}

package sweep

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// queue hands out points. A worker stays with an NPU while it has points left, because it reuses the machine. Then it
// stays with the memory while an NPU with that memory has no worker, because machines share the memory's memo. Else it
// moves to the memory with the fewest workers.
type queue struct {
	memories []*memoryGroup // in the order of the plan
	byPoint  map[int]*npuPoints
}

// memoryGroup is the NPUs whose DRAM is equal, with their remaining points.
type memoryGroup struct {
	npus    []*npuPoints
	workers int // that work on its points now
}

// npuPoints is the remaining points of one NPU.
type npuPoints struct {
	*memoryGroup
	points  []int
	workers int // that work on its points now
}

// newQueue returns a queue of the points in todo.
func newQueue(d *Dir, todo []int) *queue {
	q := &queue{byPoint: map[int]*npuPoints{}}
	memories, npus := map[int]*memoryGroup{}, map[string]*npuPoints{}
	for _, i := range todo {
		r := &d.Plan.Rows[i]
		m := memories[r.Memory]
		if m == nil {
			m = &memoryGroup{}
			memories[r.Memory], q.memories = m, append(q.memories, m)
		}
		key := r.NPU + "\n" + folder.Labels(r.Axes)
		s := npus[key]
		if s == nil {
			s = &npuPoints{memoryGroup: m}
			npus[key], m.npus = s, append(m.npus, s)
		}
		s.points = append(s.points, i)
		q.byPoint[i] = s
	}
	return q
}

// take returns the next point for a worker, and whether there is one. last is the worker's last point, or noPoint.
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

// leastBusy returns the NPU with the fewest workers of those that have points left, or nil.
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

// complete releases the worker of a point.
func (q *queue) complete(point int) { q.byPoint[point].release() }

// requeue puts a point back at the front.
func (q *queue) requeue(point int) {
	s := q.byPoint[point]
	s.release()
	s.points = slices.Insert(s.points, 0, point)
}

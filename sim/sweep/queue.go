package sweep

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// queue hands points out. A worker stays with an NPU while there are points of it, because it keeps the machine, and with a
// memory while there are NPUs before it that nobody is at, because what its machines learn about it they share. What has
// to be learnt anew it rather learns where nobody else does.
type queue struct {
	memories []*memory // in the order of the plan
	of       map[int]*stretch
}

// memory is what is left of the NPUs whose DRAM is equal.
type memory struct {
	runs    []*stretch
	workers int // that are at it
}

// stretch is what is left of the points of one NPU.
type stretch struct {
	*memory
	points  []int
	workers int // that are at it
}

func newQueue(d *Dir, todo []int) *queue {
	q := &queue{of: map[int]*stretch{}}
	memories, runs := map[int]*memory{}, map[string]*stretch{}
	for _, i := range todo {
		r := &d.Plan.Rows[i]
		m := memories[r.Memory]
		if m == nil {
			m = &memory{}
			memories[r.Memory], q.memories = m, append(q.memories, m)
		}
		key := r.NPU + "\n" + folder.Labels(r.Axes)
		s := runs[key]
		if s == nil {
			s = &stretch{memory: m}
			runs[key], m.runs = s, append(m.runs, s)
		}
		s.points = append(s.points, i)
		q.of[i] = s
	}
	return q
}

// take returns the next point of a worker, given its last one or -1.
func (q *queue) take(last int) (int, bool) {
	var best *stretch
	if s := q.of[last]; s != nil {
		if len(s.points) > 0 {
			return s.take(), true
		}
		best = s.memory.free()
	}
	if best == nil || best.workers > 0 {
		for _, m := range q.memories {
			s := m.free()
			if s != nil && (best == nil || m.workers < best.memory.workers) {
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
func (m *memory) free() (best *stretch) {
	for _, s := range m.runs {
		if len(s.points) > 0 && (best == nil || s.workers < best.workers) {
			best = s
		}
	}
	return best
}

func (s *stretch) take() int {
	i := s.points[0]
	s.points = s.points[1:]
	s.workers++
	s.memory.workers++
	return i
}

func (s *stretch) leave() {
	s.workers--
	s.memory.workers--
}

// complete notes that a worker is no longer at a point.
func (q *queue) complete(point int) { q.of[point].leave() }

// giveBack puts a point in front again.
func (q *queue) giveBack(point int) {
	s := q.of[point]
	s.leave()
	s.points = slices.Insert(s.points, 0, point)
}

package sweep

// queue hands points out. A worker stays with an NPU and a model while there are points of them, because its machine has
// learnt what the next one can use; otherwise it goes where the fewest workers are.
type queue struct {
	runs []*stretch // points that share an NPU, in the order of the plan
	of   map[int]*stretch
}

// stretch is what is left of the points of one NPU.
type stretch struct {
	points  []int
	workers int // that are at it
}

func newQueue(d *Dir, todo []int) *queue {
	q := &queue{of: map[int]*stretch{}}
	var last string
	for _, i := range todo {
		r := &d.plan.rows[i]
		if key := r.NPU + "\n" + labels(r.Axes); len(q.runs) == 0 || key != last {
			q.runs, last = append(q.runs, &stretch{}), key
		}
		s := q.runs[len(q.runs)-1]
		s.points = append(s.points, i)
		q.of[i] = s
	}
	return q
}

// take returns the next point of a worker, given its last one or -1.
func (q *queue) take(last int) (int, bool) {
	if s := q.of[last]; s != nil && len(s.points) > 0 {
		s.workers++
		return s.pop(), true
	}
	var best *stretch
	for _, s := range q.runs {
		if len(s.points) > 0 && (best == nil || s.workers < best.workers) {
			best = s
		}
	}
	if best == nil {
		return 0, false
	}
	best.workers++
	return best.pop(), true
}

func (s *stretch) pop() int {
	i := s.points[0]
	s.points = s.points[1:]
	return i
}

// complete notes that a worker is no longer at a point.
func (q *queue) complete(point int) { q.of[point].workers-- }

// giveBack puts a point in front again.
func (q *queue) giveBack(point int) {
	s := q.of[point]
	s.workers--
	s.points = append([]int{point}, s.points...)
}

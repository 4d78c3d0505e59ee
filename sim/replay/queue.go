package replay

import (
	"context"
	"errors"
	"sync"
)

// task is a step of a run.
type task struct{ run, step int }

// none is the task of a worker that has had none.
var none = task{run: -1}

// queue hands out the steps of all runs, one at a time. A worker stays with a run while it has steps left, because the
// memory model of its machine learns from step to step what the next one can use; otherwise it goes where fewest workers
// are. There its first steps are many times slower than those of a worker that knows the run: had it taken several at once,
// the others would wait for it at the end. Prefill, the longest step, comes first.
type queue struct {
	lock    sync.Mutex
	next    []int   // per run: place of the step to hand out
	steps   [][]int // per run
	workers []int   // per run

	failed  task
	failErr error
}

func newQueue(runs []*run) *queue {
	q := &queue{next: make([]int, len(runs)), workers: make([]int, len(runs))}
	for _, r := range runs {
		q.steps = append(q.steps, r.steps)
	}
	return q
}

// take returns the next task of a worker, given its last one.
func (q *queue) take(last task) (task, bool) {
	q.lock.Lock()
	defer q.lock.Unlock()
	r := last.run
	if r >= 0 && q.next[r] == len(q.steps[r]) {
		q.workers[r]--
		r = -1
	}
	if r < 0 {
		for i := range q.next {
			if q.next[i] < len(q.steps[i]) && (r < 0 || q.workers[i] < q.workers[r]) {
				r = i
			}
		}
		if r < 0 {
			return none, false
		}
		q.workers[r]++
	}
	t := task{run: r, step: q.steps[r][q.next[r]]}
	q.next[r]++
	return t, true
}

// fail remembers the failure of the earliest task, whichever came first in time: the same fault gets the same message.
func (q *queue) fail(t task, err error) {
	q.lock.Lock()
	defer q.lock.Unlock()
	if errors.Is(err, context.Canceled) {
		return
	}
	if q.failErr == nil || t.run < q.failed.run || t.run == q.failed.run && t.step < q.failed.step {
		q.failed, q.failErr = t, err
	}
}

// failure is what to report when a worker stopped with err.
func (q *queue) failure(err error) error {
	if q.failErr != nil {
		return q.failErr
	}
	return err
}

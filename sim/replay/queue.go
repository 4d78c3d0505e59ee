package replay

import (
	"context"
	"errors"
	"sync"
)

// task is a step of a run.
type task struct{ run, step int }

// noTask is the last task of a worker that has had none.
var noTask = task{run: -1}

// queue hands out the steps of all runs, one at a time. A worker stays with a run while it has steps left, because each
// step adds to the DRAM memo that the next can use. Then it moves to the run with the fewest workers. Its first steps
// there are many times slower; if it took several at once, the others would wait for it at the end. Prefill, the
// longest step, comes first.
type queue struct {
	lock    sync.Mutex
	next    []int   // per run: index of the next step to hand out
	steps   [][]int // per run
	workers []int   // per run

	failed  task
	failErr error
}

func newQueue(runs []*run) *queue {
	q := &queue{next: make([]int, len(runs)), workers: make([]int, len(runs))}
	for _, r := range runs {
		q.steps = append(q.steps, r.todo)
	}
	return q
}

// len is the number of all steps.
func (q *queue) len() (n int) {
	for _, steps := range q.steps {
		n += len(steps)
	}
	return n
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
			return noTask, false
		}
		q.workers[r]++
	}
	t := task{run: r, step: q.steps[r][q.next[r]]}
	q.next[r]++
	return t, true
}

// fail keeps the error of the earliest task in order, not in time, so that the same fault always gives the same
// message.
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

// failure returns the error to report when a worker stopped with err.
func (q *queue) failure(err error) error {
	if q.failErr != nil {
		return q.failErr
	}
	return err
}

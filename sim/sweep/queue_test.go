package sweep

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// TestWorkersStayWithWhatTheyHaveLearnt has workers whose points take times of any length, on NPUs times memories, in
// the order of a spec that varies the memory faster.
func TestWorkersStayWithWhatTheyHaveLearnt(t *testing.T) {
	const npus, memories, points = 5, 4, 6
	for _, workers := range []int{1, 2, 3, 7} {
		for seed := range int64(20) {
			r := rand.New(rand.NewSource(seed))
			d := &Dir{}
			var todo []int
			for n := range npus {
				for m := range memories {
					for range points {
						todo = append(todo, len(d.Plan.Rows))
						d.Plan.Rows = append(d.Plan.Rows, folder.Planned{Row: folder.Row{NPU: fmt.Sprint(n), Axes: map[string]string{"memory": fmt.Sprint(m)}}, Memory: m})
					}
				}
			}
			q := newQueue(d, todo)
			at := slices.Repeat([]int{noPoint}, workers)
			var had []int
			warmed, built := map[string]bool{}, 0
			for busy := workers; busy > 0; {
				w := r.Intn(workers)
				last := at[w]
				if last == len(todo) {
					continue // it has gone
				}
				if last != noPoint {
					if r.Intn(20) == 0 { // it has died; the next one starts without a memo, which is not counted here
						q.requeue(last)
						had = slices.DeleteFunc(had, func(i int) bool { return i == last })
					} else {
						q.complete(last)
					}
				}
				next, ok := q.take(last)
				if !ok {
					at[w], busy = len(todo), busy-1
					continue
				}
				p := &d.Plan.Rows[next]
				warmed[fmt.Sprint(w, " ", p.Memory)] = true
				if last == noPoint || d.Plan.Rows[last].NPU != p.NPU || d.Plan.Rows[last].Memory != p.Memory {
					built++
				}
				at[w], had = next, append(had, next)
			}
			slices.Sort(had)
			if !slices.Equal(had, todo) {
				t.Errorf("%d workers had %v", workers, had)
			}
			if most := memories + 2*(workers-1); len(warmed) > most {
				t.Errorf("%d workers warm up memories %d times: %v; want at most %d", workers, len(warmed), warmed, most)
			}
			if most := npus*memories + 2*workers; built > most {
				t.Errorf("%d workers build %d machines, want at most %d", workers, built, most)
			}
		}
	}
}

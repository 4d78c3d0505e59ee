package folder

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/result"
)

// Done are the points of the plan that have a row, by fingerprint: the best that there is. Rows of other plans, and second
// ones of a point, are left out: a point is a pure function of what its fingerprint names. Lines that are not as they were
// written do not count, and are added to f.Damaged.
func (f *Folder) Done() (map[string]Line, error) {
	files, err := Shards(f.Home())
	if err != nil {
		return nil, err
	}
	all := map[string]Line{}
	f.Damaged = nil
	for _, file := range files {
		shard, err := ReadShard(file, 0)
		if err != nil {
			return nil, err
		}
		f.Damaged = append(f.Damaged, shard.Damaged...)
		for _, m := range shard.Lines {
			if len(f.Plan.index[m.Fingerprint]) == 0 {
				continue
			}
			if err := f.believe(&m); err != nil {
				f.Damaged = append(f.Damaged, Damage{file, m.number, err})
				continue
			}
			if before, there := all[m.Fingerprint]; !there || m.better(&before) {
				all[m.Fingerprint] = m
			}
		}
	}
	return all, nil
}

// believe returns an error if a line of a shard has no checksum though its folder has them, or no possible result.
func (f *Folder) believe(m *Line) error {
	switch {
	case m.Sealed:
		return nil
	case f.Plan.Format != FormatV0:
		return errUnsealed
	case !m.Good():
		return nil
	}
	if _, err := m.Parsed(); err != nil {
		return fmt.Errorf("is not what a sweep has written: %w", err)
	}
	return nil
}

// Good reports whether points have a result and need no other try.
func (l *Line) Good() bool { return l.Error == "" }

// Left are the points without a row, or with failed without a result, in the order of the plan; of those that are the same but
// for their labels, the first.
func (f *Folder) Left(failed bool) ([]int, error) {
	done, err := f.Done()
	if err != nil {
		return nil, err
	}
	var todo []int
	for i := range f.Plan.Rows {
		name := f.Plan.Rows[i].Fingerprint
		m, there := done[name]
		if (!there || failed && !m.Good()) && f.Plan.index[name][0] == i {
			todo = append(todo, i)
		}
	}
	return todo, nil
}

// Rows returns the results that are there, sorted by fingerprint, and how many points have none yet.
func (f *Folder) Rows() (rows []Row, missing int, err error) {
	done, err := f.Done()
	if err != nil {
		return nil, 0, err
	}
	highest := map[string]int{}
	for _, p := range f.Plan.Rows {
		m, there := done[p.Fingerprint]
		if !there {
			missing++
			continue
		}
		row := p.Row
		row.Error, row.Crashed = m.Error, m.Crashed
		if len(m.Result) > 0 {
			if row.Result, err = m.Parsed(); err != nil {
				return nil, 0, fmt.Errorf("%s: %w", f.Path, err)
			}
		}
		highest[row.Fingerprint] = m.Highest
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(strings.Compare(a.Fingerprint, b.Fingerprint), strings.Compare(Labels(a.Axes), Labels(b.Axes)))
	})
	speedups(rows, highest)
	return rows, missing, nil
}

// Labels writes the values of axes, each on a line of its own, in the order of their names.
func Labels(axes map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(axes)) {
		b.WriteString(k + "=" + axes[k] + "\n")
	}
	return b.String()
}

// speedups are set once all rows are together: against plain fp16 and uniform schedules on the same NPU, model and lengths.
// They are no part of a point, whose row must not depend on which others there are.
func speedups(rows []Row, highest map[string]int) {
	type machine struct {
		config, model, experts  string
		prompt, generated, size int
	}
	base := map[machine]map[string]*result.Result{}
	of := func(r *Row) machine {
		experts := ""
		if e := r.Result.Experts; e != nil {
			experts = e.Routing
		}
		return machine{r.Result.Config, r.Model + r.Result.Shape, experts, r.Prompt, r.Generated, r.Batch}
	}
	for i := range rows {
		if r := &rows[i]; r.Result != nil {
			if base[of(r)] == nil {
				base[of(r)] = map[string]*result.Result{}
			}
			base[of(r)][r.Schedule] = r.Result
		}
	}
	for i := range rows {
		if r := &rows[i]; r.Result != nil {
			all := base[of(r)]
			r.Result.Compare(result.Baselines{FP16: all["fp16"], Uniform: func(bits int) *result.Result {
				return all[fmt.Sprintf("uniform:%d", bits)] // of 16 there is none: that is fp16
			}}, highest[r.Fingerprint])
		}
	}
}

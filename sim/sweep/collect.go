package sweep

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/result"
)

// done are the points of the plan that have a row, by fingerprint. Rows of other plans, and second ones of a point, are
// left out: a point is a pure function of what its fingerprint names.
func (d *Dir) done() (map[string]measured, error) {
	files, err := shards(d.path)
	if err != nil {
		return nil, err
	}
	all := map[string]measured{}
	for _, f := range files {
		rows, _, err := readShard(f)
		if err != nil {
			return nil, err
		}
		for _, m := range rows {
			if _, there := all[m.Fingerprint]; !there && len(d.plan.index[m.Fingerprint]) > 0 {
				all[m.Fingerprint] = m
			}
		}
	}
	return all, nil
}

// left are the points without a row, in the order of the plan; of those that are the same but for their labels, the first.
func (d *Dir) left() ([]int, error) {
	done, err := d.done()
	if err != nil {
		return nil, err
	}
	var todo []int
	for i := range d.plan.rows {
		f := d.plan.rows[i].Fingerprint
		if _, there := done[f]; !there && d.plan.index[f][0] == i {
			todo = append(todo, i)
		}
	}
	return todo, nil
}

// Rows returns the results of a directory that are there, sorted by fingerprint, and how many points have none yet. The
// path may also be that of a file with such rows, as results.jsonl is.
func Rows(path string) (rows []Row, missing int, err error) {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		rows, err = readRows(path)
		return rows, 0, err
	}
	if _, err := os.Stat(filepath.Join(path, "plan.jsonl")); errors.Is(err, fs.ErrNotExist) {
		if results := filepath.Join(path, "results.jsonl"); exists(results) {
			rows, err = readRows(results)
			return rows, 0, err
		}
	}
	d, err := Open(path)
	if err != nil {
		return nil, 0, err
	}
	return d.rows()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func readRows(path string) ([]Row, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var rows []Row
	number := 0
	for line := range bytes.Lines(data) {
		number++
		var r Row
		if err := strict(line, &r); err != nil {
			return nil, fmt.Errorf("%s:%d: not a row of a sweep: %w", path, number, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (d *Dir) rows() (rows []Row, missing int, err error) {
	done, err := d.done()
	if err != nil {
		return nil, 0, err
	}
	highest := map[string]int{}
	for _, p := range d.plan.rows {
		m, there := done[p.Fingerprint]
		if !there {
			missing++
			continue
		}
		row := p.Row
		row.Error = m.Error
		if len(m.Result) > 0 {
			row.Result = new(result.Result)
			if err := json.Unmarshal(m.Result, row.Result); err != nil {
				return nil, 0, fmt.Errorf("result of %s: %w", row.Fingerprint, err)
			}
		}
		highest[row.Fingerprint] = m.Highest
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(strings.Compare(a.Fingerprint, b.Fingerprint), strings.Compare(labels(a.Axes), labels(b.Axes)))
	})
	speedups(rows, highest)
	return rows, missing, nil
}

func labels(axes map[string]string) string {
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
		config, model           string
		prompt, generated, size int
	}
	base := map[machine]map[string]*result.Result{}
	of := func(r *Row) machine {
		return machine{r.Result.Config, r.Model, r.Prompt, r.Generated, r.Batch}
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

// Finish writes results.jsonl if every point has a row, and tells how many have none.
func (d *Dir) Finish() (missing int, err error) {
	rows, missing, err := d.rows()
	if err != nil || missing > 0 {
		return missing, err
	}
	var b bytes.Buffer
	if err := writeRows(&b, rows); err != nil {
		return 0, err
	}
	return 0, replace(d.file("results.jsonl"), b.Bytes())
}

func writeRows(w io.Writer, rows []Row) error {
	for i := range rows {
		line, err := encode(&rows[i])
		if err != nil {
			return err
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

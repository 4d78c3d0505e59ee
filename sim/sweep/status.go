package sweep

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/gofrs/flock"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// Status is how far a sweep has come.
type Status struct {
	Points  int      `json:"points"`
	Done    int      `json:"done"`         // with a result
	Misfits int      `json:"does_not_fit"` // of these, those that do not fit their DRAM
	Failed  int      `json:"failed"`
	Left    int      `json:"left"`    // workers are at some of them
	Workers int      `json:"workers"` // at work now
	Owner   string   `json:"owner"`   // the process that coordinates them, if there is one
	Reasons []Reason `json:"reasons,omitempty"`
	Array   string   `json:"slurm_array,omitempty"` // submitted last
	Spec    string   `json:"spec"`
	Version string   `json:"version"`

	FailedPoints []FailedPoint `json:"failed_points,omitempty"`
	Kept         []string      `json:"plans_before,omitempty"` // folders
	Notes        []string      `json:"notes,omitempty"`        // on lines that are not as they were written
}

// FailedPoint is a point without a result.
type FailedPoint struct {
	Point   string `json:"point"`
	Reason  string `json:"reason"`
	Crashed bool   `json:"crashed"` // workers died there: another try may do better
}

// Reason is why points failed.
type Reason struct {
	Text   string `json:"reason"`
	Points int    `json:"points"`
}

// StatusOf reads the status of a sweep's directory. It does not disturb the processes that work there.
func StatusOf(path string) (*Status, error) {
	d, err := Open(path)
	if err != nil {
		return nil, err
	}
	done, err := d.Done()
	if err != nil {
		return nil, err
	}
	s := &Status{Points: len(d.Plan.Rows), Spec: d.Plan.Spec, Version: d.Plan.Version, Kept: d.Kept(), Notes: d.Notes()}
	why := map[string]int{}
	for _, p := range d.Plan.Rows {
		switch m, there := done[p.Fingerprint]; {
		case !there:
			s.Left++
		case m.Error != "":
			s.Failed++
			why[m.Error]++
			s.FailedPoints = append(s.FailedPoints, FailedPoint{describe(&p.Row), m.Error, m.Crashed})
		default:
			s.Done++
			r, err := m.Parsed()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			if !r.Fits {
				s.Misfits++
			}
		}
	}
	for text, n := range why {
		s.Reasons = append(s.Reasons, Reason{text, n})
	}
	slices.SortFunc(s.Reasons, func(a, b Reason) int { return cmp.Or(b.Points-a.Points, strings.Compare(a.Text, b.Text)) })
	if a, err := d.array(); err == nil {
		s.Array = a.ID
	}
	if held(d.File("lock")) {
		s.Owner = d.owner()
	}
	shards, err := folder.Shards(d.Home())
	if err != nil {
		return nil, err
	}
	for _, f := range shards {
		if held(f + ".lock") {
			s.Workers++
		}
	}
	return s, nil
}

// describe names a point by what identifies it.
func describe(r *folder.Row) string {
	words := []string{r.NPU}
	for _, name := range slices.Sorted(maps.Keys(r.Axes)) {
		words = append(words, name+" "+r.Axes[name])
	}
	return strings.Join(append(words, r.Model, fmt.Sprintf("%s %d+%d", r.Task, r.Prompt, r.Generated), fmt.Sprintf("batch %d", r.Batch), r.Schedule), ", ")
}

// held reports whether a process holds a lock.
func held(path string) bool {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() { // a pipe would be waited for
		return false
	}
	l := flock.New(path, flock.SetFlag(0))
	ok, err := l.TryRLock()
	if ok {
		_ = l.Unlock() // it was only looked at
	}
	return err == nil && !ok
}

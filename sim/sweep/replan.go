package sweep

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// replaces reports whether the plan that the folder has must be kept when d.Plan takes its place, or returns an error if
// it must not without the user's word: results would be of no plan any more.
func (d *Dir) replaces(o *Order) (keep bool, err error) {
	finished := files.Exists(d.File("results.jsonl"))
	old, err := folder.Open(d.Path)
	if bad := (folder.DamagedError{}); errors.As(err, &bad) && !o.Replan {
		return true, fmt.Errorf("%w, or --replan, which keeps it in %s", err, d.KeptAs(d.NextKept()))
	} else if errors.As(err, &bad) {
		return true, nil
	} else if err != nil {
		return true, err
	}
	done, err := old.Done()
	if err != nil {
		return true, err
	}
	rows := 0
	for _, p := range old.Plan.Rows {
		if _, there := done[p.Fingerprint]; there {
			rows++
		}
	}
	switch {
	case old.Plan.Format == d.Plan.Format && old.Plan.Version == d.Plan.Version && d.Plan.Covers(&old.Plan):
		return finished && !old.Plan.Covers(&d.Plan), nil // it has grown, and results.jsonl lacks what is new
	case rows == 0 && !finished:
		return false, nil
	case o.Replan:
		return true, nil
	}
	return true, fmt.Errorf("%s: has %d of %d results of another plan (%s); accepted: another directory, or --replan, which keeps them in %s",
		d.Path, rows, len(old.Plan.Rows), d.differs(old), d.KeptAs(d.NextKept()))
}

// differs says in what the folder's plan differs from d.Plan.
func (d *Dir) differs(old *folder.Folder) string {
	var what []string
	if a, b := old.Plan.Version, d.Plan.Version; a != b {
		what = append(what, fmt.Sprintf("of version %s of the program, this is %s", a, b))
	}
	text := old.Plan.Text
	if data, err := files.Read(d.File("spec.yaml"), files.Spec); err == nil && old.Plan.Format == folder.FormatV0 {
		text = string(data)
	}
	before, now := strings.Split(text, "\n"), strings.Split(d.Plan.Text, "\n")
	for i := range max(len(before), len(now)) {
		if a, b := lineOf(before, i), lineOf(now, i); a != b {
			what = append(what, fmt.Sprintf("line %d of the spec was %q, is %q", i+1, a, b))
			break
		}
	}
	for name, to := range old.Plan.Files {
		if now, there := d.Plan.Files[name]; there && now != to {
			what = append(what, fmt.Sprintf("%s has changed", name))
		}
	}
	slices.Sort(what)
	return strings.Join(what, "; ")
}

// lineOf is a line of a text, or none.
func lineOf(lines []string, i int) string {
	if i >= len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[i])
}

// keepPlan keeps the plan of the folder, with its spec and its results if it had ended. At every moment there is a whole
// plan, and the results are in the folder or with the plan that is kept.
func (d *Dir) keepPlan(plan []byte) error {
	n := d.NextKept()
	last := d.KeptAs(n - 1)
	if same, err := files.Read(filepath.Join(last, "plan.jsonl"), files.Plan); err != nil || string(same) != string(plan) {
		last = d.KeptAs(n)
		if err := os.MkdirAll(filepath.Dir(last), 0o755); err != nil {
			return err
		}
		making, err := os.MkdirTemp(filepath.Dir(last), ".making-*")
		if err == nil {
			err = os.Chmod(making, 0o755)
		}
		if err != nil {
			return err
		}
		for name := range strings.FieldsSeq("spec.yaml plan.jsonl") {
			data, err := files.Read(d.File(name), files.Plan)
			if errors.Is(err, fs.ErrNotExist) {
				continue // the user has removed it
			}
			if err != nil {
				return err
			}
			if err := replace(filepath.Join(making, name), data); err != nil {
				return err
			}
		}
		if err := files.Move(making, last); err != nil {
			return err
		}
	}
	if !files.Exists(d.File("results.jsonl")) {
		return nil
	}
	return files.Move(d.File("results.jsonl"), filepath.Join(last, "results.jsonl"))
}

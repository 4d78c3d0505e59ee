package folder

import (
	"os"
	"path/filepath"
	"strconv"
)

// A folder that gets another plan keeps the one before: old/1, old/2, … have its plan, its spec and, if it had ended, its
// results. The rows stay in the folder's shards, so that points of both plans are simulated once, and old/N is read as a
// folder of its own.

// old is where the plans of before are.
const old = "old"

// Kept returns the folders of the plans before, the latest last.
func (f *Folder) Kept() (paths []string) {
	for n := 1; n < f.NextKept(); n++ {
		if path := f.KeptAs(n); Has(path) {
			paths = append(paths, path)
		}
	}
	return paths
}

// KeptAs is the folder of the plan that was there before, by its number.
func (f *Folder) KeptAs(n int) string { return f.File(old, strconv.Itoa(n)) }

// NextKept is the number under which the plan of now would be kept.
func (f *Folder) NextKept() int {
	next := 1
	entries, _ := os.ReadDir(f.File(old)) // none: nothing is kept
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			next = max(next, n+1)
		}
	}
	return next
}

// Home is the folder that has the rows, and the inputs: that of the sweep, also for a plan that it keeps.
func (f *Folder) Home() string {
	if f.home != "" {
		return f.home
	}
	return f.Path
}

// IsKept reports whether a path is that of a plan before, whose rows are elsewhere.
func IsKept(path string) bool { return homeOf(path) != path }

// homeOf returns the folder of a sweep that keeps the plan in path, or path.
func homeOf(path string) string {
	full, err := filepath.Abs(path)
	if err != nil || filepath.Base(filepath.Dir(full)) != old {
		return path
	}
	above := filepath.Dir(filepath.Dir(full))
	if marked, err := Marked(above); !marked || err != nil {
		return path
	}
	if _, err := os.Lstat(filepath.Join(path, "shards")); err == nil {
		return path
	}
	return above
}

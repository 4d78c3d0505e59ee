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

// claim makes path the folder of a sweep, or refuses it: only a new or an empty folder gets a marker, and only in a folder
// with a marker is anything written. So no file is overwritten that no sweep has made.
func claim(path string) error {
	if folder.IsKept(path) {
		return fmt.Errorf("%s is what a sweep has kept of a plan before; accepted: another directory", path)
	}
	if owner := Owner(path); owner != "" {
		return fmt.Errorf("%s belongs to the sweep in %s; accepted: another directory", path, owner)
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("making a directory for results: %w; accepted: a directory that is empty or can be made", err)
	}
	if err := checkLinks(path); err != nil {
		return err
	}
	if marked, err := folder.Marked(path); marked || err != nil {
		return err
	}
	if err := markable(path); err != nil {
		return err
	}
	return mark(path)
}

// markable returns an error if a folder without a marker holds anything but a sweep of version 0.1.0.
func markable(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return files.Scratch(e.Name()) }) // of one killed while it made the marker
	if len(entries) == 0 {
		return nil
	}
	if folder.Has(path) {
		if _, err := folder.Open(path); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s holds %s and no sweep (no %s); accepted: an empty or a new directory, or that of a sweep", path, entries[0].Name(), folder.Marker)
}

// mark writes the marker. Two processes that do so at once write the same bytes.
func mark(path string) error {
	return replace(filepath.Join(path, folder.Marker), []byte(folder.MarkerText))
}

// ownNames are what a sweep has in its folder.
func ownNames() []string {
	return []string{folder.Marker, "lock", "spec.yaml", "plan.jsonl", "results.jsonl", "inputs", "shards", "slurm", "old"}
}

// Owner returns the folder of the sweep that a file belongs to, there or not, however its path is spelt; none if there is none.
// What belongs to a sweep is written by the sweep alone.
func Owner(path string) string {
	at, rest := path, "" // what is there of it, and what is not; not cleaned, as .. behind a link leads elsewhere
	for {
		real, err := filepath.EvalSymlinks(at)
		if err == nil {
			at = filepath.Join(real, rest)
			break
		}
		dir, name := filepath.Split(strings.TrimRight(at, string(filepath.Separator)))
		if dir == "" {
			dir = "."
		}
		if name == "" || at == dir {
			return ""
		}
		at, rest = dir, filepath.Join(name, rest)
	}
	at, err := filepath.Abs(at)
	if err != nil {
		return ""
	}
	for ; at != filepath.Dir(at); at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(filepath.Dir(at), folder.Marker)); err == nil && slices.Contains(ownNames(), filepath.Base(at)) {
			return filepath.Dir(at)
		}
	}
	return ""
}

// checkLinks refuses links in place of what a sweep writes: through one it would write into another file. A file of
// rows with two names is a copy that does not stay as it is.
func checkLinks(path string) error {
	for _, name := range ownNames() {
		err := filepath.WalkDir(filepath.Join(path, name), func(at string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			info, err := e.Info()
			if err != nil {
				return err
			}
			if !info.Mode().IsRegular() {
				return fmt.Errorf("%s is a link or a device; accepted: the files that pmpdsim sweep made, and no links to others", at)
			}
			if name == "shards" && files.Names(info) > 1 {
				return fmt.Errorf("%s is a hard link, so that a copy elsewhere would change with it; accepted: a copy of its own", at)
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

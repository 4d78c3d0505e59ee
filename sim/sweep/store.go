package sweep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/natefinch/atomic"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// Dir is the directory of a sweep, and who works there.
type Dir struct {
	folder.Folder
	lock *flock.Flock
}

// replace writes a file at once and for good: readers see the old one or the whole new one, also after a power failure.
func replace(path string, data []byte) error {
	if err := atomic.WriteFile(path, bytes.NewReader(data)); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return os.Chmod(path, 0o644)
}

// Create makes or takes up the directory of a sweep, for its coordinator alone: what was simulated there before, and is
// still asked for, counts.
func Create(ctx context.Context, path string, s *Spec, name string, points []*Point, version string) (*Dir, error) {
	if err := checkOwn(path); err != nil {
		return nil, err
	}
	d := &Dir{Folder: folder.Folder{Path: path}}
	if err := os.MkdirAll(d.File("shards"), 0o755); err != nil {
		return nil, fmt.Errorf("making a directory for results: %w", err)
	}
	if err := d.acquire(ctx); err != nil {
		return nil, err
	}
	if err := d.write(s, name, points, version); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// refuseForeign keeps a sweep out of a directory that holds other things.
func checkOwn(path string) error {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w; accepted: a directory for the results", path, err)
	}
	own := []string{"lock", "shards", "inputs", "plan.jsonl", "spec.yaml"}
	if len(entries) > 0 && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return slices.Contains(own, e.Name()) }) {
		return fmt.Errorf("%s holds %s and no sweep; accepted: an empty or a new directory, or that of a sweep", path, entries[0].Name())
	}
	return nil
}

// patience is how long a coordinator tries to get a directory whose lock somebody looks at.
const lockTimeout = 500 * time.Millisecond

// take makes this process the one that works in the directory.
func (d *Dir) acquire(ctx context.Context) error {
	d.lock = flock.New(d.File("lock"), flock.SetFlag(os.O_CREATE|os.O_RDWR))
	short, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	ok, err := d.lock.TryLockContext(short, lockTimeout/10)
	if ok {
		return os.WriteFile(d.File("lock"), []byte(thisProcess()+"\n"), 0o644)
	}
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("locking %s: %w (the file system must know flock)", d.Path, err)
	}
	return fmt.Errorf("%s: another sweep works here: %s; accepted: another directory, or to wait for it (pmpdsim sweep status %s)",
		d.Path, d.owner(), d.Path)
}

// self names this process.
func thisProcess() string {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	return fmt.Sprintf("process %d on %s", os.Getpid(), host)
}

// owner names the process that has the lock.
func (d *Dir) owner() string {
	data, err := os.ReadFile(d.File("lock"))
	if name := strings.TrimSpace(string(data)); err == nil && name != "" {
		return name
	}
	return "a process that is just starting"
}

// Close gives the directory free.
func (d *Dir) Close() error {
	if d.lock == nil {
		return nil
	}
	return d.lock.Unlock()
}

// write keeps the spec, what it names, and the points. The plan comes last: it makes the rest valid.
func (d *Dir) write(s *Spec, name string, points []*Point, version string) error {
	kept, err := s.files.keep(d.Path, "inputs")
	if err != nil {
		return err
	}
	var planned []folder.Planned
	for _, p := range points {
		planned = append(planned, folder.Planned{Row: p.row(), Memory: p.memory, Cost: p.Cost})
	}
	d.Plan = folder.NewPlan(name, version, kept, planned)
	data, err := d.Plan.Encode()
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(d.File("plan.jsonl")); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := os.Remove(d.File("results.jsonl")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // those of another plan
	}
	if err := replace(d.File("spec.yaml"), s.data); err != nil {
		return err
	}
	return replace(d.File("plan.jsonl"), data)
}

// Open reads the plan of a sweep's directory, without becoming its coordinator.
func Open(path string) (*Dir, error) {
	f, err := folder.Open(path)
	if err != nil {
		return nil, err
	}
	return &Dir{Folder: *f}, nil
}

// spec reads the directory's copy of the spec and expands it: the same points as when the sweep began.
func (d *Dir) spec(version string) ([]*Point, error) {
	if version != d.Plan.Version {
		return nil, fmt.Errorf("%s: planned by version %s, this is %s; accepted: the same program on every machine", d.Path, d.Plan.Version, version)
	}
	copies := map[string]string{}
	for name, to := range d.Plan.Files {
		copies[name] = d.File(to)
	}
	s, err := open(d.File("spec.yaml"), d.File("spec.yaml"), &files{dir: d.Path, copies: copies})
	if err != nil {
		return nil, err
	}
	points, err := s.Points(d.File("spec.yaml"), version)
	if err != nil {
		return nil, err
	}
	for i, p := range points {
		if i >= len(d.Plan.Rows) || p.Fingerprint != d.Plan.Rows[i].Fingerprint {
			return nil, fmt.Errorf("%s: point %d is not the one that was planned; accepted: to run pmpdsim sweep again", d.Path, i)
		}
	}
	return points, nil
}

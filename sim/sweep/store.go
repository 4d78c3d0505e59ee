package sweep

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/natefinch/atomic"
)

// Format is what the first line of a plan says.
const Format = "pmpdsim-sweep 1"

// plan is what a sweep consists of: the header of plan.jsonl, and a line for each point.
type plan struct {
	Format  string            `json:"format"`
	Spec    string            `json:"spec"`            // its name, for messages
	Version string            `json:"version"`         // of the program
	Files   map[string]string `json:"files,omitempty"` // what the spec names, and the copy
	Points  int               `json:"points"`          //
	rows    []planned         // of which the results are to be found
	index   map[string][]int  // fingerprint to points
}

type planned struct {
	Row
	Memory int     `json:"memory"` // points of equal number have equal DRAM
	Cost   float64 `json:"cost"`
}

// Dir is a sweep's directory.
//
//	spec.yaml       the spec as it was given
//	inputs/         what it names: NPUs, models, traces
//	plan.jsonl      all points
//	shards/*.jsonl  results as they come, a file for each worker
//	results.jsonl   all results, once they are there
//	lock            held by the sweep that works here
//	slurm/          script and output of the jobs
type Dir struct {
	path string
	plan plan
	lock *flock.Flock
}

func (d *Dir) file(names ...string) string {
	return filepath.Join(append([]string{d.path}, names...)...)
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
	if err := refuseForeign(path); err != nil {
		return nil, err
	}
	d := &Dir{path: path}
	if err := os.MkdirAll(d.file("shards"), 0o755); err != nil {
		return nil, fmt.Errorf("making a directory for results: %w", err)
	}
	if err := d.take(ctx); err != nil {
		return nil, err
	}
	if err := d.write(s, name, points, version); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// refuseForeign keeps a sweep out of a directory that holds other things.
func refuseForeign(path string) error {
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
const patience = 500 * time.Millisecond

// take makes this process the one that works in the directory.
func (d *Dir) take(ctx context.Context) error {
	d.lock = flock.New(d.file("lock"), flock.SetFlag(os.O_CREATE|os.O_RDWR))
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ok, err := d.lock.TryLockContext(short, patience/10)
	if ok {
		return os.WriteFile(d.file("lock"), []byte(self()+"\n"), 0o644)
	}
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("locking %s: %w (the file system must know flock)", d.path, err)
	}
	return fmt.Errorf("%s: another sweep works here: %s; accepted: another directory, or to wait for it (pmpdsim sweep status %s)",
		d.path, d.owner(), d.path)
}

// self names this process.
func self() string {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	return fmt.Sprintf("process %d on %s", os.Getpid(), host)
}

// owner names the process that has the lock.
func (d *Dir) owner() string {
	data, err := os.ReadFile(d.file("lock"))
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
	kept, err := s.files.keep(d.path, "inputs")
	if err != nil {
		return err
	}
	d.plan = plan{Format: Format, Spec: name, Version: version, Files: kept, Points: len(points)}
	for _, p := range points {
		d.plan.rows = append(d.plan.rows, planned{p.row(), p.memory, p.Cost})
	}
	d.plan.order()
	data, err := d.plan.encode()
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(d.file("plan.jsonl")); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := os.Remove(d.file("results.jsonl")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // those of another plan
	}
	if err := replace(d.file("spec.yaml"), s.data); err != nil {
		return err
	}
	return replace(d.file("plan.jsonl"), data)
}

func (p *plan) order() {
	p.index = map[string][]int{}
	for i := range p.rows {
		p.index[p.rows[i].Fingerprint] = append(p.index[p.rows[i].Fingerprint], i)
	}
}

func (p *plan) encode() ([]byte, error) {
	data, err := encode(p)
	if err != nil {
		return nil, err
	}
	for i := range p.rows {
		line, err := encode(&p.rows[i])
		if err != nil {
			return nil, err
		}
		data = append(data, line...)
	}
	return data, nil
}

// Open reads the plan of a sweep's directory, without becoming its coordinator.
func Open(path string) (*Dir, error) {
	d := &Dir{path: path}
	f, err := os.Open(d.file("plan.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no sweep; accepted: the directory that pmpdsim sweep SPEC -o DIR made", path)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	in := json.NewDecoder(bufio.NewReader(f))
	in.DisallowUnknownFields()
	if err := in.Decode(&d.plan); err != nil || d.plan.Format != Format {
		return nil, fmt.Errorf("%s: format %q; accepted: %q", d.file("plan.jsonl"), d.plan.Format, Format)
	}
	for {
		var p planned
		err := in.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.file("plan.jsonl"), err)
		}
		d.plan.rows = append(d.plan.rows, p)
	}
	if len(d.plan.rows) != d.plan.Points {
		return nil, fmt.Errorf("%s: %d of %d points", d.file("plan.jsonl"), len(d.plan.rows), d.plan.Points)
	}
	d.plan.order()
	return d, nil
}

// spec reads the directory's copy of the spec and expands it: the same points as when the sweep began.
func (d *Dir) spec(version string) ([]*Point, error) {
	if version != d.plan.Version {
		return nil, fmt.Errorf("%s: planned by version %s, this is %s; accepted: the same program on every machine", d.path, d.plan.Version, version)
	}
	copies := map[string]string{}
	for name, to := range d.plan.Files {
		copies[name] = d.file(to)
	}
	s, err := open(d.file("spec.yaml"), d.file("spec.yaml"), &files{dir: d.path, copies: copies})
	if err != nil {
		return nil, err
	}
	points, err := s.Points(d.file("spec.yaml"), version)
	if err != nil {
		return nil, err
	}
	for i, p := range points {
		if i >= len(d.plan.rows) || p.Fingerprint != d.plan.rows[i].Fingerprint {
			return nil, fmt.Errorf("%s: point %d is not the one that was planned; accepted: to run pmpdsim sweep again", d.path, i)
		}
	}
	return points, nil
}

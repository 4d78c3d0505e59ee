package sweep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// Dir is the directory of a sweep. The coordinator of the sweep holds its lock.
type Dir struct {
	folder.Folder
	lock *flock.Flock
}

// replace writes a file atomically: even after a power failure, readers see the old file or the complete new one.
func replace(path string, data []byte) error {
	return files.Replace(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Order is what a sweep is to simulate.
type Order struct {
	Spec    *Spec
	Name    string // of the spec, for messages
	Points  []*Point
	Version string // of the program
	Replan  bool   // it may take the place of what the folder has been planned for, which is kept
}

// Create makes the directory of a sweep, or continues in an existing one, and locks it for this coordinator. Results of
// points that are also in the new plan are kept.
func Create(ctx context.Context, path string, o Order) (*Dir, error) {
	if err := claim(path); err != nil {
		return nil, err
	}
	d := &Dir{Folder: folder.Folder{Path: path}}
	if err := os.MkdirAll(d.File("shards"), 0o755); err != nil {
		return nil, fmt.Errorf("making a directory for results: %w", err)
	}
	if err := d.acquire(ctx); err != nil {
		return nil, err
	}
	if err := d.write(&o); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// lockTimeout is how long a coordinator tries to lock a directory: reading the status also takes the lock for a moment.
const lockTimeout = 500 * time.Millisecond

// acquire locks the directory for this process.
func (d *Dir) acquire(ctx context.Context) error {
	d.lock = flock.New(d.File("lock"), flock.SetFlag(os.O_CREATE|os.O_RDWR|files.NoFollow))
	short, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	ok, err := d.lock.TryLockContext(short, lockTimeout/10)
	if ok {
		return d.sign(thisProcess() + "\n")
	}
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("locking %s: %w; accepted: a directory that can be written to, on a file system that knows flock", d.Path, err)
	}
	return fmt.Errorf("%s: another sweep works here: %s; accepted: another directory, or to wait for it (pmpdsim sweep status %s)",
		d.Path, d.owner(), d.Path)
}

// sign writes into the lock who holds it: nobody when it is not held.
func (d *Dir) sign(who string) error {
	f, err := files.Append(d.File("lock"))
	if err != nil {
		return err
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteString(who)
	}
	return errors.Join(err, f.Close())
}

// thisProcess names this process and its host.
func thisProcess() string {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	return fmt.Sprintf("process %d on %s", os.Getpid(), host)
}

// owner names the process that holds the lock.
func (d *Dir) owner() string {
	data, err := files.Read(d.File("lock"), files.Note)
	if name := strings.TrimSpace(string(data)); err == nil && name != "" {
		return name
	}
	return "a process that is just starting"
}

// Close unlocks the directory.
func (d *Dir) Close() error {
	if d.lock == nil {
		return nil
	}
	_ = d.sign("") // the lock counts, and not its text
	return d.lock.Unlock()
}

// write stores copies of the files that the spec names, the spec, and the plan. The plan comes last: it makes the rest valid.
func (d *Dir) write(o *Order) error {
	plan, err := o.plan()
	if err != nil {
		return err
	}
	d.Plan = plan
	data, err := plan.Encode()
	if err != nil {
		return err
	}
	before, err := files.Read(d.File("plan.jsonl"), files.Plan)
	same, first := bytes.Equal(before, data), errors.Is(err, fs.ErrNotExist)
	if err != nil && !first {
		return err
	}
	keep := first && files.Exists(d.File("results.jsonl"))
	if keep && !o.Replan {
		return fmt.Errorf("%s: has results.jsonl, and no plan that it is of; accepted: another directory, or --replan, which keeps it in %s",
			d.Path, d.KeptAs(d.NextKept()))
	}
	if !same && !first {
		if keep, err = d.replaces(o); err != nil {
			return err
		}
	}
	if err := o.Spec.keepFiles(d.Path, plan.Files); err != nil {
		return err
	}
	if err := keepInputs(d.Path, o.Points); err != nil {
		return err
	}
	if spec, err := files.Read(d.File("spec.yaml"), files.Spec); same && err == nil && bytes.Equal(spec, o.Spec.data) {
		return nil
	}
	if keep {
		if err := d.keepPlan(before); err != nil {
			return err
		}
	}
	if err := replace(d.File("spec.yaml"), o.Spec.data); err != nil {
		return err
	}
	return replace(d.File("plan.jsonl"), data)
}

func (o *Order) plan() (folder.Plan, error) {
	kept, err := o.Spec.files.places()
	if err != nil {
		return folder.Plan{}, err
	}
	head := folder.Plan{Spec: o.Name, Text: string(o.Spec.data), Version: o.Version, Files: kept}
	for _, a := range o.Spec.axes {
		axis := folder.Axis{Name: a.Name}
		for _, v := range a.Values {
			axis.Values = append(axis.Values, v.Label)
		}
		head.Axes = append(head.Axes, axis)
	}
	planned := make([]folder.Planned, len(o.Points))
	for i, p := range o.Points {
		planned[i] = folder.Planned{Row: p.row(), Memory: p.memory, Cost: p.Cost}
	}
	return folder.NewPlan(head, planned), nil
}

// Open reads the plan of a sweep's directory, without becoming its coordinator.
func Open(path string) (*Dir, error) {
	f, err := folder.Open(path)
	if err != nil {
		return nil, err
	}
	return &Dir{Folder: *f}, nil
}

// spec expands the spec as it was planned.
func (d *Dir) spec(ctx context.Context, version string) ([]*Point, error) {
	if version != d.Plan.Version {
		return nil, fmt.Errorf("%s: planned by version %s, this is %s; accepted: the same program on every machine", d.Path, d.Plan.Version, version)
	}
	copies := map[string]string{}
	for name, to := range d.Plan.Files {
		copies[name] = filepath.Join(d.Home(), to)
	}
	text, name := []byte(d.Plan.Text), d.File("spec.yaml")
	if d.Plan.Format == folder.FormatV0 {
		var err error
		if text, err = files.Read(name, files.Spec); err != nil {
			return nil, err
		}
	}
	s, err := parse(text, name, math.MaxInt, &inputs{dir: d.Path, copies: copies})
	if err != nil {
		return nil, err
	}
	return s.Points(ctx, name, version)
}

// planned expands the spec, and checks that the points are those of the plan.
func (d *Dir) planned(ctx context.Context, version string) ([]*Point, error) {
	points, err := d.spec(ctx, version)
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

package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// Worker simulates points of a sweep one after the other and appends a row for each to a shard of its own. The command
// pmpdsim job runs one.
type Worker struct {
	Version string // of the program: the plan's
	Report  string // of the program, for the results

	points   []*Point
	shard    *shard
	done     map[string]bool // results in the shard
	machines replay.MachinePool
}

// NewWorker reads the plan of a directory and locks a shard there: the one with a name, for which it waits, or without
// a name the first that is free.
func NewWorker(ctx context.Context, path, version, report, name string) (*Worker, error) {
	d, err := Open(path)
	if err != nil {
		return nil, err
	}
	w := &Worker{Version: version, Report: report, done: map[string]bool{}}
	if w.points, err = d.planned(ctx, version); err != nil {
		return nil, err
	}
	var rows []folder.Line
	if name == "" {
		w.shard, rows, err = openFirstFree(d)
	} else {
		w.shard, rows, err = openWhenFree(ctx, d.File("shards", name+".jsonl"))
	}
	if err != nil {
		return nil, err
	}
	for _, m := range rows {
		w.done[m.Fingerprint] = w.done[m.Fingerprint] || m.Sealed && m.Good()
	}
	return w, nil
}

// mostShards bounds the search for a free shard.
const mostShards = 10_000

func openFirstFree(d *Dir) (*shard, []folder.Line, error) {
	for i := range mostShards {
		s, rows, err := openShard(d.File("shards", fmt.Sprintf("worker-%d.jsonl", i)))
		if !errors.Is(err, errLocked) {
			return s, rows, err
		}
	}
	return nil, nil, fmt.Errorf("%s: %d workers are at it", d.Path, mostShards)
}

// openWhenFree opens a shard whose last writer may still be ending, as when a batch system has requeued a task.
func openWhenFree(ctx context.Context, path string) (*shard, []folder.Line, error) {
	const tries, pause = 60, time.Second
	for i := 0; ; i++ {
		s, rows, err := openShard(path)
		if !errors.Is(err, errLocked) {
			return s, rows, err
		}
		if i == tries {
			return nil, nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// Close unlocks the shard.
func (w *Worker) Close() error { return w.shard.close() }

// Do simulates a point and writes its row, unless the shard has its result already. A point that cannot be simulated also gets
// a row, and Do returns failed. An error means that the worker cannot go on: it was interrupted, or cannot write.
func (w *Worker) Do(ctx context.Context, point int) (failed bool, err error) {
	if point < 0 || point >= len(w.points) {
		return false, fmt.Errorf("point %d: there are %d", point, len(w.points))
	}
	p := w.points[point]
	if w.done[p.Fingerprint] {
		return false, nil
	}
	m := &folder.Line{Fingerprint: p.Fingerprint}
	if err := w.simulate(ctx, p, m); err != nil {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		m.Error, m.Result = err.Error(), nil
	}
	if err := w.shard.append(m); err != nil {
		return false, err
	}
	w.done[p.Fingerprint] = true
	return m.Error != "", nil
}

// simulate fills a row. It turns a panic into the error of this point, so that the sweep continues with the others.
func (w *Worker) simulate(ctx context.Context, p *Point, m *folder.Line) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			w.machines = replay.MachinePool{}
			err = fmt.Errorf("internal error: %v", fault)
		}
	}()
	prepared, err := replay.PrepareAll([]replay.Job{p.Job})
	if err != nil {
		return err
	}
	rs, err := replay.Run(ctx, prepared, replay.Options{Workers: 1, Version: w.Report, Machines: &w.machines})
	if err != nil {
		return err
	}
	r := rs[0]
	r.Breakdown(p.Config)
	r.SpeedupFP16, r.SpeedupUniform = nil, nil // against others of the sweep, once all are there
	r.Inputs = nil                             // beside the rows, once for all that share them
	m.Highest = p.Schedule.HighestDecodeBits(p.Evidence.Recorded)
	line, err := folder.Encode(r)
	m.Result = json.RawMessage(line)
	return err
}

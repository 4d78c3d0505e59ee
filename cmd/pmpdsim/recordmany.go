package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/gofrs/flock"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/traces"
)

// runMany records every prompt under every schedule into a folder. What is there already, and is what would be recorded, is kept.
func (o *recordOptions) runMany(ctx context.Context, s streams) error {
	if err := checkFolder(o.output); err != nil {
		return flagged("output", "", err)
	}
	e, list, err := o.engine.findAll()
	if err != nil {
		return err
	}
	defer e.close()
	schedules, err := o.parseSchedules(s, e)
	if err != nil {
		return err
	}
	all, err := o.plan(e, list, schedules)
	if err != nil {
		return err
	}
	m, err := o.open()
	if err != nil {
		return flagged("output", "", err)
	}
	there, left, err := o.left(e, m, all)
	if err != nil {
		return flagged("output", "", err)
	}
	if len(there) > 0 {
		s.say("%d of %d traces are in %s", len(there), len(all), o.output)
	}
	if len(left) > 0 {
		if err := e.load(ctx, s, schedules); err != nil {
			return err
		}
	}
	listed, err := o.recordAll(ctx, s, e, left, len(all))
	if err != nil {
		return err
	}
	return s.emit(recordedTable(all, append(there, listed...)).Write)
}

// open makes the folder, or finds the one that is there, and returns its manifest.
func (o *recordOptions) open() (*traces.Manifest, error) {
	if err := os.MkdirAll(o.output, 0o755); err != nil {
		return nil, fmt.Errorf("%w; accepted: %s", err, acceptedFolder)
	}
	m, err := traces.ReadManifest(o.output)
	if errors.Is(err, fs.ErrNotExist) {
		m = new(traces.Manifest)
		return m, o.write(m)
	}
	return m, err
}

// write writes the manifest, and so the folder is known by it.
func (o *recordOptions) write(m *traces.Manifest) error {
	text, err := m.Encode()
	if err != nil {
		return err
	}
	return files.Replace(filepath.Join(o.output, traces.ManifestName), func(w io.Writer) error { _, err := w.Write(text); return err })
}

// left sorts what is planned into what the folder has, and what is to be recorded. What a killed recording has not listed, it lists.
func (o *recordOptions) left(e *engine, m *traces.Manifest, all []planned) (there []traces.Listed, left []planned, err error) {
	var unlisted []traces.Listed
	var gpu *traces.GPU
	for _, p := range all {
		path := filepath.Join(o.output, p.file)
		if o.force || !files.Exists(path) || o.keepKV && !files.Exists(traces.SidecarOf(path)) {
			left = append(left, p)
			continue
		}
		t, err := traces.ReadFile(path)
		if err != nil {
			return nil, nil, fmt.Errorf("%w; --force records it again", err)
		}
		_, _, listed := m.Of(p.file)
		if t.Footer.Stop == traces.StopTruncated || !listed && t.Header.Tool != program() {
			left = append(left, p)
			continue
		}
		if what := p.job.Differs(t); what != "" {
			return nil, nil, fmt.Errorf("%s was recorded with %s; accepted: another folder, or --force, which records it again", path, what)
		}
		there = append(there, t.List(p.file, p.prompt))
		if !listed {
			unlisted, gpu = append(unlisted, there[len(there)-1]), t.Header.GPU
		}
	}
	return there, left, o.list(e, gpu, unlisted)
}

// recordAll records what is left, and lists it in the manifest, whatever ends it.
func (o *recordOptions) recordAll(ctx context.Context, s streams, e *engine, left []planned, all int) (listed []traces.Listed, err error) {
	defer s.files.Hold()() // it says itself what there is when it is interrupted
	p := newProgress(s.err, int64(len(left)*e.generate), "tokens")
	defer p.end()
	whole := all - len(left)
	for i, l := range left {
		path := filepath.Join(o.output, l.file)
		if err = ctx.Err(); err == nil {
			err = o.recordOne(ctx, s, e, path, l, func() { p.add(1) })
		}
		if t, there := traces.ReadFile(path); there == nil && l.made(t) { // a truncated one, too, but none from before that --force would have replaced
			listed = append(listed, t.List(l.file, l.prompt))
		}
		if err != nil {
			break
		}
		whole++
		p.update(int64((i+1)*e.generate), int64(len(left)*e.generate)) // an answer may have ended early
	}
	p.end()
	var lost error
	if len(listed) > 0 {
		lost = o.list(e, e.About().GPU, listed)
	}
	err = partly(ctx, err, fmt.Sprintf("%d of %d traces are in %s; the same command goes on from there", whole, all, o.output))
	return listed, errors.Join(err, lost)
}

// recordOne records a prompt under a schedule.
func (o *recordOptions) recordOne(ctx context.Context, s streams, e *engine, path string, l planned, token func()) error {
	if _, err := s.files.Derives(path, "--output"); err != nil {
		return flagged("output", "", err)
	}
	out, err := claimTrace(s, path, o.keepKV)
	if err != nil {
		return err
	}
	if err := out.record(ctx, s, e, l.job, token); err != nil {
		return fmt.Errorf("%s under %s: %w", l.place, l.job.Schedule, err)
	}
	return nil
}

// list adds traces to the manifest, as it is now: another recording into this folder may have ended meanwhile, and have replaced
// some of these traces by its own, which it lists.
func (o *recordOptions) list(e *engine, gpu *traces.GPU, listed []traces.Listed) error {
	if len(listed) == 0 {
		return nil
	}
	defer lockFolder(o.output)()
	listed = slices.DeleteFunc(slices.Clone(listed), func(l traces.Listed) bool {
		t, err := traces.ReadFile(filepath.Join(o.output, l.File))
		return err == nil && t.SHA256 != l.SHA256
	})
	if len(listed) == 0 {
		return nil
	}
	m, err := traces.ReadManifest(o.output)
	if err != nil {
		return internal(flagged("output", "", err)) // it was there
	}
	sum, err := e.source.SHA256()
	if err != nil {
		return flagged("weights", "", err)
	}
	m.Add(traces.Recording{Command: o.command, Tool: program(), Created: time.Now().UTC().Format(time.RFC3339), Model: e.model.Name,
		WeightsSHA256: sum, Machine: machine(gpu, e.threads), Traces: listed})
	if err := o.write(m); err != nil {
		return internal(flagged("output", "", err))
	}
	return nil
}

// lockFolder waits until no other process has the folder locked. Where a folder cannot be locked (on Windows, on some network file
// systems) it waits for none.
func lockFolder(dir string) (unlock func()) {
	l := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	if err := l.Lock(); err != nil {
		return func() {}
	}
	return func() { _ = l.Unlock() } // it ends with the process at the latest
}

// machine says on what kind of machine the engine runs.
func machine(gpu *traces.GPU, threads int) string {
	if gpu != nil {
		return gpu.Name
	}
	return fmt.Sprintf("CPU, %s/%s, %d threads", runtime.GOOS, runtime.GOARCH, threads)
}

// recordedTable is what the traces of each schedule come to.
func recordedTable(all []planned, listed []traces.Listed) *plots.Table {
	t := &plots.Table{Columns: []plots.Column{{Name: "schedule"}, {Name: "traces", Right: true}, {Name: "prompt tokens", Right: true},
		{Name: "generated", Right: true}, {Name: "bits", Right: true}, {Name: "agreement", Right: true}, {Name: "NLL", Right: true}}}
	done := map[string]bool{}
	for _, p := range all {
		schedule := p.job.Schedule.String()
		if done[schedule] {
			continue
		}
		done[schedule] = true
		var n, prompt, generated int
		var bits, agree, nll mean
		for _, l := range listed {
			if l.Schedule == schedule {
				n, prompt, generated = n+1, prompt+l.PromptTokens, generated+l.Generated
				bits.add(l.AvgWeightBits)
				agree.add(l.Agree)
				nll.add(l.NLL)
			}
		}
		t.Add(schedule, strconv.Itoa(n), strconv.Itoa(prompt), strconv.Itoa(generated), bits.text("%.2f"), agree.text("%.4f"), nll.text("%.4f"))
	}
	return t
}

// mean is that of traces, of which each counts once.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(v *float64) {
	if v != nil {
		m.sum, m.n = m.sum+*v, m.n+1
	}
}

// text writes it; nothing where nothing was measured.
func (m *mean) text(format string) string {
	if m.n == 0 {
		return ""
	}
	return fmt.Sprintf(format, m.sum/float64(m.n))
}

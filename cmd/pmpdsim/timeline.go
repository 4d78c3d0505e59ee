package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// timelinePasses is how many passes of each run have more detail than ops, if nothing is said: prefill and two of
// decode.
const timelinePasses = 3

func timelineFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "timeline", Usage: "also write what happened when to `FILE`, which ui.perfetto.dev opens"},
		&cli.StringFlag{Name: "timeline-detail", Usage: "`LEVEL` of the timeline: step, op, tile or transfer", Value: activity.Ops.String()},
		&cli.IntFlag{Name: "timeline-passes", Usage: "only the first `N` passes of a schedule have tiles and transfers; prefill is one", Value: timelinePasses,
			Action: atLeast("timeline-passes", 0)},
	}
}

// timelineFile is a timeline on its way: the runs go to files without names, which are joined in order at the end.
// Whatever ends the program before leaves nothing behind.
type timelineFile struct {
	path  string
	what  replay.Timeline
	parts []*os.File
}

// timelineOptions are the timeline that was asked for: with no path none.
type timelineOptions struct {
	path   string
	detail activity.Detail
	passes int
}

// timelineFrom reads the flags.
func timelineFrom(c *cli.Context) (o timelineOptions, err error) {
	o.path, o.passes = c.String("timeline"), c.Int("timeline-passes")
	if o.path == "" {
		for _, name := range []string{"timeline-detail", "timeline-passes"} {
			if c.IsSet(name) {
				return o, fmt.Errorf("--%s: there is no timeline; accepted: with --timeline FILE", name)
			}
		}
		return o, nil
	}
	if o.path == c.String("output") {
		return o, fmt.Errorf("--timeline %s: that is where --output goes; accepted: another file", o.path)
	}
	o.detail, err = activity.ParseDetail(c.String("timeline-detail"))
	return o, flagged("timeline-detail", "", err)
}

// open opens what a timeline of so many runs needs, so that it is known before they start that it can be written. It is
// nil if none was asked for.
func (o *timelineOptions) open(runs int) (*timelineFile, error) {
	if o.path == "" {
		return nil, nil
	}
	if err := files.Writable(o.path); err != nil {
		return nil, flagged("timeline", "", err)
	}
	t := &timelineFile{path: o.path, what: replay.Timeline{Detail: o.detail, Passes: o.passes}}
	t.what.Part = func(run int) io.Writer { return part{t.parts[run], o.path} }
	for range runs {
		if err := t.add(); err != nil {
			t.close()
			return nil, flagged("timeline", "", err)
		}
	}
	return t, nil
}

// add opens a file for a run, where the timeline will be: that disk has room for it, or has not.
func (t *timelineFile) add() error {
	dir := filepath.Dir(t.path)
	if files.Special(t.path) {
		dir = "" // a device or a pipe is where no files should be
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(t.path)+".*")
	if err != nil {
		return err
	}
	t.parts = append(t.parts, f)
	return os.Remove(f.Name()) // it stays until it is closed
}

// part is the file of a run. Its errors name the timeline, because the file has no name.
type part struct {
	*os.File
	path string
}

func (p part) Write(b []byte) (int, error) {
	n, err := p.File.Write(b)
	if at := (*os.PathError)(nil); errors.As(err, &at) {
		err = fmt.Errorf("%s: %w", p.path, at.Err)
	}
	return n, err
}

// options are those of the simulation.
func (t *timelineFile) options() *replay.Timeline {
	if t == nil {
		return nil
	}
	return &t.what
}

// save joins the runs.
func (t *timelineFile) save() error {
	if t == nil {
		return nil
	}
	return flagged("timeline", "", files.Replace(t.path, func(out io.Writer) error {
		for _, f := range t.parts {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return err
			}
			if _, err := io.Copy(out, f); err != nil {
				return err
			}
		}
		return nil
	}))
}

// close gives back what was opened.
func (t *timelineFile) close() {
	if t == nil {
		return
	}
	for _, f := range slices.Backward(t.parts) {
		_ = f.Close() // it was copied, or does not count
	}
}

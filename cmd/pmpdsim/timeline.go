package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/sim/replay"
)

// timelinePasses is how many passes of each run have more detail than ops, if nothing is said: prefill and two of
// decode.
const timelinePasses = 3

func timelineFlags() []cli.Flag {
	return []cli.Flag{
		alsoFlag("timeline", "also write what happened when to `FILE`, which ui.perfetto.dev opens"),
		&cli.StringFlag{Name: "timeline-detail", Usage: "`LEVEL` of the timeline: step, op, tile or transfer", Value: activity.Ops.String()},
		&cli.IntFlag{Name: "timeline-passes", Usage: "only the first `N` passes of a schedule have tiles and transfers; prefill is one", Value: timelinePasses,
			Action: between("timeline-passes", 0, mostTokens)},
	}
}

// timelineFile is a timeline on its way: the runs go to files without names, which are joined in order at the end.
// Whatever ends the program before leaves nothing behind.
type timelineFile struct {
	path    string
	streams streams
	what    replay.Timeline
	parts   []*os.File
	lost    atomic.Pointer[error] // nil: nothing
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
	o.detail, err = activity.ParseDetail(c.String("timeline-detail"))
	return o, flagged("timeline-detail", "", err)
}

// open opens what a timeline of so many runs needs, so that it is known before they start that it can be written. It is
// nil if none was asked for.
func (o *timelineOptions) open(s streams, runs int) (*timelineFile, error) {
	if o.path == "" {
		return nil, nil
	}
	f, err := s.files.File(o.path, "--timeline")
	if err != nil {
		return nil, flagged("timeline", "", err)
	}
	t := &timelineFile{path: o.path, streams: s, what: replay.Timeline{Detail: o.detail, Passes: o.passes}}
	t.what.Part = func(run int) io.Writer { return part{t.parts[run], &t.lost} }
	for range runs {
		p, err := f.Unnamed() // where the timeline will be: that disk has room for it, or has not
		if err != nil {
			t.close()
			return nil, flagged("timeline", "", err)
		}
		t.parts = append(t.parts, p)
	}
	return t, nil
}

// part is the file of a run. When the disk is full the timeline is lost, and nothing else: the run goes on, and save says it.
type part struct {
	*os.File
	lost *atomic.Pointer[error]
}

func (p part) Write(b []byte) (int, error) {
	if p.lost.Load() != nil {
		return len(b), nil
	}
	if _, err := p.File.Write(b); err != nil {
		if at := (*os.PathError)(nil); errors.As(err, &at) {
			err = at.Err // the file has no name
		}
		p.lost.CompareAndSwap(nil, &err)
	}
	return len(b), nil
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
	return t.streams.save("timeline", t.path, func(out io.Writer) error {
		if lost := t.lost.Load(); lost != nil {
			return *lost
		}
		for _, f := range t.parts {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return err
			}
			if _, err := io.Copy(out, f); err != nil {
				return err
			}
		}
		return nil
	})
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

package replay

import (
	"fmt"
	"io"
	"sync"

	"github.com/pmpdsim/pmpdsim/npu"
	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/timeline"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Timeline says what is recorded of runs, and where it is written.
type Timeline struct {
	Detail activity.Detail
	Passes int                     // the first passes of each run, in which Detail may be finer than ops; prefill is one
	Part   func(run int) io.Writer // returns the writer of a run; runs need different ones, because they run in parallel
}

// mostDetailed is the most transfers of a step that is recorded in more detail than ops. Each takes some 60 bytes, in
// memory and, before compression, in the file.
const mostDetailed = 1 << 17

// recorder writes the timeline of a run. Steps are simulated in any order but written in theirs, so it keeps steps that
// wait for an earlier one. That takes no more memory than the uncompressed file.
type recorder struct {
	what   *Timeline
	run    *run
	lock   sync.Mutex
	writer *timeline.Writer
	next   int // step to write
	ready  map[int]*timeline.Step
}

// record prepares the timelines of runs.
func record(runs []*run, o Options) error {
	if o.Timeline == nil {
		return nil
	}
	for i, r := range runs {
		if r.sampler != nil {
			return fmt.Errorf("schedule %s: passes %s: a timeline shows every pass; accepted: passes all, or no timeline", r.Schedule, r.Sampling)
		}
		part, err := timeline.NewWriter(o.Timeline.Part(i), about(i, r, o))
		if err != nil {
			return fmt.Errorf("writing the timeline: %w", err)
		}
		r.recorder = &recorder{what: o.Timeline, run: r, writer: part, next: r.first(), ready: map[int]*timeline.Step{}}
	}
	return nil
}

// about describes a run in its timeline: everything that it depends on, and what is left out.
func about(i int, r *run, o Options) timeline.Run {
	j := &r.Job
	var left string
	switch o.Timeline.Detail {
	case activity.Steps:
		left = "operators, tiles, transfers, bandwidth, scratchpads"
	case activity.Ops:
		left = "tiles, transfers"
	case activity.Tiles:
		left = fmt.Sprintf("transfers; tiles behind the first %d passes", o.Timeline.Passes)
	case activity.Transfers:
		left = fmt.Sprintf("tiles and transfers behind the first %d passes", o.Timeline.Passes)
	}
	of := func(name string, value int) timeline.Argument {
		return timeline.Argument{Name: name, Value: int64(value)}
	}
	in := func(name, text string) timeline.Argument { return timeline.Argument{Name: name, Text: text} }
	said := []timeline.Argument{
		in("npu", j.Config.Name), in("model", j.Model.Name), in("schedule", j.Schedule.String()), of("prompt tokens", j.Prompt),
		of("generated tokens", j.Generated), of("batch", max(j.Batch, 1)), of("clock (Hz)", int(j.Config.Clock)),
		in("detail", o.Timeline.Detail.String()), in("left out", left), in("time", "nanoseconds are cycles rounded down"),
		in("config fingerprint", j.Config.Fingerprint()), in("version", o.Version)}
	if j.TraceSHA256 != "" {
		said = append(said, in("trace sha256", j.TraceSHA256))
	}
	return timeline.Run{Number: i, Name: fmt.Sprintf("%s, %s on %s", j.Schedule, j.Model.Name, j.Config.Name), Clock: j.Config.Clock,
		Peak: j.Config.PeakBandwidth(), Cores: j.Config.Cores, Arguments: said}
}

// observe makes a machine record a step, and returns the step for done.
func (c *recorder) observe(m *npu.Machine, step int, p *isa.Program) *timeline.Step {
	s := &timeline.Step{Name: "prefill", Bits: p.Bits, KV: p.Context, Detail: c.what.Detail}
	if step > 0 {
		s.Name = fmt.Sprintf("pass %d", step)
	}
	if s.Detail == activity.Steps {
		return s
	}
	if s.Detail > activity.Ops {
		switch n := p.Transfers(); {
		case step-c.run.first() >= c.what.Passes:
			s.Detail, s.Note = activity.Ops, fmt.Sprintf("only %d passes are more detailed", c.what.Passes)
		case n > mostDetailed:
			s.Detail, s.Note = activity.Ops, fmt.Sprintf("%d transfers are more than %d", n, mostDetailed)
		}
	}
	s.Recording = activity.New(s.Detail, p, c.run.Config.Cores)
	m.Observe(s.Recording)
	return s
}

// done takes a step that has been simulated, and writes all steps that are next in order.
func (c *recorder) done(step int, s *timeline.Step, cycles unit.Cycles) error {
	s.Cycles = cycles
	if s.Recording != nil {
		s.Recording.End()
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	for c.ready[step] = s; c.ready[c.next] != nil; c.next++ {
		if err := c.write(c.ready[c.next]); err != nil {
			return fmt.Errorf("writing the timeline: %w", err)
		}
		delete(c.ready, c.next)
	}
	return nil
}

// write writes a step: prefill once for each sequence, and after the last step the end of the run.
func (c *recorder) write(s *timeline.Step) error {
	times := 1
	if c.next == 0 {
		times = max(c.run.Batch, 1)
	}
	for range times {
		if err := c.writer.Step(s); err != nil {
			return err
		}
	}
	if c.next == len(c.run.counts)-1 {
		return c.writer.Close()
	}
	return nil
}

package qualify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
)

// tracesFolder is the folder of recordings, below scratch.
const tracesFolder = "traces"

// runner takes steps.
type runner struct {
	o       *Options
	bundle  *bundle
	scratch string
	env     []string // of every process: where the driver's compiler keeps what it made, and where the driver is
	wrote   map[string]bool
	became  map[string]Status
	kept    bool // traces are in scratch alone
}

// action is a step that is taken here.
type action func(*runner, context.Context) error

// exitNoGPU is the answer of this program where there is no GPU: exit status 3.
const exitNoGPU = 3

// Run takes the steps and returns what became of them. An error says that nothing was tried: without a GPU it is driver.ErrNone,
// and no folder is left. What ended the run before its end is the cause of the context, or the error of a file that could not be
// written.
func Run(ctx context.Context, o *Options) ([]Outcome, error) {
	return run(ctx, o, func(*bundle) {})
}

// run is Run with a bundle that a test may change.
func run(ctx context.Context, o *Options, with func(*bundle)) (all []Outcome, err error) {
	started := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	scratch, err := os.MkdirTemp("", "pmpdsim-qualify-")
	if err != nil {
		return nil, err
	}
	r := &runner{o: o, scratch: scratch, became: map[string]Status{}, env: []string{
		"CUDA_CACHE_PATH=" + filepath.Join(scratch, "cache"), "CUDA_CACHE_MAXSIZE=1073741824"}}
	defer r.clean()
	steps := Plan(o, scratch)
	if err := errors.Join(checkOnly(o.Only, steps), os.Mkdir(filepath.Join(scratch, tracesFolder), 0o777)); err != nil {
		return nil, err
	}
	made := missing(o.Dir)
	b, err := newBundle(ctx, o.Dir, cancel)
	if err != nil {
		return nil, err
	}
	with(b)
	r.bundle = b
	probe := r.take(ctx, &steps[0], started)
	if none := (noGPU{}); errors.As(probe.err, &none) {
		_ = b.close() // nothing is in it
		r.forget(made)
		return nil, fmt.Errorf("%w: %s", driver.ErrNone, none.why)
	}
	err = r.begin(steps)
	stop := r.watchClocks(ctx)
	note := func(t taken) {
		all = append(all, t.Outcome)
		if o.Say != nil {
			o.Say(t.Outcome)
		}
		err = errors.Join(err, b.note(t.Outcome))
	}
	note(probe)
	for i := range steps[1:] {
		s := &steps[1+i]
		if why := r.skipped(ctx, s, started); why != "" {
			note(taken{Outcome: s.outcome(Skipped, why)})
		} else {
			note(r.take(ctx, s, started))
		}
	}
	stop()
	return all, errors.Join(err, r.end(ctx, started), b.close(), context.Cause(ctx))
}

// clean removes what was made for the time of the run: what counts is in the bundle.
func (r *runner) clean() {
	if !r.kept {
		_ = os.RemoveAll(r.scratch) // it is in a folder for temporary files
	}
}

// missing lists the folders of a path that are not there, from the innermost.
func missing(path string) []string {
	var all []string
	for {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return all
		}
		all = append(all, path)
		path = filepath.Dir(path)
	}
}

// forget removes what is in the folder, and the folders that this run has made.
func (r *runner) forget(made []string) {
	for name := range r.bundle.files {
		_ = os.Remove(filepath.Join(r.o.Dir, name)) // it has the answer of a machine without a GPU
	}
	for _, dir := range made {
		_ = os.Remove(dir) // empty
	}
}

// begin writes the head.
func (r *runner) begin(steps []Step) error {
	o := r.o
	h := Head{Kind: "bundle", Format: Format, Tool: o.Tool, Created: o.Created.UTC().Format(time.RFC3339), Budget: seconds(o.Budget), Prompt: o.Prompt,
		Generate: o.Generate, Context: o.Context}
	for i := range steps {
		h.Steps = append(h.Steps, steps[i].Name)
	}
	return r.bundle.note(h)
}

// end writes the last line.
func (r *runner) end(ctx context.Context, started time.Time) error {
	why := "complete"
	if cause := context.Cause(ctx); cause != nil {
		why = cause.Error()
	}
	return r.bundle.note(End{"end", why, seconds(time.Since(started))})
}

// skipped says why a step is not started; empty: it is.
func (r *runner) skipped(ctx context.Context, s *Step, started time.Time) (why string) {
	defer func() {
		if why != "" {
			r.became[s.Name] = Skipped
		}
	}()
	if cause := context.Cause(ctx); cause != nil {
		return cause.Error()
	}
	if !s.asked(r.o.Only) {
		return "not asked for"
	}
	if r.became["driver"] != OK && len(s.Command) > 0 {
		return "it needs driver, which is not ok"
	}
	if became := r.became[s.Instead]; s.Instead != "" && became != Failed && became != Killed {
		return fmt.Sprintf("it stands in for %s, which is %s", s.Instead, became)
	}
	for _, n := range s.Needs {
		if became := r.became[n]; became == Failed || became == Killed || became == Skipped && len(r.o.Only) == 0 {
			return fmt.Sprintf("it needs %s, which is %s", n, became)
		}
	}
	if left := r.o.Budget - time.Since(started); r.limit(s) > left {
		return fmt.Sprintf("its limit of %v does not fit the %v that are left", r.limit(s), left.Round(time.Second/10))
	}
	return ""
}

// asked reports whether a step is among those that are asked for. What the GPU is and does at best is asked in any case.
func (s *Step) asked(only []string) bool {
	return len(only) == 0 || s.Name == "info" || slices.ContainsFunc(only, func(name string) bool { return name == s.Name || name == group(s.Name) || name == s.Instead })
}

// limit is how long a step may take.
func (r *runner) limit(s *Step) time.Duration {
	if r.o.Limit > 0 {
		return min(s.Limit, r.o.Limit)
	}
	return s.Limit
}

// outcome is a step's line.
func (s *Step) outcome(status Status, reason string) Outcome {
	command := s.Tool
	if len(s.Command) > 0 {
		command = append([]string{"pmpdsim"}, s.Command...)
	}
	if len(s.Env) > 0 {
		command = slices.Concat([]string{"env"}, s.Env, command)
	}
	return Outcome{Kind: "step", Step: s.Name, Status: status, Reason: reason, Expect: seconds(s.Expect), Limit: seconds(s.Limit), Command: command, Instead: s.Instead}
}

// taken is what became of a step, and its error.
type taken struct {
	Outcome
	err error
}

// noGPU says why there is none.
type noGPU struct{ why string }

func (n noGPU) Error() string { return n.why }

// take takes a step.
func (r *runner) take(ctx context.Context, s *Step, started time.Time) taken {
	begun := time.Now()
	limit := min(r.limit(s), max(0, r.o.Budget-begun.Sub(started)))
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r.wrote = map[string]bool{}
	err := r.bundle.append(Log, heading(s.Name, s.outcome(OK, "").Command))
	if err == nil {
		err = r.do(within, s)
	}
	if s.Traces {
		err = errors.Join(err, r.pack())
	}
	t := taken{s.outcome(OK, ""), err}
	skipped := skip{}
	switch cause := context.Cause(ctx); {
	case err == nil:
	case cause != nil && r.kept:
		t.Status, t.Reason = Failed, err.Error()
	case cause != nil:
		t.Status, t.Reason = Killed, cause.Error()
	case errors.As(err, &skipped):
		t.Status, t.Reason = Skipped, skipped.why
	case within.Err() != nil:
		t.Status, t.Reason = Killed, fmt.Sprintf("it ran past its limit of %v", limit)
	default:
		t.Status, t.Reason = Failed, err.Error()
	}
	if t.Status == OK && r.bundle.isFull(s.Rows) {
		t.Reason = fmt.Sprintf("%s is full: rows are left out", s.Rows)
	}
	t.Seconds, t.Limit = seconds(time.Since(begun)), seconds(limit)
	t.Wrote = slices.Sorted(maps.Keys(r.wrote))
	r.became[s.Name] = t.Status
	if s.Instead != "" && t.Status == OK {
		r.became[s.Instead] = OK
		r.env = append(r.env, s.Env...)
	}
	return t
}

// do runs what a step consists of.
func (r *runner) do(ctx context.Context, s *Step) error {
	switch {
	case s.Own != nil:
		return s.Own(r, ctx)
	case len(s.Tool) > 0:
		return r.process(ctx, s.Rows, s.Env, s.Tool...)
	}
	err := r.process(ctx, s.Rows, s.Env, append([]string{r.o.Program}, s.Command...)...)
	if f := (failed{}); errors.As(err, &f) && f.status == exitNoGPU && s.Name == "driver" {
		return r.elsewhere(ctx, s, strings.TrimPrefix(f.reason, "no GPU: "))
	}
	return err
}

// watchClocks keeps what nvidia-smi says of clocks and power, until the function that it returns is called.
func (r *runner) watchClocks(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	b := r.bundle
	watch := &runner{o: r.o, bundle: b, env: r.env, wrote: map[string]bool{}}
	go func() {
		defer close(ended)
		_ = watch.process(ctx, Clocks, nil, "nvidia-smi", "--id="+fmt.Sprint(r.o.Device), "--query-gpu=timestamp,clocks.sm,clocks.mem,power.draw,temperature.gpu,clocks_event_reasons.active",
			"--format=csv", "--loop-ms=500") // without it there are no clocks
	}()
	return func() { cancel(); <-ended }
}

package sweep

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// Executor gets points simulated, on this machine or others. Run returns when all points have a row, or with an error.
type Executor interface {
	Run(ctx context.Context, d *Dir, todo []int, report func(Progress)) error
}

// Progress is how far a sweep has come.
type Progress struct {
	Done, Failed, Total int     // points; Done includes Failed
	Share               float64 // estimated share of the work that is done, 0 to 1
	Note                string  // a message for the user; empty: none
}

// Local runs workers as processes of this machine. It hands out points one by one; a worker answers when it has written
// the row.
type Local struct {
	Command []string // starts a worker process, which calls Serve
	Workers int
}

var _ Executor = (*Local)(nil)

// A worker answers each point with a line that starts with one of these words.
const (
	answerReady  = "ready" // once, before the first point
	answerDone   = "done"
	answerFailed = "failed" // the point cannot be simulated; its row has the reason
	answerFatal  = "broken" // the worker cannot go on; the reason follows
)

// Serve makes a worker simulate the points whose numbers it reads from in, one per line, and answer on out. At the end
// of the input it also abandons the current point.
func Serve(ctx context.Context, w *Worker, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := make(chan string)
	go func() {
		defer cancel()
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	if err := say(out, answerReady); err != nil {
		return err
	}
	for {
		var line string
		select {
		case <-ctx.Done():
			return nil
		case line = <-lines:
		}
		point, err := strconv.Atoi(line)
		if err != nil {
			return fmt.Errorf("%q is no number of a point", line)
		}
		failed, err := w.Do(ctx, point)
		answer := answerDone
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return errors.Join(err, say(out, answerFatal+" "+strings.ReplaceAll(err.Error(), "\n", "; ")))
		case failed:
			answer = answerFailed
		}
		if err := say(out, answer); err != nil {
			return err
		}
	}
}

func say(out io.Writer, line string) error {
	if _, err := fmt.Fprintln(out, line); err != nil {
		return fmt.Errorf("the sweep that this worker belongs to is gone: %w", err)
	}
	return nil
}

// pool runs the workers of one Run.
type pool struct {
	*Local
	dir    *Dir
	report func(Progress)

	lock    sync.Mutex
	queue   *queue
	crashes map[int]int // of workers, by point
	now     Progress
	cost    float64
}

// Run simulates the points in todo on l.Workers processes.
func (l *Local) Run(ctx context.Context, d *Dir, todo []int, report func(Progress)) error {
	p := &pool{Local: l, dir: d, report: report, queue: newQueue(d, todo), crashes: map[int]int{}}
	p.now.Total = len(todo)
	for _, i := range todo {
		p.cost += d.Plan.Rows[i].Cost
	}
	g, ctx := errgroup.WithContext(ctx)
	for range min(max(1, l.Workers), len(todo)) {
		g.Go(func() error {
			for {
				again, err := p.work(ctx)
				if err != nil || !again {
					return err
				}
			}
		})
	}
	return g.Wait()
}

// process is a worker process.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr lastOutput
}

// start starts a worker. Cancellation closes its input instead of killing it, so that it finishes writing its line.
func (l *Local) start() (*process, error) {
	w := &process{cmd: exec.Command(l.Command[0], l.Command[1:]...)} //nolint:gosec // this program itself
	w.cmd.Stderr = &w.stderr
	in, err := w.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.in, w.out = in, bufio.NewReader(out)
	if err := w.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a worker: %w", err)
	}
	return w, nil
}

// work runs one worker until no points are left or it crashes. It returns whether to start another one in its place.
func (p *pool) work(ctx context.Context) (restart bool, err error) {
	w, err := p.start()
	if err != nil {
		return false, err
	}
	stop := context.AfterFunc(ctx, func() { _ = w.in.Close() })
	defer stop()
	if line, _ := w.out.ReadString('\n'); strings.TrimSpace(line) != answerReady && ctx.Err() == nil {
		_ = w.in.Close()
		return p.startFailed(w)
	}
	for last := noPoint; ; {
		point, ok := p.take(last)
		if !ok || ctx.Err() != nil {
			_ = w.in.Close() // it ends
			return false, errors.Join(ctx.Err(), p.waitForExit(w))
		}
		_, sent := fmt.Fprintln(w.in, point)
		line, heard := w.out.ReadString('\n')
		answer, why, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case ctx.Err() != nil:
			_ = w.cmd.Wait() // it was told to stop
			return false, ctx.Err()
		case answer == answerFatal:
			_ = w.cmd.Wait() // it has said why
			return false, errors.New(why)
		case sent != nil || heard != nil:
			_ = w.in.Close()
			return true, p.crashed(point, w)
		}
		p.completed(point, answer == answerFailed)
		last = point
	}
}

// waitForExit waits for a worker that has no points left. It does no harm if the worker is killed now.
func (p *pool) waitForExit(w *process) error {
	if err := w.cmd.Wait(); err != nil && !killed(err) {
		return fmt.Errorf("a worker ended with %w: %s", err, w.stderr.String())
	}
	return nil
}

// killed reports whether a process was ended by a signal, or by itself when it got one: a status of more than 128. A terminal,
// or a batch system, sends signals to workers as well, and they may obey before the sweep does.
func killed(err error) bool {
	exit := (*exec.ExitError)(nil)
	return errors.As(err, &exit) && (exit.ExitCode() < 0 || exit.ExitCode() > signalled)
}

// startFailed handles a worker that ended before it was ready. Its error would stop every worker, so it ends the run;
// but a worker that was killed is replaced.
func (p *pool) startFailed(w *process) (restart bool, err error) {
	err = w.cmd.Wait()
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.crashes[noPoint]++; killed(err) && p.crashes[noPoint] < maxFailedStarts {
		return true, nil
	}
	return false, fmt.Errorf("a worker did not start (%v): %s", err, w.stderr.String())
}

const (
	noPoint         = -1  // the point of a worker that has none
	maxCrashes      = 2   // crashes at a point after which it counts as failed
	signalled       = 128 // exit statuses above it say which signal ended a process
	maxFailedStarts = 10  // workers that may be killed before they are ready
)

// crashed requeues the point of a worker that has ended, or writes a row that says that it crashes workers.
func (p *pool) crashed(point int, w *process) error {
	how := "it ended"
	if err := w.cmd.Wait(); err != nil {
		how = err.Error()
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	p.crashes[point]++
	if p.crashes[point] < maxCrashes {
		p.queue.requeue(point)
		p.now.Note = fmt.Sprintf("a worker died (%s); another one takes its point %d", how, point)
		p.report(p.now)
		p.now.Note = ""
		return nil
	}
	s, _, err := openFirstFree(p.dir)
	if err != nil {
		return err
	}
	m := &folder.Line{Fingerprint: p.dir.Plan.Rows[point].Fingerprint, Crashed: true,
		Error: fmt.Sprintf("%d workers died at this point (%s)", maxCrashes, how)}
	if err := errors.Join(s.append(m), s.close()); err != nil {
		return err
	}
	p.count(point, true)
	return nil
}

func (p *pool) take(last int) (int, bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.queue.take(last)
}

func (p *pool) completed(point int, failed bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.count(point, failed)
}

// count counts a point that has a row.
func (p *pool) count(point int, failed bool) {
	p.queue.complete(point)
	p.now.Done++
	if failed {
		p.now.Failed++
	}
	p.now.Share += p.dir.Plan.Rows[point].Cost / p.cost
	p.report(p.now)
}

// lastOutput keeps the last bytes of a worker's output.
type lastOutput struct{ bytes.Buffer }

func (t *lastOutput) Write(b []byte) (int, error) {
	const most = 4 << 10
	if t.Len() > most {
		t.Next(t.Len() - most)
	}
	return t.Buffer.Write(b)
}

func (t *lastOutput) String() string { return strings.TrimSpace(t.Buffer.String()) }

// Run simulates the remaining points of a sweep, then writes the results. It fails if points are still without a row.
func (d *Dir) Run(ctx context.Context, e Executor, report func(Progress)) error {
	return d.run(ctx, e, false, report)
}

// Retry is Run that also simulates again the points that have failed.
func (d *Dir) Retry(ctx context.Context, e Executor, report func(Progress)) error {
	return d.run(ctx, e, true, report)
}

func (d *Dir) run(ctx context.Context, e Executor, failed bool, report func(Progress)) error {
	todo, err := d.Left(failed)
	if err != nil {
		return err
	}
	for _, note := range d.Notes() {
		report(Progress{Total: len(todo), Note: note})
	}
	if len(todo) > 0 {
		if err := e.Run(ctx, d, todo, report); err != nil {
			return err
		}
	}
	missing, err := d.Finish()
	if err == nil && missing > 0 {
		err = fmt.Errorf("%d points have no row", missing)
	}
	return err
}

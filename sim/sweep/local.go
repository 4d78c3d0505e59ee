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

// Executor gets points simulated, wherever that is. It returns when all of them have a row, or with why not.
type Executor interface {
	Run(ctx context.Context, d *Dir, todo []int, report func(Progress)) error
}

// Progress is how far a sweep is.
type Progress struct {
	Done, Failed, Total int
	Share               float64 // of the work that there was to do, 0 to 1; a guess
	Note                string  // what a user should know now
}

// Local runs workers as processes of this machine. It hands out points one by one and hears of each when its row is kept.
type Local struct {
	Command []string // starts a worker that Serve serves
	Workers int
}

var _ Executor = (*Local)(nil)

// answer is what a worker says of a point, one a line.
const (
	answerReady  = "ready" // once, before the first point
	answerDone   = "done"
	answerFailed = "failed" // the point; its row says why
	answerFatal  = "broken" // the worker: it cannot go on
)

// Serve lets a worker do the points whose numbers come in, one a line, until there are no more. The end of the input is
// also the end of a point that is under way: nobody waits for its row.
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

// pool is a run of workers.
type pool struct {
	*Local
	dir    *Dir
	report func(Progress)

	lock    sync.Mutex
	queue   *queue
	crashes map[int]int // of workers, by the point that they were at
	now     Progress
	cost    float64
}

// Run hands the points to the workers.
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

// process is a worker as its coordinator sees it.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr lastOutput
}

// start starts a worker. It is not killed when the context ends but told by the end of its input, so that no line is torn.
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

// work runs one worker until there is nothing left, or until it dies at a point: then another one is to be started.
func (p *pool) work(ctx context.Context) (again bool, err error) {
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

// ended waits for a worker that has nothing left to do. If it is killed now, that takes nothing away.
func (p *pool) waitForExit(w *process) error {
	if err := w.cmd.Wait(); err != nil && !killed(err) {
		return fmt.Errorf("a worker ended with %w: %s", err, w.stderr.String())
	}
	return nil
}

// killed tells that a process did not end by itself.
func killed(err error) bool {
	exit := (*exec.ExitError)(nil)
	return errors.As(err, &exit) && exit.ExitCode() < 0
}

// stillborn is work's answer to a worker that was not ready for a point: what it says is wrong is wrong with all of them,
// but one that was killed is replaced.
func (p *pool) startFailed(w *process) (again bool, err error) {
	err = w.cmd.Wait()
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.crashes[noPoint]++; killed(err) && p.crashes[noPoint] < maxFailedStarts {
		return true, nil
	}
	return false, fmt.Errorf("a worker did not start (%v): %s", err, w.stderr.String())
}

// lives is how many workers may die at a point before it gets the blame.
const maxCrashes = 2

// none is the point of a worker that has none, of which starts may be killed.
const (
	noPoint         = -1
	maxFailedStarts = 10
)

// died puts a point back whose worker is gone, or gives it a row that says so.
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
	m := &folder.Line{Fingerprint: p.dir.Plan.Rows[point].Fingerprint, Error: fmt.Sprintf("%d workers died at this point (%s)", maxCrashes, how)}
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

func (p *pool) count(point int, failed bool) {
	p.queue.complete(point)
	p.now.Done++
	if failed {
		p.now.Failed++
	}
	p.now.Share += p.dir.Plan.Rows[point].Cost / p.cost
	p.report(p.now)
}

// tail keeps the last of what a worker has to say.
type lastOutput struct{ bytes.Buffer }

func (t *lastOutput) Write(b []byte) (int, error) {
	const most = 4 << 10
	if t.Len() > most {
		t.Next(t.Len() - most)
	}
	return t.Buffer.Write(b)
}

func (t *lastOutput) String() string { return strings.TrimSpace(t.Buffer.String()) }

// Run gets what is left of a sweep simulated, and the results written once all are there.
func (d *Dir) Run(ctx context.Context, e Executor, report func(Progress)) error {
	todo, err := d.Left()
	if err != nil {
		return err
	}
	if len(todo) == 0 && exists(d.File("results.jsonl")) {
		return nil // of this plan: another one has removed them
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

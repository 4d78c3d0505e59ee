package sweep

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// Slurm runs workers as tasks of a job array. Slurm queues and places them, and requeues them after the loss of a node.
// This type distributes the points over tasks, waits, and submits again what lost tasks have left.
type Slurm struct {
	Command   []string      // runs a task; the task's number is appended
	Partition string        // "": the cluster's default
	ArraySize int           // most tasks of an array
	Options   []string      // further options of sbatch
	Poll      time.Duration // between two looks at the array
	Tries     int           // submissions after which a sweep with points left fails
}

var _ Executor = (*Slurm)(nil)

// array is a submission. It is stored in a file, so that a later coordinator finds it.
type array struct {
	ID    string `json:"id"`
	Tasks int    `json:"tasks"`
}

// Run submits the points in todo and waits for them. If an earlier coordinator has left an array running, it first
// waits for that.
func (s *Slurm) Run(ctx context.Context, d *Dir, todo []int, report func(Progress)) error {
	for _, program := range []string{"sbatch", "squeue", "sacct"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is not there; accepted: a machine that submits to Slurm (Debian: apt install slurm-client)", program)
		}
	}
	if err := os.MkdirAll(d.File("slurm"), 0o755); err != nil {
		return err
	}
	w := &arrayWatcher{Slurm: s, dir: d, report: report, offsets: map[string]int64{}, seen: map[string]bool{}, now: Progress{Total: len(todo)}}
	w.expect(todo)
	if a, err := d.array(); err == nil {
		if states, err := s.states(ctx, a); err == nil && len(states) > 0 {
			w.note("array %s is still at it and taken up", a.ID)
			if err := w.wait(ctx, a); err != nil {
				return err
			}
		}
	}
	var reasons string
	for i := range s.Tries {
		left, err := d.Left(i == 0) // who has failed is tried again once, if it is in todo
		if todo = both(todo, left); err != nil || len(todo) == 0 {
			return err
		}
		tasks := d.shares(todo, min(s.ArraySize, len(todo)))
		if i > 0 {
			tasks = suspectsLast(tasks)
		}
		a, err := s.submit(ctx, d, tasks)
		if err != nil {
			return err
		}
		w.note("array %s: %d points in %d tasks", a.ID, len(todo), a.Tasks)
		if err := w.wait(ctx, a); err != nil {
			return err
		}
		if reasons = s.account(ctx, a); reasons != "" {
			w.note("array %s: %s", a.ID, reasons)
		}
	}
	left, err := d.Left(false)
	if left = both(todo, left); err != nil || len(left) == 0 {
		return err
	}
	const most = 10
	text := ""
	for _, i := range left[:min(most, len(left))] {
		text += "\n" + describe(&d.Plan.Rows[i].Row)
	}
	if len(left) > most {
		text += fmt.Sprintf("\nand %d more", len(left)-most)
	}
	return fmt.Errorf("%d points have no result after %d submissions: %s; the tasks' output is in %s; accepted: the same command, which tries them again%s",
		len(left), s.Tries, reasons, d.File("slurm"), text)
}

// suspectsLast puts the first point of each task at its end: if it was what ended the task, the others come first.
func suspectsLast(tasks [][]int) [][]int {
	for i, t := range tasks {
		tasks[i] = append(t[1:len(t):len(t)], t[0])
	}
	return tasks
}

// both returns the points of a that are in b, too.
func both(a, b []int) []int {
	there := map[int]bool{}
	for _, i := range b {
		there[i] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(i int) bool { return !there[i] })
}

func (d *Dir) array() (a array, err error) {
	data, err := files.Read(d.File("slurm", "array.json"), files.Note)
	if err == nil {
		err = json.Unmarshal(data, &a)
	}
	return a, err
}

// Task returns the points of a task of the array in a sweep's directory.
func Task(path string, number int) ([]int, error) {
	data, err := files.Read(filepath.Join(path, "slurm", "tasks.jsonl"), files.Note)
	if err != nil {
		return nil, fmt.Errorf("reading which points a task has: %w", err)
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	if number < 0 || number >= len(lines) {
		return nil, fmt.Errorf("task %d: there are %d", number, len(lines))
	}
	var points []int
	return points, json.Unmarshal(lines[number], &points)
}

// shares splits the points into at most most tasks of about equal cost. A task has points that follow each other, which
// share an NPU or at least its memory.
func (d *Dir) shares(todo []int, most int) [][]int {
	var all float64
	todo = slices.Clone(todo)
	slices.SortStableFunc(todo, func(i, j int) int { return cmp.Compare(d.Plan.Rows[i].Memory, d.Plan.Rows[j].Memory) })
	for _, i := range todo {
		all += d.Plan.Rows[i].Cost
	}
	tasks := make([][]int, 0, most)
	var before float64
	for _, i := range todo {
		cost := d.Plan.Rows[i].Cost
		if at := int((before + float64(cost/2)) / all * float64(most)); len(tasks) == 0 || at >= len(tasks) && len(tasks) < most {
			tasks = append(tasks, nil)
		}
		tasks[len(tasks)-1] = append(tasks[len(tasks)-1], i)
		before += cost
	}
	return tasks
}

// submit writes the script of the tasks and submits the array.
func (s *Slurm) submit(ctx context.Context, d *Dir, tasks [][]int) (array, error) {
	var lines []byte
	for _, t := range tasks {
		line, err := folder.Encode(t)
		if err != nil {
			return array{}, err
		}
		lines = append(lines, line...)
	}
	if err := replace(d.File("slurm", "tasks.jsonl"), lines); err != nil {
		return array{}, err
	}
	dir, err := filepath.Abs(d.File("slurm")) // begins with /: no option, whatever the folder is called
	if err != nil {
		return array{}, err
	}
	if err := replace(filepath.Join(dir, "task.sh"), []byte(s.script(dir))); err != nil {
		return array{}, err
	}
	args := []string{"--parsable", fmt.Sprintf("--array=0-%d", len(tasks)-1), "--job-name=pmpdsim", "--requeue", "--open-mode=append",
		"--chdir=/", "--output=" + output(dir)}
	if s.Partition != "" {
		args = append(args, "--partition="+s.Partition)
	}
	out, err := command(ctx, "sbatch", append(append(args, s.Options...), filepath.Join(dir, "task.sh"))...)
	if err != nil {
		return array{}, err
	}
	id, _, _ := strings.Cut(strings.TrimSpace(out), ";") // a cluster's name may follow
	if id == "" || strings.Trim(id, "0123456789") != "" {
		return array{}, fmt.Errorf("sbatch: answers %q; accepted: the number of a job, as --parsable has it", out)
	}
	a := array{ID: id, Tasks: len(tasks)}
	data, err := folder.Encode(a)
	if err != nil {
		return a, err
	}
	return a, replace(d.File("slurm", "array.json"), data)
}

// script is what a task runs. No word of it is read by the shell, and no line of it by sbatch: those of #SBATCH stand before
// the first command, or do not count.
func (s *Slurm) script(dir string) string {
	words := []string{"exec"}
	for _, w := range s.Command {
		words = append(words, quoted(w))
	}
	return "#!/bin/sh\n" + strings.Join(words, " ") + ` "$SLURM_ARRAY_TASK_ID" >>` + quoted(filepath.Join(dir, "task-")) + `"$SLURM_ARRAY_TASK_ID".log 2>&1` + "\n"
}

// quoted is a word of the shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// output is where Slurm writes what it has to say of a task itself: into the task's output, or nowhere if the folder's name
// has characters that Slurm replaces.
func output(dir string) string {
	if strings.ContainsAny(dir, `%\`) {
		return "/dev/null"
	}
	return filepath.Join(dir, "task-%a.log")
}

// command runs one of Slurm's programs.
func command(ctx context.Context, name string, args ...string) (string, error) {
	var out, errs bytes.Buffer
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(errs.String()))
	}
	return out.String(), nil
}

// states returns the states of the tasks that wait or run; none if the controller no longer knows the job.
func (s *Slurm) states(ctx context.Context, a array) ([]string, error) {
	out, err := command(ctx, "squeue", "--noheader", "--array", "--jobs="+a.ID, "--format=%T")
	if err != nil && strings.Contains(err.Error(), "Invalid job id") {
		return nil, nil
	}
	return strings.Fields(out), err
}

// account describes how incomplete tasks ended. On a cluster without accounting it returns sacct's error.
func (s *Slurm) account(ctx context.Context, a array) string {
	out, err := command(ctx, "sacct", "--allocations", "--noheader", "--parsable2", "--jobs="+a.ID, "--format=JobID,State,ExitCode")
	if err != nil {
		return err.Error()
	}
	return incomplete(out, a.ID)
}

// incomplete reads what sacct prints of an array.
func incomplete(out, id string) string {
	var bad []string
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) == 3 && !strings.HasPrefix(f[1], "COMPLETED") {
			bad = append(bad, fmt.Sprintf("task %s %s (exit code %s)", strings.TrimPrefix(f[0], id+"_"), strings.ToLower(f[1]), f[2]))
		}
	}
	const most = 5
	if len(bad) > most {
		bad = append(bad[:most], fmt.Sprintf("and %d more", len(bad)-most))
	}
	return strings.Join(bad, ", ")
}

// arrayWatcher follows an array by the rows that its tasks append to their shards.
type arrayWatcher struct {
	*Slurm
	dir     *Dir
	report  func(Progress)
	now     Progress
	cost    float64
	wanted  map[string]float64 // fingerprint to cost
	offsets map[string]int64   // bytes of each shard that have been read
	seen    map[string]bool
}

// expect sets the points to wait for.
func (w *arrayWatcher) expect(todo []int) {
	w.wanted = map[string]float64{}
	for _, i := range todo {
		r := &w.dir.Plan.Rows[i]
		w.wanted[r.Fingerprint] = r.Cost
		w.cost += r.Cost
	}
}

// note reports a message to the user.
func (w *arrayWatcher) note(format string, args ...any) {
	w.now.Note = fmt.Sprintf(format, args...)
	w.report(w.now)
	w.now.Note = ""
}

// maxMisses is how many times in a row the controller may fail to answer: it may be restarting.
const maxMisses = 10

// wait returns when no task of the array is left. When ctx is done it returns at once; the array continues.
func (w *arrayWatcher) wait(ctx context.Context, a array) error {
	for misses := 0; ; {
		states, err := w.states(ctx, a)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			if misses++; misses >= maxMisses {
				return fmt.Errorf("array %s goes on, but: %w", a.ID, err)
			}
		default:
			misses = 0
		}
		if err := w.poll(); err != nil {
			return err
		}
		if ctx.Err() == nil && err == nil && len(states) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			w.note("array %s goes on; the same command takes it up, scancel %s ends it", a.ID, a.ID)
			return ctx.Err()
		case <-time.After(w.Poll):
		}
	}
}

// poll counts the rows that were appended since the last poll.
func (w *arrayWatcher) poll() error {
	files, err := folder.Shards(w.dir.Path)
	if err != nil {
		return err
	}
	for _, f := range files {
		shard, err := folder.ReadShard(f, w.offsets[f])
		if err != nil {
			return err
		}
		w.offsets[f] = shard.Whole
		for _, m := range shard.Lines {
			cost, wanted := w.wanted[m.Fingerprint]
			if !wanted || w.seen[m.Fingerprint] {
				continue
			}
			w.seen[m.Fingerprint] = true
			w.now.Done++
			w.now.Share += cost / w.cost
			if m.Error != "" {
				w.now.Failed++
			}
		}
	}
	w.report(w.now)
	return nil
}

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// This file is a bench that hurts sweeps in every way that it knows (faults_kinds_test.go), and looks after each whether
// anything is lost, doubled or overwritten. The program is this test binary, run as a process under the name pmpdsim.

// injected is how many faults a run of the test injects.
func injected() int {
	if simtest.Long() {
		return 500
	}
	return 36
}

// rig is a folder with specs, a folder of results, and things of others around and in it.
type rig struct {
	t       *testing.T
	random  *rand.Rand
	program string
	root    string
	dir     string            // of the results
	table   string            // what is exported to
	want    map[string]string // spec to the rows of a sweep that nobody disturbs
	foreign map[string]string // hashes of the files of others
	takes   time.Duration     // a sweep that nobody disturbs
	counts  map[string]int
	epochs  int
}

// specs are what is swept: a study, a mistake that shares a part of it, and the study when it has grown.
func specs() map[string]string {
	study := func(schedules, clocks string) string {
		return "npu: [pmpd-paper, npu.yaml]\nmodels: tiny.json\nlengths: [{prompt: 8, gen: 4}]\nschedules: [" + schedules + "]\n" +
			"axes:\n  - dram.bandwidth: [16GB/s, 32GB/s, 48GB/s, 64GB/s, 80GB/s, 96GB/s]\n  - clock: [" + clocks + "]\n"
	}
	return map[string]string{
		"study.yaml":   study(`fp16, "uniform:4", "static:4>3@2"`, "1GHz, 500MHz"),
		"mistake.yaml": study(`fp16, "uniform:3"`, "1GHz, 750MHz"),
		"grown.yaml":   study(`fp16, "uniform:4", "static:4>3@2"`, "1GHz, 500MHz, 250MHz"),
	}
}

func newRig(t *testing.T) *rig {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("PMPDSIM_FAULT_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("PMPDSIM_FAULT_SEED=%d", seed)
	b := &rig{t: t, random: rand.New(rand.NewPCG(seed, 1)), root: t.TempDir(), want: map[string]string{}, counts: map[string]int{}}
	self, err := os.Executable()
	b.must(err)
	data, err := os.ReadFile(self)
	b.must(err)
	bin := t.TempDir()
	b.program = filepath.Join(bin, "pmpdsim")
	b.must(os.WriteFile(b.program, data, 0o755))
	model, err := os.ReadFile("testdata/tiny.json")
	b.must(err)
	files := specs()
	files["tiny.json"], files["npu.yaml"] = string(model), "base: pmpd-paper\nname: other\narray: {rows: 32}\n"
	for name, text := range files {
		b.write(name, text)
	}
	for name, text := range map[string]string{"spec.yaml": "mine", "results.jsonl": "mine", "res/results.jsonl": "mine", "res1/shards/worker-0.jsonl": "mine", "old/1/x": "mine"} {
		b.write(name, text)
	}
	for dir := b.root; dir != "/" && strings.HasPrefix(dir, os.TempDir()+"/"); dir = filepath.Dir(dir) {
		b.must(os.Chmod(dir, 0o755))
	}
	if os.Getuid() == 0 { // so that permissions count
		b.must(filepath.WalkDir(b.root, func(path string, _ fs.DirEntry, err error) error {
			return errors.Join(err, os.Chown(path, nobody, nobody))
		}))
		b.must(os.Chmod(bin, 0o777))
	}
	b.table = filepath.Join(bin, "t.csv")
	for name := range specs() {
		b.fresh()
		began := time.Now()
		if c := b.start("sweep", name, "-o", b.dir, "--workers", "2"); c.wait() != 0 {
			t.Fatalf("undisturbed: %s", c.said())
		}
		b.want[name] = b.read("results.jsonl")
		if took := time.Since(began); b.takes == 0 || took < b.takes {
			b.takes = took
		}
	}
	b.fresh()
	return b
}

const nobody = 65534

func (b *rig) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *rig) write(name, text string) {
	b.t.Helper()
	path := filepath.Join(b.root, name)
	b.must(errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)))
}

// read reads a file of the results.
func (b *rig) read(name string) string {
	b.t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, name))
	b.must(err)
	return string(data)
}

func (b *rig) has(name string) bool {
	_, err := os.Stat(filepath.Join(b.dir, name))
	return err == nil
}

// fresh begins with a new folder of results, whose name is a pattern of others'.
func (b *rig) fresh() {
	if b.dir != "" {
		b.must(os.RemoveAll(b.dir))
	}
	b.epochs++
	b.dir = filepath.Join(b.root, fmt.Sprintf("res [%d]*", b.epochs))
	b.foreign = b.tree()
}

// note puts a file of the user's into the folder of results.
func (b *rig) note() {
	if b.has("plan.jsonl") && !b.has("notes.txt") {
		b.must(os.WriteFile(filepath.Join(b.dir, "notes.txt"), []byte("mine"), 0o644))
		b.foreign[filepath.Join(filepath.Base(b.dir), "notes.txt")] = fmt.Sprintf("%x", sha256.Sum256([]byte("mine")))
	}
}

// tree hashes what is not the sweep's.
func (b *rig) tree() map[string]string {
	b.t.Helper()
	all := map[string]string{}
	b.must(filepath.WalkDir(b.root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if strings.HasPrefix(path, b.dir+"/") && e.Name() != "notes.txt" {
			return nil
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(b.root, path)
		all[name] = fmt.Sprintf("%x", sha256.Sum256(data))
		return err
	}))
	return all
}

// victim is a process of the program, with those that it starts.
type victim struct {
	b      *rig
	cmd    *exec.Cmd
	out    bytes.Buffer
	ended  chan struct{}
	status int // -1: killed
}

// start starts the program. A word that ends with = in front of its name is put into its environment.
func (b *rig) start(args ...string) *victim {
	b.t.Helper()
	return b.startAs(b.program, append([]string{"pmpdsim"}, args...), "v1")
}

func (b *rig) startAs(path string, argv []string, version string) *victim {
	b.t.Helper()
	c := &victim{b: b, ended: make(chan struct{}), cmd: &exec.Cmd{Path: path, Args: argv, Dir: b.root, SysProcAttr: &syscall.SysProcAttr{Setpgid: true}}}
	c.cmd.Env = append(os.Environ(), asVersion+"="+version, "GOMAXPROCS="+strconv.Itoa(1+b.random.IntN(3)))
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.out
	if os.Getuid() == 0 {
		c.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	c.cmd.WaitDelay = 20 * time.Second
	b.must(c.cmd.Start())
	go func() {
		_ = c.cmd.Wait() // the status is looked at
		c.status = c.cmd.ProcessState.ExitCode()
		close(c.ended)
	}()
	return c
}

// wait waits for the end, and returns the exit status.
func (c *victim) wait() int {
	c.b.t.Helper()
	<-c.ended
	if said := c.said(); strings.Contains(said, "panic") || strings.Contains(said, "goroutine ") || strings.Contains(said, "internal error") {
		c.b.t.Fatalf("%v: %s", c.cmd.Args, said)
	}
	return c.status
}

// said is what the process has said, once it has ended.
func (c *victim) said() string { return c.out.String() }

// pause waits for some part of the time that a sweep takes, from the start or from the first worker on, and reports whether
// the process has ended before.
func (c *victim) pause() (ended bool) {
	for atWork := c.b.random.IntN(2) == 0; atWork && len(c.workers()) == 0; {
		select {
		case <-c.ended:
			return true
		case <-time.After(time.Millisecond):
		}
	}
	select {
	case <-c.ended:
		return true
	case <-time.After(time.Duration(c.b.random.Int64N(int64(c.b.takes / 2)))):
		return false
	}
}

// workers are the processes that the process has started, by whichever of its threads.
func (c *victim) workers() (all []string) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", c.cmd.Process.Pid)) // the pattern is right
	for _, path := range threads {
		data, _ := os.ReadFile(path) // none, if it has ended
		all = append(all, strings.Fields(string(data))...)
	}
	return all
}

// signal sends a signal to the process, to its group, or to one of its workers.
func (c *victim) signal(s syscall.Signal, whom string) (met bool) {
	pid := c.cmd.Process.Pid
	switch whom {
	case "group":
		pid = -pid
	case "worker":
		workers := c.workers()
		if len(workers) == 0 {
			return false
		}
		pid, _ = strconv.Atoi(workers[c.b.random.IntN(len(workers))])
	}
	return syscall.Kill(pid, s) == nil // it may have ended
}

// planned is the spec of the plan in a folder of results, "" if there is none.
func (b *rig) planned(dir string) string {
	data, err := os.ReadFile(filepath.Join(dir, "plan.jsonl"))
	if err != nil {
		return ""
	}
	var head struct{ Spec string }
	line, _, _ := bytes.Cut(data, []byte("\n"))
	if err := json.Unmarshal(line, &head); err != nil {
		b.t.Fatalf("%s/plan.jsonl begins with %q", dir, line)
	}
	return head.Spec
}

// finished are the specs whose results are there, in the folder or with a plan that it keeps. What is there has to be whole.
func (b *rig) finished() map[string]bool {
	b.t.Helper()
	all := map[string]bool{}
	dirs, err := filepath.Glob(filepath.Join(strings.NewReplacer("[", `\[`, "*", `\*`).Replace(b.dir), "old", "*"))
	b.must(err)
	for _, dir := range append(dirs, b.dir) {
		data, err := os.ReadFile(filepath.Join(dir, "results.jsonl"))
		if err != nil {
			continue
		}
		spec := b.planned(dir)
		if string(data) != b.want[spec] {
			b.t.Fatalf("%s/results.jsonl is not what an undisturbed sweep of %q has (%d bytes, want %d)", dir, spec, len(data), len(b.want[spec]))
		}
		all[spec] = true
	}
	return all
}

// noneTwice checks that no shard has a result twice, except in lines that were spoilt.
func (b *rig) noneTwice() {
	b.t.Helper()
	entries, _ := os.ReadDir(filepath.Join(b.dir, "shards")) // none: nothing was simulated
	for _, e := range entries {
		lines := strings.Split(strings.TrimRight(b.read(filepath.Join("shards", e.Name())), "\n"), "\n")
		slices.Sort(lines)
		for i := 1; i < len(lines); i++ {
			if lines[i] == lines[i-1] && strings.Contains(lines[i], `"sum":"`) {
				b.t.Errorf("%s has a row twice: %.100s", e.Name(), lines[i])
			}
		}
	}
}

// TestSweepsSurviveFaults hurts sweeps at random. Whatever happens, files of others stay as they are, results that were there
// stay, no row is doubled, and when it is over a sweep ends with the bytes of one that nobody has disturbed.
func TestSweepsSurviveFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("a process for every fault")
	}
	b := newRig(t)
	kinds := faults()
	for n := 0; n < injected(); {
		for range 1 + b.random.IntN(6) {
			before, dir := b.finished(), b.dir
			f := kinds[b.random.IntN(len(kinds))]
			if i := slices.IndexFunc(kinds, func(f fault) bool { return b.counts[f.name] == 0 }); i >= 0 && b.random.IntN(2) == 0 {
				f = kinds[i] // each at least once
			}
			if f.inject(b) {
				n++
				b.counts[f.name]++
			}
			b.note()
			after := b.finished()
			for spec := range before {
				if !after[spec] && b.dir == dir {
					t.Fatalf("after %s the results of %s are gone", f.name, spec)
				}
			}
			for name, sum := range b.foreign {
				if got := b.tree()[name]; got != sum {
					t.Fatalf("after %s the file %s is not what it was", f.name, name)
				}
			}
			b.noneTwice()
		}
		b.settle()
		if t.Failed() {
			t.Fatalf("after %d faults", n)
		}
	}
	for _, f := range kinds {
		t.Logf("%4d %s", b.counts[f.name], f.name)
	}
	t.Logf("%d folders", b.epochs)
}

// settle lets a sweep end, and compares what it has.
func (b *rig) settle() {
	b.t.Helper()
	spec := b.anySpec()
	c := b.start("sweep", spec, "-o", b.dir, "--replan", "--workers", strconv.Itoa(1+b.random.IntN(3)))
	if status := c.wait(); status != 0 {
		b.t.Fatalf("a sweep that nobody disturbs ends with %d: %s", status, c.said())
	}
	if b.read("results.jsonl") != b.want[spec] {
		b.t.Fatalf("the results of %s differ from those of an undisturbed sweep", spec)
	}
	b.finished()
	b.noneTwice()
	if b.random.IntN(3) == 0 {
		b.fresh()
	}
}

// anySpec is mostly the study.
func (b *rig) anySpec() string {
	return []string{"study.yaml", "study.yaml", "study.yaml", "grown.yaml", "mistake.yaml"}[b.random.IntN(5)]
}

// spec is what the folder is planned for, or the study.
func (b *rig) spec() string {
	if name := b.planned(b.dir); name != "" {
		return name
	}
	return "study.yaml"
}

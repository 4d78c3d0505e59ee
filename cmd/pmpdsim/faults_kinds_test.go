package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// fault is a way to hurt a sweep. It reports whether it has hurt: a signal may come when all is over.
type fault struct {
	name   string
	inject func(b *rig) (hurt bool)
}

func faults() []fault {
	return []fault{
		{"SIGKILL of the coordinator", func(b *rig) bool { return b.signalled(syscall.SIGKILL, "coordinator", -1) }},
		{"SIGKILL of all processes", func(b *rig) bool { return b.signalled(syscall.SIGKILL, "group", -1) }},
		{"SIGKILL of a worker", func(b *rig) bool { return b.signalled(syscall.SIGKILL, "worker", 0) }},
		{"SIGINT, as a terminal sends it", func(b *rig) bool { return b.signalled(syscall.SIGINT, "group", 130) }},
		{"SIGINT twice", (*rig).signalledTwice},
		{"SIGTERM of the coordinator", func(b *rig) bool { return b.signalled(syscall.SIGTERM, "coordinator", 143) }},
		{"SIGTERM of all processes", func(b *rig) bool { return b.signalled(syscall.SIGTERM, "group", 143) }},
		{"two coordinators", (*rig).twoCoordinators},
		{"files that may not grow", (*rig).limited},
		{"a disk that is full", (*rig).fullDisk},
		{"a folder that is turned read-only", (*rig).readOnly},
		{"half a line at the end of a shard", func(b *rig) bool { return b.appended(`{"fingerprint":"9f86d08`) }},
		{"zeros at the end of a shard", func(b *rig) bool { return b.appended(strings.Repeat("\x00", 100)) }},
		{"zeros and a line feed at the end of a shard", func(b *rig) bool { return b.appended(strings.Repeat("\x00", 100) + "\n") }},
		{"a flipped bit in a shard", (*rig).flipped},
		{"another number in a shard", (*rig).renumbered},
		{"a clock that jumps", (*rig).clock},
		{"another spec by mistake", func(b *rig) bool { return b.mistaken("v1") }},
		{"another version of the program", func(b *rig) bool { return b.mistaken("v2") }},
		{"another plan, killed", (*rig).replanned},
		{"a spec that grows, killed", (*rig).grows},
		{"an export meanwhile", (*rig).exported},
		{"a plan that is damaged", (*rig).planDamaged},
		{"an input, or the spec, that is damaged", (*rig).inputDamaged},
	}
}

// sweep starts the sweep of what the folder is planned for.
func (b *rig) sweep(more ...string) *victim {
	b.t.Helper()
	return b.start(append([]string{"sweep", b.spec(), "-o", b.dir, "--workers", "2"}, more...)...)
}

// oneOf checks an exit status.
func (c *victim) oneOf(accepted ...int) {
	c.b.t.Helper()
	if status := c.wait(); !slices.Contains(accepted, status) {
		c.b.t.Fatalf("%v ends with %d, want one of %v: %s", c.cmd.Args, status, accepted, c.said())
	}
}

func (b *rig) signalled(s syscall.Signal, whom string, status int) bool {
	b.unfinished()
	c := b.sweep()
	c.pause()
	met := c.signal(s, whom)
	c.oneOf(status, 0, -1) // 0: it had ended; -1: it had not begun to listen
	c.signal(syscall.SIGKILL, "group")
	return c.status != 0 || whom == "worker" && met
}

// unfinished sees to it that a sweep has something to do.
func (b *rig) unfinished() {
	if b.has("results.jsonl") {
		b.fresh()
	}
}

func (b *rig) signalledTwice() bool {
	b.unfinished()
	c := b.sweep()
	c.pause()
	c.signal(syscall.SIGINT, "group")
	time.Sleep(time.Duration(b.random.Int64N(int64(5 * time.Millisecond)))) // between the two, whatever comes
	c.signal(syscall.SIGINT, "group")
	c.oneOf(130, 0, -1)
	c.signal(syscall.SIGKILL, "group")
	return c.status != 0
}

func (b *rig) twoCoordinators() bool {
	b.unfinished()
	first := b.sweep()
	over := first.pause()
	second := b.sweep()
	first.oneOf(0, 2)
	second.oneOf(0, 2)
	for _, c := range []*victim{first, second} {
		if c.status == 2 && !strings.Contains(c.said(), "another sweep works here: process ") && !strings.Contains(c.said(), "a process that is just starting") {
			b.t.Fatalf("refused: %s", c.said())
		}
	}
	if first.status != 0 && second.status != 0 {
		b.t.Fatalf("neither has swept: %s; %s", first.said(), second.said())
	}
	return !over
}

func (b *rig) limited() bool {
	b.unfinished()
	blocks := strconv.Itoa(b.random.IntN(60))
	c := b.startAs("/bin/sh", []string{"sh", "-c", `ulimit -f "$1"; shift; exec "$@"`, "sh", blocks, b.program, "sweep", b.spec(), "-o", b.dir, "--workers", "2"}, "v1")
	c.oneOf(0, 1, 2)
	if c.status != 0 && !strings.Contains(c.said(), "file too large") {
		b.t.Fatalf("ends with %d: %s", c.status, c.said())
	}
	return c.status != 0
}

// fullDisk sweeps on a small disk, then makes room. It needs the right to mount one.
func (b *rig) fullDisk() (hurt bool) {
	if os.Getuid() != 0 {
		return b.limited()
	}
	b.fresh()
	b.must(os.Mkdir(b.dir, 0o755))
	if err := syscall.Mount("none", b.dir, "tmpfs", 0, fmt.Sprintf("size=%dk,mode=0777", 4*(3+b.random.IntN(60)))); err != nil {
		b.must(os.Remove(b.dir))
		return b.limited()
	}
	defer func() {
		b.must(os.CopyFS(b.dir+".copy", os.DirFS(b.dir)))
		b.must(syscall.Unmount(b.dir, 0))
		b.must(os.Remove(b.dir))
		b.must(os.Rename(b.dir+".copy", b.dir))
		b.must(filepath.WalkDir(b.dir, func(path string, _ fs.DirEntry, err error) error {
			return errors.Join(err, os.Lchown(path, nobody, nobody))
		}))
	}()
	for range 2 {
		c := b.sweep()
		c.oneOf(0, 1, 2)
		if c.status != 0 && !strings.Contains(c.said(), "no space left on device") {
			b.t.Fatalf("ends with %d: %s", c.status, c.said())
		}
		hurt = hurt || c.status != 0
	}
	b.must(syscall.Mount("none", b.dir, "tmpfs", syscall.MS_REMOUNT, "size=16m"))
	if b.random.IntN(2) == 0 {
		b.sweep().oneOf(0)
	}
	return hurt
}

func (b *rig) readOnly() (hurt bool) {
	b.unfinished()
	for range 2 {
		c := b.sweep()
		over := c.pause()
		folder := b.dir
		if entries, err := os.ReadDir(b.dir); err == nil {
			for _, e := range entries {
				if e.IsDir() && b.random.IntN(3) == 0 {
					folder = filepath.Join(b.dir, e.Name())
				}
			}
		}
		hurt = os.Chmod(folder, 0o555) == nil && !over || hurt // it may not be there yet
		c.oneOf(0, 1, 2)
		again := b.sweep()
		again.oneOf(0, 1, 2)
		_ = os.Chmod(folder, 0o755) //
		for _, c := range []*victim{c, again} {
			if c.status != 0 && !strings.Contains(c.said(), "permission denied") {
				b.t.Fatalf("ends with %d: %s", c.status, c.said())
			}
		}
	}
	return hurt
}

// shard is one of the folder, or "".
func (b *rig) shard() string {
	entries, _ := os.ReadDir(filepath.Join(b.dir, "shards")) // none
	var all []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".jsonl") {
			all = append(all, filepath.Join("shards", e.Name()))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return all[b.random.IntN(len(all))]
}

// spoil changes a shard, which stays the same file.
func (b *rig) spoil(change func(text string) string) bool {
	name := b.shard()
	if name == "" {
		b.sweep().oneOf(0)
		name = b.shard()
	}
	before := b.read(name)
	text := change(before)
	b.must(os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o644))
	b.start("sweep", "status", b.dir).oneOf(0)
	return text != before
}

func (b *rig) appended(text string) bool {
	return b.spoil(func(rows string) string { return rows + text })
}

func (b *rig) flipped() bool {
	return b.spoil(func(rows string) string {
		if rows == "" {
			return rows
		}
		data := []byte(rows)
		data[b.random.IntN(len(data))] ^= 1 << b.random.IntN(8)
		return string(data)
	})
}

func (b *rig) renumbered() bool {
	key := []string{"tokens_per_second", "decode_seconds", "energy_joules", "cycles"}[b.random.IntN(4)]
	value := []string{"-1", "0", "null", "1"}[b.random.IntN(4)]
	return b.spoil(func(rows string) string {
		before, after, found := strings.Cut(rows, `"`+key+`":`)
		_, after, more := strings.Cut(after, ",")
		if !found || !more {
			return rows
		}
		return before + `"` + key + `":` + value + "," + after
	})
}

// clock gives all files of the folder times from long ago or long from now.
func (b *rig) clock() bool {
	b.unfinished()
	c := b.sweep()
	c.pause()
	_ = filepath.WalkDir(b.dir, func(path string, _ fs.DirEntry, err error) error { // files come and go
		at := time.Unix(b.random.Int64N(4e9), 0)
		return errors.Join(err, os.Chtimes(path, at, at))
	})
	c.oneOf(0)
	return true
}

// mistaken sweeps something else into the folder, which is refused if it has any results.
func (b *rig) mistaken(version string) bool {
	if !b.has("results.jsonl") {
		b.sweep().oneOf(0)
	}
	spec := b.spec()
	if version == "v1" {
		spec = map[string]string{"study.yaml": "mistake.yaml", "grown.yaml": "study.yaml", "mistake.yaml": "study.yaml"}[spec]
	}
	plan := b.read("plan.jsonl")
	c := b.startAs(b.program, []string{"pmpdsim", "sweep", spec, "-o", b.dir}, version)
	c.oneOf(2)
	if !strings.Contains(c.said(), " results of another plan (") || b.read("plan.jsonl") != plan || !b.has("results.jsonl") {
		b.t.Fatalf("refused: %s", c.said())
	}
	return true
}

// replanned gives the folder another plan, and is killed.
func (b *rig) replanned() bool {
	c := b.start("sweep", b.anySpec(), "-o", b.dir, "--replan", "--workers", "2")
	c.pause()
	c.signal(syscall.SIGKILL, "group")
	c.oneOf(-1, 0)
	return c.status != 0
}

func (b *rig) grows() bool {
	if b.spec() != "study.yaml" {
		return false
	}
	c := b.start("sweep", "grown.yaml", "-o", b.dir)
	c.pause()
	c.signal(syscall.SIGKILL, "group")
	c.oneOf(-1, 0)
	return c.status != 0
}

// exported reads the folder while it grows: the rows are there or not, and whole.
func (b *rig) exported() bool {
	b.unfinished()
	c := b.sweep()
	c.pause()
	for range 3 {
		reader := b.start("export", b.dir, "-o", b.table)
		if b.has("plan.jsonl") {
			reader.oneOf(0)
		}
		reader.wait()
	}
	c.oneOf(0)
	return true
}

// planDamaged spoils the plan, which is refused until the user says that it may go.
func (b *rig) planDamaged() bool {
	if !b.has("plan.jsonl") {
		return false
	}
	spec := b.spec()
	if !b.has("results.jsonl") {
		b.sweep().oneOf(0)
	}
	plan := b.read("plan.jsonl")
	at := strings.Index(plan, "\n") + 1
	at += b.random.IntN(len(plan) - at)
	data := []byte(plan)
	data[at] ^= 1 << b.random.IntN(3)
	b.must(os.WriteFile(filepath.Join(b.dir, "plan.jsonl"), data, 0o644))
	c := b.start("sweep", spec, "-o", b.dir)
	c.oneOf(2)
	if !strings.Contains(c.said(), "or --replan") {
		b.t.Fatalf("refused: %s", c.said())
	}
	b.start("sweep", spec, "-o", b.dir, "--replan").oneOf(0)
	return true
}

// inputDamaged spoils a file from which workers read, or that only says what was swept. The next sweep writes it again.
func (b *rig) inputDamaged() bool {
	if !b.has("results.jsonl") {
		b.sweep().oneOf(0)
	}
	var names []string
	b.must(filepath.WalkDir(filepath.Join(b.dir, "inputs"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			names = append(names, path)
		}
		return err
	}))
	name := append(names, filepath.Join(b.dir, "spec.yaml"), filepath.Join(b.dir, "results.jsonl"))[b.random.IntN(len(names)+2)]
	data, err := os.ReadFile(name)
	b.must(err)
	want := string(data)
	data[b.random.IntN(len(data))] ^= 1 << b.random.IntN(8)
	b.must(os.WriteFile(name, data, 0o644))
	b.sweep().oneOf(0)
	now, err := os.ReadFile(name)
	b.must(err)
	if filepath.Base(name) == "full.jsonl" { // the spoilt line stays, and does not count
		for line := range strings.Lines(want) {
			if !strings.Contains("\n"+string(now), "\n"+line) {
				b.t.Fatalf("%s has not been mended: it lacks %s", name, line)
			}
		}
	} else if string(now) != want {
		b.t.Fatalf("%s has not been mended", name)
	}
	return true
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
)

// These tests start the program as a process: for what the process itself does, or what is done to it.

// ended is how a process ended: its status as a shell shows it.
func ended(t *testing.T, err error) int {
	t.Helper()
	exit := (*exec.ExitError)(nil)
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &exit):
		t.Fatal(err)
	}
	if s := exit.Sys().(syscall.WaitStatus); s.Signaled() {
		return 128 + int(s.Signal())
	}
	return exit.ExitCode()
}

// limited runs the program where no file may have more than so many bytes, which is how a disk that fills up looks.
func limited(t *testing.T, bytes int, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var quoted []string
	for _, a := range args {
		quoted = append(quoted, "'"+a+"'")
	}
	cmd := exec.Command("sh", "-c", fmt.Sprintf("ulimit -f %d; exec pmpdsim %s", bytes/512, strings.Join(quoted, " ")))
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	status = ended(t, cmd.Run())
	return out.String(), errs.String(), status
}

// TestAFullDiskLosesNothing: what cannot be written in the end leaves the old file and no other, and what a run came to is
// printed. A disk that is full before is known before the work.
func TestAFullDiskLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("two processes for each output")
	}
	dir := stage(t)
	full := 0
	for _, o := range outputs(t) {
		if o.slow {
			continue
		}
		t.Run(o.command+" --"+o.flag, func(t *testing.T) {
			file := filepath.Join(dir, o.name)
			if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			before := contents(t, dir)
			out, errs, status := limited(t, 0, o.line(dir, file)...)
			if status != exitUsage || out != "" || !strings.Contains(errs, ": file too large; accepted: a file on a disk with room") {
				t.Errorf("a disk that is full: status %d, %q, printed %q", status, errs, out)
			}
			out, errs, status = limited(t, 4096, o.line(dir, file)...)
			if status == exitOK { // it needs less
				return
			}
			full++
			if (status != exitFailed && o.command != "record") || !strings.Contains(errs, "writing "+file+": file too large") {
				t.Errorf("a disk that fills up: status %d, %q", status, errs)
			}
			if printed := out != ""; !printed && !strings.HasPrefix(o.command, "trace") && o.command != "export" && o.command != "record" {
				t.Error("nothing was printed")
			}
			if now := changed(before, contents(t, dir)); len(now) > 0 {
				t.Errorf("changed: %v", now)
			}
		})
	}
	if full < 8 {
		t.Errorf("the disk filled up %d times", full)
	}
}

// process is the program, started.
type process struct {
	*exec.Cmd
	errs bytes.Buffer // read it when it has ended
	done chan error
}

// begun starts the program and waits until it opens a pipe for reading, or, with none, until it has computed for a while.
func begun(t *testing.T, dir, pipe string, args ...string) *process {
	t.Helper()
	signal.Reset(syscall.SIGHUP) // other tests ignore it, which processes inherit
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	p := &process{Cmd: exec.CommandContext(ctx, args[0], args[1:]...), done: make(chan error, 1)}
	t.Cleanup(cancel)
	p.Dir, p.Stderr = dir, &p.errs
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.Wait() }()
	p.until(t, func() bool {
		if pipe == "" {
			return busy(p.Process.Pid) > 40
		}
		f, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			t.Cleanup(func() { f.Close() })
		}
		return err == nil
	})
	return p
}

// until waits until something is so.
func (p *process) until(t *testing.T, so func() bool) {
	t.Helper()
	for !so() {
		select {
		case err := <-p.done:
			t.Fatalf("ended before: %v, %s", err, &p.errs)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// stopped sends signals to the program and returns how it ended.
func (p *process) stopped(t *testing.T, signals ...syscall.Signal) (status int, stderr string) {
	t.Helper()
	for _, s := range signals {
		if err := p.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	status = ended(t, <-p.done)
	return status, p.errs.String()
}

// busy is how many ticks (of 10 ms) a process has computed.
func busy(pid int) (ticks int) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if fields := strings.Fields(string(data)); err == nil && len(fields) > 13 {
		ticks, _ = strconv.Atoi(fields[13])
	}
	return ticks
}

// TestASignalEndsWhateverIsDone: waiting for a pipe, making weights that take minutes. The old output is as it was.
func TestASignalEndsWhateverIsDone(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc here")
	}
	const record = "pmpdsim record --backend cpu --model phi-1.5 --weights random --prompt 4 --gen 2 --schedule uniform:4 -o out"
	for _, c := range []struct {
		name, pipe, args string
		signal           syscall.Signal
		status           int
	}{
		{"reading, SIGINT", "in", "pmpdsim run --trace in --timeline tl -o out", syscall.SIGINT, 130},
		{"making weights, SIGINT", "", record, syscall.SIGINT, 130},
		{"making weights, SIGQUIT", "", record, syscall.SIGQUIT, 131},
		{"making weights, SIGTERM", "", record, syscall.SIGTERM, 143},
		{"making weights, SIGHUP", "", record, syscall.SIGHUP, 129},
		{"making weights of cosim, SIGINT", "", "pmpdsim cosim --backend cpu --model phi-1.5 --weights random --prompt 4 --gen 2 --traces . -o out",
			syscall.SIGINT, 130},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := errors.Join(os.WriteFile(filepath.Join(dir, "out"), []byte("old"), 0o600), syscall.Mkfifo(filepath.Join(dir, "in"), 0o600)); err != nil {
				t.Fatal(err)
			}
			pipe := c.pipe
			if pipe != "" {
				pipe = filepath.Join(dir, pipe)
			}
			p := begun(t, dir, pipe, strings.Fields(c.args)...)
			if c.signal == syscall.SIGHUP && signal.Ignored(syscall.SIGHUP) {
				t.Skip("these tests run under nohup")
			}
			status, errs := p.stopped(t, c.signal)
			want := "pmpdsim: interrupted (" + c.signal.String() + "): nothing was written\n"
			if status != c.status || errs != want {
				t.Errorf("status %d, %q, want %d, %q", status, errs, c.status, want)
			}
			entries, _ := os.ReadDir(dir)
			if data, err := os.ReadFile(filepath.Join(dir, "out")); err != nil || string(data) != "old" || len(entries) != 2 {
				t.Errorf("out holds %q (%v), left: %v", data, err, entries)
			}
		})
	}
}

// TestUnderNohup: a terminal that is closed does not end what is to outlive it.
func TestUnderNohup(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "in")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	p := begun(t, dir, pipe, "sh", "-c", "trap '' HUP; exec pmpdsim run --trace in")
	if status, errs := p.stopped(t, syscall.SIGHUP, syscall.SIGTERM); status != 143 || !strings.Contains(errs, "interrupted (terminated)") {
		t.Errorf("status %d, %q", status, errs)
	}
}

// TestARecordingEndsWithItsFooter, and what a killed one leaves is kept from the next.
func TestARecordingEndsWithItsFooter(t *testing.T) {
	dir := t.TempDir()
	if err := writeModel(filepath.Join(dir, "m"), strings.NewReplacer(`"max_position_embeddings":128`, `"max_position_embeddings":1000000`).
		Replace(gputest.Config("llama"))); err != nil {
		t.Fatal(err)
	}
	partial := filepath.Join(dir, "out.trace.jsonl.zst.partial")
	args := strings.Fields("pmpdsim record --backend cpu --model m --weights random --prompt 4 --gen 100000 --schedule uniform:4 --reference=false -o out.trace.jsonl.zst")
	grown := func(name string) func() bool {
		return func() bool { info, err := os.Stat(name); return err == nil && info.Size() > 3000 }
	}
	start := func(until func() bool) *process {
		p := begun(t, dir, "", args...)
		p.until(t, until)
		return p
	}
	if status, errs := start(grown(partial)).stopped(t, syscall.SIGTERM); status != 143 || !strings.Contains(errs, "out.trace.jsonl.zst holds the ") {
		t.Errorf("status %d, %s", status, errs)
	}
	if out, errs, code := pmpdsim(t, "trace", "info", filepath.Join(dir, "out.trace.jsonl.zst")); code != exitOK || !strings.Contains(out, "stopped by truncated") {
		t.Errorf("status %d, %s, %s", code, out, errs)
	}
	if status, errs := start(grown(partial)).stopped(t, syscall.SIGKILL); status != 137 {
		t.Errorf("status %d, %s", status, errs)
	}
	left, err := os.ReadFile(partial)
	if err != nil {
		t.Fatal(err)
	}
	status, errs := start(func() bool {
		all, _ := filepath.Glob(filepath.Join(dir, "out.trace.jsonl.zst.?*.partial"))
		return len(all) == 1 && grown(all[0])()
	}).stopped(t, syscall.SIGINT)
	if status != 130 || !strings.Contains(errs, "pmpdsim trace repair out.trace.jsonl.zst.partial -o ") {
		t.Errorf("status %d, %s", status, errs)
	}
	if now, err := os.ReadFile(partial); err != nil || !bytes.Equal(now, left) {
		t.Errorf("what the killed run left is %d bytes now (%v), was %d", len(now), err, len(left))
	}
	if all, _ := os.ReadDir(dir); len(all) != 3 {
		t.Errorf("left: %v", all)
	}
}

// TestACrashIsNoUsageError: a crash that nobody can recover from ends with SIGABRT, and leaves no core.
func TestACrashIsNoUsageError(t *testing.T) {
	cmd := exec.Command("crashing")
	cmd.Dir = t.TempDir()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if status := ended(t, cmd.Run()); status != 134 || !strings.Contains(errs.String(), "panic: on purpose") {
		t.Errorf("status %d, %s", status, errs.String())
	}
	if all, _ := os.ReadDir(cmd.Dir); len(all) > 0 {
		t.Errorf("left: %v", all)
	}
}

// crashing is a program that begins as this one and crashes.
func crashing() {
	crashAloud()
	go panic("on purpose")
	select {}
}

// TestEveryStatusIsDocumented in the help, which is docs/cli.md.
func TestEveryStatusIsDocumented(t *testing.T) {
	all := []int{exitOK, exitFailed, exitUsage, exitNoGPU, exitFailures, 134}
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM} {
		all = append(all, signalled{s}.status())
	}
	help := app(nil, nil).Description
	for _, n := range all {
		if !strings.Contains(help, fmt.Sprintf("\n   %-4d ", n)) {
			t.Errorf("status %d is not in the help", n)
		}
	}
}

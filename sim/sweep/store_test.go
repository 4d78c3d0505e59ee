package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

func TestWorkersDoNotChangeTheResults(t *testing.T) {
	spec := specIn(t, small)
	if results(t, spec, 1) != results(t, spec, 2) {
		t.Error("one worker and two give different bytes")
	}
}

func TestASweepGoesOnFromWhereItStopped(t *testing.T) {
	spec := specIn(t, small)
	dir := filepath.Join(t.TempDir(), "results")
	ctx, cancel := context.WithCancel(t.Context())
	err := conductWith(ctx, spec, dir, workers(dir, 2), func(now Progress) {
		if now.Done == 20 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("an interrupted sweep ended with %v", err)
	}
	first := 0
	if err := conductWith(t.Context(), spec, dir, workers(dir, 2), func(now Progress) { first = max(first, now.Total) }); err != nil {
		t.Fatal(err)
	}
	if first > 100 || first < 90 {
		t.Errorf("%d of 120 points were left after some 20", first)
	}
	t.Run("with what it began with, whatever became of the files", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(filepath.Dir(spec), "tiny.json"), []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := NewWorker(t.Context(), dir, testVersion, testVersion, ""); err != nil {
			t.Error(err)
		}
	})
	t.Run("a worker of another version is refused", func(t *testing.T) {
		_, err := NewWorker(t.Context(), dir, "other", "other", "")
		if want := dir + ": planned by version test, this is other; accepted: the same program on every machine"; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	})
}

func TestASpecThatHasGrownKeepsItsPoints(t *testing.T) {
	spec := specIn(t, "schedules: [\"uniform:4\", \"static:4>3@2\"]\n"+common)
	dir := filepath.Join(t.TempDir(), "results")
	if err := conduct(t.Context(), spec, dir, 1); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(read(t, filepath.Join(dir, "results.jsonl")), "speedup_vs_fp16") {
		t.Error("a speed-up without its baseline")
	}
	data := "schedules: [\"uniform:4\", \"static:4>3@2\", fp16]\n" + common
	if err := os.WriteFile(spec, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	total := 0
	if err := conductWith(t.Context(), spec, dir, workers(dir, 1), func(now Progress) { total = now.Total }); err != nil {
		t.Fatal(err)
	}
	if total != 1 {
		t.Errorf("%d points were simulated, want the new one", total)
	}
	if got := read(t, filepath.Join(dir, "results.jsonl")); got != results(t, spec, 1) || strings.Count(got, "speedup_vs_fp16") != 3 {
		t.Error("the results are not those of the grown spec alone")
	}
}

func TestTwoCoordinators(t *testing.T) {
	spec := specIn(t, "schedules: fp16\n"+common)
	dir := filepath.Join(t.TempDir(), "results")
	s, err := Load(spec, MostPoints)
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Points(t.Context(), spec, testVersion)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Create(t.Context(), dir, Order{Spec: s, Name: "study.yaml", Points: all, Version: testVersion})
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	_, err = Create(t.Context(), dir, Order{Spec: s, Name: "study.yaml", Points: all, Version: testVersion})
	want := fmt.Sprintf("%s: another sweep works here: process %d on %s; accepted: another directory, or to wait for it (pmpdsim sweep status %s)", dir,
		os.Getpid(), host, dir)
	if err == nil || err.Error() != want {
		t.Errorf("the second got %v\nwant %s", err, want)
	}
	if status, err := StatusOf(dir); err != nil || status.Owner != thisProcess() || status.Left != 1 {
		t.Errorf("status %+v, %v", status, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := conduct(t.Context(), spec, dir, 1); err != nil {
		t.Errorf("after the first one: %v", err)
	}
}

func TestShards(t *testing.T) {
	line := sealed(t, &folder.Line{Fingerprint: "a", Error: "x"})
	for _, c := range []struct {
		name, text string
		rows       int
		whole      string
	}{
		{"whole lines stay", line + line, 2, line + line},
		{"a torn line is cut off", line + line[:12], 1, line},
		{"a shard that is nothing but a torn line is emptied", line[:5], 0, ""},
		{"a length without data is cut off", line + strings.Repeat("\x00", 20) + "\n", 1, line},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.jsonl")
			if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			s, rows, err := openShard(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := openShard(path); !errors.Is(err, errLocked) {
				t.Errorf("a second writer got %v", err)
			}
			if err := errors.Join(s.append(&folder.Line{Fingerprint: "b", Error: "y"}), s.close()); err != nil {
				t.Fatal(err)
			}
			want := c.whole + sealed(t, &folder.Line{Fingerprint: "b", Error: "y"})
			if got := read(t, path); got != want || len(rows) != c.rows {
				t.Errorf("%d rows, then %q, want %d and %q", len(rows), got, c.rows, want)
			}
		})
	}
}

func sealed(t testing.TB, v any) string {
	t.Helper()
	line, err := folder.Seal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(line)
}

// fullDisk has room for some bytes.
type fullDisk struct {
	*os.File
	room int
}

func (f *fullDisk) Write(b []byte) (int, error) {
	n, err := f.File.Write(b[:min(len(b), f.room)])
	if f.room -= n; err == nil && n < len(b) {
		err = &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	return n, err
}

func TestAFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	s, _, err := openShard(path)
	if err != nil {
		t.Fatal(err)
	}
	file := s.file.(*os.File)
	s.file = &fullDisk{file, 120}
	var kept string
	for i := 0; ; i++ {
		err = s.append(&folder.Line{Fingerprint: fmt.Sprint(i), Error: "x"})
		if err != nil {
			break
		}
		kept = read(t, path)
	}
	if want := "write " + path + ": no space left on device; what was complete is kept: make room, and the same command goes on from there"; err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if got := read(t, path); got != kept || kept == "" {
		t.Errorf("the shard has %q, whole lines are %q", got, kept)
	}
	s.file = file // room was made
	if err := errors.Join(s.append(&folder.Line{Fingerprint: "z"}), s.close()); err != nil {
		t.Fatal(err)
	}
	if shard, err := folder.ReadShard(path, 0); err != nil || shard.Lines[len(shard.Lines)-1].Fingerprint != "z" {
		t.Errorf("%v, %v", shard, err)
	}
}

func TestPointsThatCannotBeSimulated(t *testing.T) {
	// A row of phi-1.5's widest matrix is as large as the small scratchpad.
	spec := specIn(t, "npu: pmpd-paper\nmodels: [tiny.json, phi-1.5]\nlengths: [{prompt: 8, gen: 4}]\nschedules: fp16\n"+
		"axes: [{room: {small: {scratchpad.size: 16KiB, scratchpad.tile: 0B, weights.chunk: 64B}, large: {scratchpad.size: 64MiB}}}]\n"+
		"filters: [room == large and model == phi-1.5]\n")
	dir := filepath.Join(t.TempDir(), "results")
	if err := conduct(t.Context(), spec, dir, 2); err != nil {
		t.Fatal(err)
	}
	s, err := StatusOf(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.Done != 2 || s.Failed != 1 || s.Left != 0 || len(s.Reasons) == 0 || !strings.Contains(s.Reasons[0].Text, "scratchpad") {
		t.Errorf("status %+v", s)
	}
}

func TestAPointThatKillsItsWorkersGetsTheBlame(t *testing.T) {
	spec := specIn(t, small)
	dir := filepath.Join(t.TempDir(), "results")
	var said []string
	if err := conductWith(t.Context(), spec, dir, workers(dir, 2, dieAt+"=17"), notes(&said)); err != nil {
		t.Fatal(err)
	}
	s, err := StatusOf(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.Done != 119 || s.Failed != 1 || s.Reasons[0].Text != "2 workers died at this point (signal: killed)" || len(said) != 1 {
		t.Errorf("status %+v, said %q", s, said)
	}
	want := FailedPoint{"pmpd-paper, clock 500MHz, dram.bandwidth 16GB/s, tiny, custom 8+4, batch 2, static:4>3@2", s.Reasons[0].Text, true}
	if len(s.FailedPoints) != 1 || s.FailedPoints[0] != want {
		t.Errorf("%+v, want %+v", s.FailedPoints, want)
	}
	t.Run("and is left alone afterwards", func(t *testing.T) {
		before := read(t, filepath.Join(dir, "results.jsonl"))
		if err := conductWith(t.Context(), spec, dir, workers(dir, 2), func(now Progress) { t.Errorf("simulates: %+v", now) }); err != nil {
			t.Fatal(err)
		}
		if read(t, filepath.Join(dir, "results.jsonl")) != before || !strings.Contains(before, `,"crashed":true,`) {
			t.Error("the row of the crash is gone")
		}
	})
	t.Run("until it is to be tried again", func(t *testing.T) {
		total := 0
		if err := (attempt{spec: spec, dir: dir, version: testVersion, retry: true}).run(t.Context(), workers(dir, 2), func(now Progress) { total = now.Total }); err != nil {
			t.Fatal(err)
		}
		if total != 1 || read(t, filepath.Join(dir, "results.jsonl")) != results(t, spec, 1) {
			t.Errorf("%d points were simulated again, and the results are not those of an undisturbed sweep", total)
		}
	})
}

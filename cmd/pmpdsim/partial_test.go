package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// smallDisk has room for some bytes, and for more once the reserve is gone.
type smallDisk struct {
	*os.File
	room     int
	reserved func() bool
}

func (d *smallDisk) Write(b []byte) (int, error) {
	room := d.room
	if !d.reserved() {
		room += files.Reserve
	}
	at, err := d.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	n, err := d.File.Write(b[:min(len(b), max(0, room-int(at)))])
	if err == nil && n < len(b) {
		err = &os.PathError{Op: "write", Path: d.Name(), Err: syscall.ENOSPC}
	}
	return n, err
}

// TestAFullDisk: a recording on a disk that fills up ends with a footer, at every size that the disk may have.
func TestAFullDisk(t *testing.T) {
	source := gputest.Random(t, "llama", 3)
	b, err := cpu.Open(t.Context(), source, cpu.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := precision.Parse("static:4>3@3")
	if err != nil {
		t.Fatal(err)
	}
	job := gpu.Job{Model: source.Model(), Prompt: gputest.Prompt(source.Model(), 4), Generate: 9, Schedule: s, IgnoreEOS: true, Tool: "test"}
	whole, err := gpu.NewRecorder(t.Context(), b, job)
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	prefilled := 0 // bytes up to prefill: with less there is no trace
	if err := whole.Write(&all, func(r traces.Record) {
		if _, ok := r.(*traces.Prefill); ok {
			prefilled = all.Len()
		}
	}); err != nil {
		t.Fatal(err)
	}
	truncated := 0
	for i := range 6 {
		room := prefilled + (all.Len()-prefilled)*i/5
		path := filepath.Join(t.TempDir(), "t"+traces.Suffix)
		ctx, cancel := context.WithCancelCause(t.Context())
		out, err := files.NewClaims(ctx).Writes(path, "--output")
		if err != nil {
			t.Fatal(err)
		}
		f, err := out.Grow(cancel)
		if err != nil {
			t.Fatal(err)
		}
		f.Sink = &smallDisk{f.Sink.(*os.File), room, f.Reserved}
		r, err := gpu.NewRecorder(ctx, b, job)
		if err != nil {
			t.Fatal(err)
		}
		err = r.Write(f, nil)
		if err := f.Finish(); err != nil {
			t.Fatal(err)
		}
		trace, bad := traces.ReadFile(path)
		if bad != nil {
			t.Fatalf("room for %d bytes: %v", room, bad)
		}
		switch trace.Footer.Stop {
		case traces.StopMax:
			if err != nil || len(trace.Steps) != 8 {
				t.Errorf("room for %d bytes: %d steps, error %v", room, len(trace.Steps), err)
			}
		case traces.StopTruncated:
			truncated++
			told := recordError(ctx, err, "some are left")
			if !errors.Is(err, gpu.ErrInterrupted) || !strings.Contains(told.Error(), path) || !strings.HasSuffix(told.Error(), "no space left on device: some are left") {
				t.Errorf("room for %d bytes: error %v, told %v", room, err, told)
			}
		default:
			t.Errorf("stopped by %s", trace.Footer.Stop)
		}
		if rest, _ := filepath.Glob(path + ".*"); len(rest) > 0 {
			t.Errorf("left: %v", rest)
		}
	}
	if truncated < 2 {
		t.Errorf("the disk was full %d times", truncated)
	}
}

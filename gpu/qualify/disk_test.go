//go:build unix

package qualify

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// smallDisk has room for some bytes of each file, and for more once the reserve is gone.
type smallDisk struct {
	*os.File
	room int64
	more *bool
}

func (d *smallDisk) Write(b []byte) (int, error) {
	size, err := d.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	if *d.more || size+int64(len(b)) <= d.room {
		return d.File.Write(b)
	}
	n, _ := d.File.Write(b[:max(0, d.room-size)])
	return n, syscall.ENOSPC
}

// TestAFullDisk: rows before are whole, the rest is skipped for that, and the summary takes the reserve.
func TestAFullDisk(t *testing.T) {
	o := toy(t, `case "$what" in "gpu check --prompt") for i in 1 2 3 4 5 6 7 8 9; do echo "$row"; done ;; esac`)
	gone := false
	disk := func(b *bundle) {
		give := b.reserve
		b.reserve = func() { gone = true; give() }
		b.open = func(path string) (files.Sink, error) {
			f, err := files.Append(path)
			room := int64(200)
			if filepath.Base(path) != Checks {
				room = 2500
			}
			return &smallDisk{f, room, &gone}, err
		}
	}
	all, err := run(t.Context(), o, disk)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	became := status(all)
	if became["check"] != OK || became["check-long"] != Killed || became["products"] != Skipped {
		t.Errorf("%v", became)
	}
	b := whole(t, o, all)
	if len(b.Checks) != 4 || !gone {
		t.Errorf("%d checks, reserve gone %v", len(b.Checks), gone)
	}
	i := slices.IndexFunc(all, func(o Outcome) bool { return o.Step == "check-long" })
	if all[i].Reason != "writing check.jsonl: no space left on device" || !strings.Contains(b.End.Reason, "no space left") {
		t.Errorf("%+v, end %+v", all[i], b.End)
	}
}

// TestTracesThatDoNotFitStayWhereTheyAre: the archive cannot be written.
func TestTracesThatDoNotFitStayWhereTheyAre(t *testing.T) {
	o := toy(t, "")
	all, err := run(t.Context(), o, func(b *bundle) {
		if err := os.Mkdir(filepath.Join(b.dir, Traces), 0o700); err != nil { // a folder has its name
			t.Fatal(err)
		}
	})
	i := slices.IndexFunc(all, func(o Outcome) bool { return o.Step == "traces:m" })
	_, where, ok := strings.Cut(all[i].Reason, "; the traces are in ")
	if err == nil || !ok {
		t.Fatalf("%v, %+v", err, all[i])
	}
	defer func() { _ = os.RemoveAll(filepath.Dir(where)) }()
	if text, err := os.ReadFile(filepath.Join(where, "m", "prompt.fp16.trace.jsonl.zst")); err != nil || string(text) != "trace\n" {
		t.Errorf("%v, %s", err, text)
	}
}

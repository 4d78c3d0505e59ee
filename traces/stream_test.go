package traces

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// FuzzReader feeds anything to the reader: it must not panic, and what it accepts must survive writing and reading.
func FuzzReader(f *testing.F) {
	f.Add([]byte(strings.Join(base(), "\n") + "\n"))
	f.Add(full(f))
	f.Add([]byte(plain(f, full(f))))
	f.Add([]byte(defaultTrace))
	for _, bad := range badLines {
		if len(bad.new) < 1000 {
			f.Add([]byte(strings.Replace(strings.Join(base(), "\n")+"\n", bad.old, bad.new, 1)))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		simtest.Budget(t, func() {
			trace, err := read(data)
			if err != nil {
				return
			}
			if _, err := trace.Model(); err != nil && !strings.Contains(err.Error(), "header: model") {
				t.Errorf("model: %v", err)
			}
			trace.Info()
			back, err := read(encoded(t, trace))
			if err != nil {
				t.Fatalf("accepted, but not after writing: %v", err)
			}
			back.Footer.SHA256Steps = trace.Footer.SHA256Steps // other spacing, another hash
			if diff := cmp.Diff(trace.Header, back.Header); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(trace.Records, back.Records); diff != "" {
				t.Fatal(diff)
			}
		})
	})
}

func TestFollowing(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b, fullHeader())
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, r := range fullRecords()[:6] { // up to step 1
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, b.Len())
	}
	t.Run("after each flush, a reader has every record so far", func(t *testing.T) {
		for n, size := range sizes {
			trace, err := read(b.Bytes()[:size])
			if err == nil || trace == nil || len(trace.Records) != n+1 {
				t.Fatalf("%d records written, got %+v and %v", n+1, trace, err)
			}
			if !strings.Contains(err.Error(), "the zstd stream is cut off") {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("an aborted trace is readable up to its end and says that it has no footer", func(t *testing.T) {
		if err := w.Abort(); err != nil {
			t.Fatal(err)
		}
		trace, err := read(b.Bytes())
		if err == nil || len(trace.Steps) != 2 || trace.Footer != nil || trace.SHA256 != "" {
			t.Fatalf("got %+v, %v", trace, err)
		}
		if want := "t.jsonl:7: footer: the trace ends without one after 2 steps; accepted: a file that ends with its footer"; err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
	t.Run("nothing can be written after the end", func(t *testing.T) {
		want := "the trace being written:8: type: a switch record comes after the end; accepted: nothing"
		if err := w.Write(&Switch{I: 2, From: 4, To: 3}); err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
	})
}

func TestLive(t *testing.T) {
	t.Run("a reader on a pipe gets each record when it is flushed, not later", func(t *testing.T) {
		out, in := io.Pipe()
		taken := make(chan bool)
		go func() {
			w, err := NewWriter(in, fullHeader())
			for _, r := range fullRecords() {
				if err == nil {
					err = w.Write(r)
				}
				if err == nil && !w.closed {
					err = w.Flush()
				}
				<-taken
			}
			in.CloseWithError(err)
		}()
		r, err := NewReader("pipe", out)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for range fullRecords() {
			if _, err := r.Next(); err != nil { // would wait for ever
				t.Fatal(err)
			}
			taken <- true
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("got %v, want io.EOF", err)
		}
	})
}

func TestSpelling(t *testing.T) {
	for _, k := range precision.Kinds() {
		// the oracle needs the end of a run before its start, a file's bits need the file: none was ever recorded
		never := k.Needs == precision.NeedsOtherRuns || k.Needs == precision.NeedsStoredBits
		t.Run("the schedule kind "+string(k.Kind)+" of the command line is one of the format", func(t *testing.T) {
			if err := checkText("scheduler", string(k.Kind)); (err != nil) != never {
				t.Error(err)
			}
		})
	}
	for _, f := range workloads.Families() {
		t.Run("the family "+string(f)+" is one of the format", func(t *testing.T) {
			if err := checkText("family", string(f)); err != nil {
				t.Error(err)
			}
		})
	}
}

package qualify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// MaxFile is how many bytes a file of a bundle has at most: what does not fit is left out, and said to be.
const MaxFile = 16 << 20

// Format is what a bundle's head says.
const Format = "pmpdsim-qualify/1"

// Head is the first line of summary.jsonl.
type Head struct {
	Kind     string   `json:"kind"` // bundle
	Format   string   `json:"format"`
	Tool     string   `json:"tool"`
	Created  string   `json:"created"` // RFC 3339
	Budget   float64  `json:"budget_seconds"`
	Prompt   int      `json:"prompt_tokens"`
	Generate int      `json:"generated_tokens"`
	Context  int      `json:"context_tokens"`
	Steps    []string `json:"steps"` // all, in their order
}

// Status says what became of a step.
type Status string

// What can become of a step.
const (
	OK      Status = "ok"
	Failed  Status = "failed"  // it ended with an error
	Killed  Status = "killed"  // it ran past its limit, or was interrupted
	Skipped Status = "skipped" // it was not started
)

// Outcome is a line of summary.jsonl: what became of a step.
type Outcome struct {
	Kind    string   `json:"kind"` // step
	Step    string   `json:"step"`
	Status  Status   `json:"status"`
	Reason  string   `json:"reason,omitzero"`
	Seconds float64  `json:"seconds"`
	Expect  float64  `json:"expected_seconds"` // on an H200
	Limit   float64  `json:"limit_seconds"`
	Wrote   []string `json:"wrote,omitzero"`      // files
	Instead string   `json:"instead_of,omitzero"` // the step that it stands in for where that does not end well
	Command []string `json:"command,omitzero"`
}

// End is the last line of summary.jsonl. Without it the run was killed.
type End struct {
	Kind    string  `json:"kind"` // end
	Reason  string  `json:"reason"`
	Seconds float64 `json:"seconds"`
}

// file is a file of a bundle that grows by whole lines.
type file struct {
	mu   sync.Mutex
	out  files.Sink
	size int64
	full bool // MaxFile is reached
}

// append writes a line, or nothing of it.
func (f *file) append(line []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.size+int64(len(line)) > MaxFile {
		f.full = true
		return nil
	}
	_, err := f.out.Write(line)
	if err == nil {
		f.size += int64(len(line))
		return nil
	}
	if cut := f.out.Truncate(f.size); cut == nil {
		_, _ = f.out.Seek(f.size, io.SeekStart) // a file that is appended to has no place of its own
	}
	return err
}

func (f *file) isFull() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.full
}

// bundle is the folder that a run fills.
type bundle struct {
	mu      sync.Mutex // of the files: both outputs of a process write
	dir     string
	open    func(path string) (files.Sink, error)
	files   map[string]*file
	reserve func()      // gives up what is kept free for the summary
	cancel  func(error) // ends the run: nothing can be written any more
}

// newBundle makes the folder, or takes one that is empty. A disk with no room is found here.
func newBundle(ctx context.Context, dir string, cancel func(error)) (*bundle, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
	case err != nil:
		if p := (*fs.PathError)(nil); errors.As(err, &p) {
			err = p.Err
		}
		return nil, fmt.Errorf("%s: %w; accepted: a folder, new or empty", dir, err)
	case len(entries) > 0:
		return nil, fmt.Errorf("%s holds %s; accepted: a folder, new or empty", dir, entries[0].Name())
	}
	claimed, err := files.NewClaims(ctx).Writes(filepath.Join(dir, Summary), "the bundle")
	if err == nil {
		err = claimed.Reserve()
	}
	if err != nil {
		return nil, err
	}
	open := func(path string) (files.Sink, error) { return files.Append(path) }
	return &bundle{dir: dir, open: open, files: map[string]*file{}, reserve: claimed.GiveUp, cancel: cancel}, nil
}

// file returns a file of the bundle, which is made when it is first asked for.
func (b *bundle) file(name string) (*file, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if f := b.files[name]; f != nil {
		return f, nil
	}
	out, err := b.open(filepath.Join(b.dir, name))
	if err != nil {
		return nil, err
	}
	b.files[name] = &file{out: out}
	return b.files[name], nil
}

// isFull reports whether lines of a file were left out.
func (b *bundle) isFull(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.files[name]
	return f != nil && f.isFull()
}

// append writes lines into a file, as many as there is room for. One that cannot be written ends the run.
func (b *bundle) append(name string, text []byte) error {
	f, err := b.file(name)
	for line := range bytes.Lines(text) {
		if err == nil {
			err = f.append(line)
		}
	}
	if err == nil {
		return nil
	}
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		err = p.Err // the name is said
	}
	err = fmt.Errorf("writing %s: %w", name, err)
	b.cancel(err)
	return err
}

// note writes a line of the summary. On a full disk it takes the room that was kept for that.
func (b *bundle) note(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if err := b.append(Summary, line); err == nil {
		return nil
	}
	b.reserve()
	return b.append(Summary, line)
}

// replace writes a file anew.
func (b *bundle) replace(name string, text []byte) error {
	if len(text) > MaxFile {
		return fmt.Errorf("%s would be %d bytes; accepted: %d", name, len(text), MaxFile)
	}
	err := files.Replace(filepath.Join(b.dir, name), func(w io.Writer) error { _, err := w.Write(text); return err })
	if err != nil {
		b.cancel(err)
	}
	return err
}

// close closes all files.
func (b *bundle) close() (err error) {
	b.reserve()
	for _, f := range b.files {
		err = errors.Join(err, f.out.Close())
	}
	return err
}

// lines hands on what a process prints by whole lines; what a killed one has left of a line is dropped.
type lines struct {
	mu   sync.Mutex
	rest []byte
	to   func([]byte) error
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, b...)
	end := bytes.LastIndexByte(l.rest, '\n') + 1
	if end == 0 {
		return len(b), nil
	}
	err := l.to(l.rest[:end])
	l.rest = append([]byte(nil), l.rest[end:]...)
	return len(b), err
}

// seconds are those of a duration, to the millisecond.
func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1e3 }

// Text is an outcome as a line for people.
func (o *Outcome) Text() string {
	text := fmt.Sprintf("%-22s %-8s %6.1f s", o.Step, o.Status, o.Seconds)
	if o.Reason != "" {
		text += "  " + o.Reason
	}
	return text
}

// Bad are the names of the steps that failed or were killed.
func Bad(all []Outcome) (names []string) {
	for _, o := range all {
		if o.Status == Failed || o.Status == Killed {
			names = append(names, o.Step)
		}
	}
	return names
}

package traces

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
)

// Trace is a whole trace in memory. It is read only.
type Trace struct {
	Name     string // where it comes from: a path, or the header's source
	SHA256   string // of the JSON lines, each with its line feed: independent of the compression
	Header   *Header
	Ops      *Ops // nil if the trace has no table
	Prefill  *Prefill
	Steps    []*Step
	Switches []*Switch
	Features []*SchedFeatures
	Calib    []*CalibOps
	Footer   *Footer
	Records  []Record // all of them after the header, in order

	headerJSON []byte
}

// Several reads files that are kept together.
type Several struct{ bytes int64 }

// mostTogether is how many bytes of lines they may have in all.
const mostTogether = 1 << 30

// ReadFile is ReadFile up to the limit of all files together.
func (s *Several) ReadFile(path string) (*Trace, error) {
	r, err := Open(path)
	if err != nil {
		return nil, err
	}
	t, err := ReadAll(r)
	if s.bytes += r.lines.Total(); err == nil && s.bytes > mostTogether {
		err = &Error{File: path, What: fmt.Sprintf("with those before it, the traces have more than %d GiB of lines", mostTogether>>30),
			Accepted: "fewer or shorter traces at a time"}
	}
	return t, errors.Join(err, r.Close())
}

// ReadFile reads a whole trace file.
func ReadFile(path string) (*Trace, error) {
	r, err := Open(path)
	if err != nil {
		return nil, err
	}
	t, err := ReadAll(r)
	return t, errors.Join(err, r.Close())
}

// ReadAll reads src to its end. If that fails after the header, the records that were good come back beside the error;
// the Trace then lacks its Footer and its SHA256, and may lack its Prefill.
func ReadAll(src Source) (*Trace, error) {
	if r, ok := src.(*Reader); ok { // it checks and hashes its lines itself, as they stand in the file
		t := &Trace{Name: r.Name(), Header: r.Header(), headerJSON: r.HeaderJSON()}
		if err := t.fill(r.Next); err != nil {
			return t, err
		}
		t.SHA256 = r.SHA256()
		return t, nil
	}
	g := &guard{src: src, binder: newBinder(), all: sha256.New(), steps: sha256.New()}
	header, err := g.check(src.Header())
	if err != nil {
		return nil, err
	}
	t := &Trace{Name: string(src.Header().Source), Header: src.Header(), headerJSON: bytes.TrimSuffix(header, []byte("\n"))}
	if err := t.fill(g.next); err != nil {
		return t, err
	}
	t.SHA256 = hex.EncodeToString(g.all.Sum(nil))
	return t, nil
}

// fill sorts the records into their lists.
func (t *Trace) fill(next func() (Record, error)) error {
	for {
		record, err := next()
		if err == io.EOF && t.Footer != nil {
			return nil
		}
		if err == io.EOF {
			return fault("footer", "a source that ends with its footer", "%s ends without one after %d steps", t.Name, len(t.Steps))
		}
		if err != nil {
			return err
		}
		t.Records = append(t.Records, record)
		switch r := record.(type) {
		case *Ops:
			t.Ops = r
		case *Prefill:
			t.Prefill = r
		case *Step:
			t.Steps = append(t.Steps, r)
		case *Switch:
			t.Switches = append(t.Switches, r)
		case *SchedFeatures:
			t.Features = append(t.Features, r)
		case *CalibOps:
			t.Calib = append(t.Calib, r)
		case *Footer:
			t.Footer = r
		}
	}
}

// guard checks the records of a source that is no file, and hashes the lines that they would be.
type guard struct {
	src     Source
	binder  *binder
	checker checker
	line    int
	all     hash.Hash
	steps   hash.Hash
}

func (g *guard) next() (Record, error) {
	record, err := g.src.Next()
	if err != nil {
		return nil, err
	}
	if footer, ok := record.(*Footer); ok {
		whole := *footer
		whole.SHA256Steps = hex.EncodeToString(g.steps.Sum(nil))
		record = &whole
	}
	line, err := g.check(record)
	if _, ok := record.(*Step); ok {
		g.steps.Write(line)
	}
	return record, err
}

func (g *guard) check(r Record) ([]byte, error) {
	g.line++
	line, problem := g.binder.encode(r)
	if problem == nil {
		problem = g.checker.add(r)
	}
	if problem != nil {
		problem.File, problem.Line = "the source", g.line
		return nil, problem
	}
	g.all.Write(line)
	return line, nil
}

// HeaderJSON returns the header as it stands in the file, or as it would stand there.
func (t *Trace) HeaderJSON() []byte { return slices.Clone(t.headerJSON) }

// Write writes the trace as a zstd stream.
func (t *Trace) Write(w io.Writer) error { return Copy(w, t.Source()) }

// Source replays the trace from memory.
func (t *Trace) Source() Source { return &replay{header: t.Header, records: t.Records} }

// replay is the Source of a Trace.
type replay struct {
	header  *Header
	records []Record
}

var _ Source = (*replay)(nil)

func (r *replay) Header() *Header { return r.header }

func (r *replay) Next() (Record, error) {
	if len(r.records) == 0 {
		return nil, io.EOF
	}
	record := r.records[0]
	r.records = r.records[1:]
	return record, nil
}

// PromptTokens returns the length of the prompt.
func (t *Trace) PromptTokens() int { return t.Header.Prompt.Tokens }

// GeneratedTokens returns the number of generated tokens: one from prefill and one from each step.
func (t *Trace) GeneratedTokens() int { return len(t.Steps) + 1 }

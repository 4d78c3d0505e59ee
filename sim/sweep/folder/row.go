package folder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// Line is a line of a shard: what a point came to by itself.
type Line struct {
	Fingerprint string          `json:"fingerprint"`
	Highest     int             `json:"highest_bits,omitempty"` // of decode: uniform at these is the baseline
	Error       string          `json:"error,omitempty"`
	Crashed     bool            `json:"crashed,omitempty"` // workers died at the point: another try may do better
	Result      json.RawMessage `json:"result,omitempty"`

	Sealed bool `json:"-"` // it had a checksum, and the right one
	number int  // in its file, from 1
}

// better reports whether l says more of its point than another line does: a result more than why there is none, and that
// more than that workers died.
func (l *Line) better(than *Line) bool { return l.rank() > than.rank() }

func (l *Line) rank() int {
	switch {
	case l.Error == "":
		return 2
	case !l.Crashed:
		return 1
	}
	return 0
}

// Parsed is the result of the line.
func (l *Line) Parsed() (*result.Result, error) {
	r, err := result.Parse(l.Result)
	if err != nil {
		return nil, fmt.Errorf("point %.8s: not a result: %w", l.Fingerprint, files.NotJSON(err))
	}
	return r, nil
}

// Row is a point with its result. It carries no times, hosts or paths: equal sweeps give equal rows.
type Row struct {
	Fingerprint string            `json:"fingerprint"`
	NPU         string            `json:"npu"`
	Model       string            `json:"model"`
	Task        string            `json:"task"`
	Trace       string            `json:"trace,omitempty"` // name of its file
	Prompt      int               `json:"prompt_tokens"`
	Generated   int               `json:"generated_tokens"`
	Batch       int               `json:"batch"`
	Schedule    string            `json:"schedule"`
	Axes        map[string]string `json:"axes"`
	Error       string            `json:"error,omitempty"` // why there is no result
	Crashed     bool              `json:"crashed,omitempty"`
	Result      *result.Result    `json:"result,omitempty"`
}

// Encode writes a value as a line, as results are written.
func Encode(v any) ([]byte, error) { return result.Encode(v) }

// strict reads a line, all of it and nothing unknown.
func strict(line []byte, to any) error {
	err := files.CheckJSON("line", 0, line, files.Results)
	if err == nil {
		err = files.ExactKeys(line, to)
	}
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("more than one value in a line")
	}
	return nil
}

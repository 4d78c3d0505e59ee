package qualify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/traces"
)

// row is what is read of a line of bench.jsonl: a product, a pass, cuBLAS's product, or the GPU with its ceilings.
type row struct {
	Kind      string   `json:"kind"`
	Name      string   `json:"name"`
	Out       int      `json:"out"`
	In        int      `json:"in"`
	Bits      int      `json:"weight_bits"`
	Context   int      `json:"context_tokens"`
	Kernels   int      `json:"kernels"`
	Target    string   `json:"ptx_target"`
	Bytes     int64    `json:"bytes"`
	Seconds   *float64 `json:"seconds"`
	Bandwidth *float64 `json:"bytes_per_second"`
	OfCopy    *float64 `json:"of_copy"`
	OverHalf  *float64 `json:"over_fp16"`
	OfCeiling *float64 `json:"of_ceiling"`
	Ceiling   string   `json:"ceiling"`
	Rate      *float64 `json:"tokens_per_second"`
}

// info is what is read of info.json.
type info struct {
	GPU      traces.GPU      `json:"gpu"`
	Emulated bool            `json:"emulated"`
	Kernels  *traces.Kernels `json:"kernels"`
	Calib    *traces.Calib   `json:"calib"`
}

// checked is what is read of a line of check.jsonl.
type checked struct {
	Kind  string `json:"kind"`
	Check string `json:"check"`
	Model string `json:"model"`
	Pass  string `json:"pass"`
	Bits  int    `json:"weight_bits"`
	Wrong string `json:"wrong"`
}

// Bundle is a bundle that was read.
type Bundle struct {
	Dir      string
	Head     Head
	Outcomes []Outcome
	End      *End // nil: the run was killed
	Info     *info
	Checks   []checked
	Bench    []row
	Traces   []member
}

// Emulated reports whether no GPU has made the bundle; an old driver's name is not enough to tell without info.json.
func (b *Bundle) Emulated() bool { return b.Info != nil && b.Info.Emulated }

// Read reads a bundle. One that ends anywhere is read as far as it goes.
func Read(dir string) (*Bundle, error) {
	b := &Bundle{Dir: dir}
	if err := b.readSummary(); err != nil {
		return nil, err
	}
	infos, err := readLines[info](filepath.Join(dir, Info))
	if err != nil {
		return nil, err
	}
	if len(infos) > 0 {
		b.Info = &infos[0]
	}
	if b.Checks, err = readLines[checked](filepath.Join(dir, Checks)); err != nil {
		return nil, err
	}
	if b.Bench, err = readLines[row](filepath.Join(dir, Bench)); err != nil {
		return nil, err
	}
	b.Traces, err = unpacked(filepath.Join(dir, Traces))
	return b, err
}

// readSummary reads head, outcomes and end.
func (b *Bundle) readSummary() error {
	path := filepath.Join(b.Dir, Summary)
	const accepted = "accepted: a folder that gpu qualify has written"
	all, err := readLines[json.RawMessage](path)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%s is empty, or not there", path)
	}
	if err != nil {
		return fmt.Errorf("%w; %s", err, accepted)
	}
	for i, text := range all {
		var kind struct{ Kind string }
		err := json.Unmarshal(text, &kind)
		switch {
		case err != nil:
		case i == 0:
			if err = json.Unmarshal(text, &b.Head); err == nil && b.Head.Format != Format {
				return fmt.Errorf("%s:1: format: %.60q is no bundle of this version; accepted: %s", path, b.Head.Format, Format)
			}
		case kind.Kind == "step":
			var o Outcome
			err = json.Unmarshal(text, &o)
			b.Outcomes = append(b.Outcomes, o)
		case kind.Kind == "end":
			b.End = new(End)
			err = json.Unmarshal(text, b.End)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w; %s", path, i+1, files.NotJSON(err), accepted)
		}
	}
	return nil
}

// Missing are the steps that did not end well, with the reason, in their order: those of which there is no word, too. One that was not
// needed is not missing: that it would stand in for ended well.
func (b *Bundle) Missing() (all []Outcome) {
	for _, name := range b.Head.Steps {
		i := slices.IndexFunc(b.Outcomes, func(o Outcome) bool { return o.Step == name })
		if i < 0 {
			all = append(all, Outcome{Step: name, Status: Killed, Reason: "the run was killed before it ended"})
		} else if o := b.Outcomes[i]; o.Status != OK && !(o.Status == Skipped && b.isOK(o.Instead)) {
			all = append(all, o)
		}
	}
	return all
}

// isOK reports whether a step ended well.
func (b *Bundle) isOK(step string) bool {
	return slices.ContainsFunc(b.Outcomes, func(o Outcome) bool { return o.Step == step && o.Status == OK })
}

// readLines reads a file of JSON lines. One that is not there has none, and a last line that is not complete is left out.
func readLines[T any](path string) (all []T, err error) {
	text, err := files.ReadStored(path, files.Note)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		var v T
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: after %d lines: %w; accepted: what gpu qualify has written", path, len(all), files.NotJSON(err))
		}
		all = append(all, v)
	}
}

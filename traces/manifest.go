package traces

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// ManifestName is the file by which a folder of recordings is known.
const ManifestName = "manifest.json"

// ManifestFormat is what its key format says.
const ManifestFormat = "pmpdsim-recordings/1"

// Manifest says what traces a folder has, and where they come from.
type Manifest struct {
	Format     string      `json:"format"`
	Recordings []Recording `json:"recordings"`
}

// Recording is a command, and the traces that it made.
type Recording struct {
	Command       string   `json:"command"`
	Tool          string   `json:"tool"`
	Created       string   `json:"created"` // RFC 3339, when it began first
	Model         string   `json:"model"`
	WeightsSHA256 string   `json:"weights_sha256"`
	Machine       string   `json:"machine"`
	Traces        []Listed `json:"traces"`
}

// Listed is a trace of a manifest.
type Listed struct {
	File          string   `json:"file"`   // in the folder
	SHA256        string   `json:"sha256"` // of the JSON lines, as trace info says it: independent of the compression
	Prompt        string   `json:"prompt"` // its id
	Schedule      string   `json:"schedule"`
	PromptTokens  int      `json:"prompt_tokens"`
	Generated     int      `json:"generated_tokens"`
	Stop          Stop     `json:"stop"`
	AvgWeightBits *float64 `json:"avg_weight_bits,omitzero"`
	Agree         *float64 `json:"agree,omitzero"`
	NLL           *float64 `json:"nll,omitzero"`
}

// List returns what a manifest says of a trace in a file of its folder.
func (t *Trace) List(file, prompt string) Listed {
	i := t.Info()
	return Listed{File: file, SHA256: t.SHA256, Prompt: prompt, Schedule: i.Schedule, PromptTokens: i.PromptTokens, Generated: i.GeneratedTokens,
		Stop: i.Stop, AvgWeightBits: i.AvgWeightBits, Agree: i.Agree, NLL: i.NLL}
}

// ReadManifest reads the manifest of a folder. Without one the error is fs.ErrNotExist.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestName)
	data, err := files.ReadStored(path, files.Note)
	if err != nil {
		return nil, err
	}
	const accepted = "accepted: what record has written"
	if err := files.CheckJSON(path, 0, data, files.Note); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	m := new(Manifest)
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("%s: %w; %s", path, files.NotJSON(err), accepted)
	}
	if m.Format != ManifestFormat {
		return nil, fmt.Errorf("%s: format: %.60q is no manifest of this version; accepted: %s", path, m.Format, ManifestFormat)
	}
	seen := map[string]bool{}
	for _, r := range m.Recordings {
		for _, l := range r.Traces {
			if l.File != filepath.Base(l.File) || !IsName(l.File) || seen[l.File] {
				return nil, fmt.Errorf("%s: file: %.200q is listed twice, or is no trace in the folder; %s", path, l.File, accepted)
			}
			seen[l.File] = true
		}
	}
	return m, nil
}

// IsName reports whether a file is a trace by its name.
func IsName(name string) bool {
	return strings.HasSuffix(strings.TrimSuffix(name, ".zst"), ".trace.jsonl")
}

// Add puts a recording behind those that are there, or its traces to those of the same command with the same weights, program and
// machine. What an earlier one had of the same files is taken out there.
func (m *Manifest) Add(r Recording) {
	m.Format = ManifestFormat
	made := map[string]bool{}
	for _, l := range r.Traces {
		made[l.File] = true
	}
	for i := range m.Recordings {
		e := &m.Recordings[i]
		e.Traces = slices.DeleteFunc(e.Traces, func(l Listed) bool { return made[l.File] })
	}
	at := slices.IndexFunc(m.Recordings, r.same)
	if at < 0 {
		at = len(m.Recordings)
		m.Recordings = append(m.Recordings, Recording{r.Command, r.Tool, r.Created, r.Model, r.WeightsSHA256, r.Machine, nil})
	}
	e := &m.Recordings[at]
	e.Traces = append(e.Traces, r.Traces...)
	slices.SortFunc(e.Traces, func(a, b Listed) int { return strings.Compare(a.File, b.File) })
	m.Recordings = slices.DeleteFunc(m.Recordings, func(e Recording) bool { return len(e.Traces) == 0 })
}

// same reports whether one recording goes on with another.
func (r *Recording) same(e Recording) bool {
	return r.Command == e.Command && r.Tool == e.Tool && r.Model == e.Model && r.WeightsSHA256 == e.WeightsSHA256 && r.Machine == e.Machine
}

// Of returns the recording that a file is from, and what is said of it.
func (m *Manifest) Of(file string) (Recording, Listed, bool) {
	for _, r := range m.Recordings {
		for _, l := range r.Traces {
			if l.File == file {
				return r, l, true
			}
		}
	}
	return Recording{}, Listed{}, false
}

// Encode writes a manifest for people, too: a line for each trace.
func (m *Manifest) Encode() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("{\n  \"format\": \"" + ManifestFormat + "\",\n  \"recordings\": [")
	for i, r := range m.Recordings {
		if i > 0 {
			b.WriteByte(',')
		}
		listed := r.Traces
		r.Traces = nil
		head, err := lineOf(r)
		if err != nil {
			return nil, err
		}
		b.WriteString("\n    " + strings.TrimSuffix(head, "null}") + "[")
		for k, l := range listed {
			text, err := lineOf(l)
			if err != nil {
				return nil, err
			}
			if k > 0 {
				b.WriteByte(',')
			}
			b.WriteString("\n      " + text)
		}
		b.WriteString("\n    ]}")
	}
	b.WriteString("\n  ]\n}\n")
	return b.Bytes(), nil
}

// lineOf is a value as JSON in a line, in which < and > stand as they are.
func lineOf(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// CheckFolder returns an error if a folder's manifest is not true: a trace is missing, is none, or is not the one that was listed;
// or a trace is not listed.
func CheckFolder(dir string) error {
	m, err := ReadManifest(dir)
	if err != nil {
		return err
	}
	var all []error
	for _, r := range m.Recordings {
		for _, l := range r.Traces {
			all = append(all, r.check(dir, l))
		}
	}
	found, err := fs.Glob(os.DirFS(dir), "*.trace.jsonl*")
	for _, name := range found {
		if _, _, listed := m.Of(name); !listed && IsName(name) {
			all = append(all, fmt.Errorf("%s: the manifest does not list it", filepath.Join(dir, name)))
		}
	}
	return errors.Join(append(all, err)...)
}

// check compares a trace with what is listed.
func (r *Recording) check(dir string, l Listed) error {
	path := filepath.Join(dir, l.File)
	t, err := ReadFile(path)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		key       string
		has, says string
	}{{"sha256", t.SHA256, l.SHA256}, {"weights_sha256", t.Header.Model.WeightsSHA256, r.WeightsSHA256}, {"model", t.Header.Model.Name, r.Model},
		{"tool", t.Header.Tool, r.Tool}} {
		if c.has != c.says {
			return fmt.Errorf("%s: %s: the trace has %s, its manifest %s", path, c.key, c.has, c.says)
		}
	}
	now, err := lineOf(t.List(l.File, l.Prompt))
	said, err2 := lineOf(l)
	if now != said {
		return errors.Join(err, err2, fmt.Errorf("%s: the trace says\n%s\nand its manifest\n%s", path, now, said))
	}
	return errors.Join(err, err2)
}

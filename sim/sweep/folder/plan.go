package folder

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// Format is what the marker of a folder and the first line of its plan say.
const Format = "pmpdsim-sweep 2"

// FormatV0 is the format of version 0.1.0: folders without a marker, plans without axes.
const FormatV0 = "pmpdsim-sweep 1"

// Plan is what a sweep consists of: the header of plan.jsonl, and a line for each point.
type Plan struct {
	Format  string            `json:"format"`
	Spec    string            `json:"spec"`            // its name, for messages
	Version string            `json:"version"`         // of the program
	Files   map[string]string `json:"files,omitempty"` // what the spec names, and the copy
	Axes    []Axis            `json:"axes,omitempty"`  // as the spec has them
	Points  int               `json:"points"`
	Rows    []Planned         `json:"-"` // without their results
	index   map[string][]int  // fingerprint to points
}

// Axis is an axis of the spec with its values, both in the order of the spec. Rows name axes and values by these texts.
type Axis struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Planned is a point of a plan.
type Planned struct {
	Row
	Memory int     `json:"memory"` // points of equal number have equal DRAM
	Cost   float64 `json:"cost"`   // guess of the work, in units of its own
}

// NewPlan plans points; of head, what they do not tell is used: the spec, the version, files and axes.
func NewPlan(head Plan, points []Planned) Plan {
	head.Format, head.Points, head.Rows = Format, len(points), points
	head.order()
	return head
}

func (p *Plan) order() {
	p.index = map[string][]int{}
	for i := range p.Rows {
		p.index[p.Rows[i].Fingerprint] = append(p.index[p.Rows[i].Fingerprint], i)
	}
}

// Encode writes the plan as the text of plan.jsonl.
func (p *Plan) Encode() ([]byte, error) {
	data, err := Encode(p)
	if err != nil {
		return nil, err
	}
	for i := range p.Rows {
		line, err := Encode(&p.Rows[i])
		if err != nil {
			return nil, err
		}
		data = append(data, line...)
	}
	return data, nil
}

// Folder is the folder of a sweep, as far as it is read.
type Folder struct {
	Path string
	Plan Plan
}

// File is the path of a file in the folder.
func (f *Folder) File(names ...string) string {
	return filepath.Join(append([]string{f.Path}, names...)...)
}

// Has reports whether a path is the folder of a sweep, whose plan Open reads.
func Has(path string) bool {
	_, err := os.Stat(filepath.Join(path, "plan.jsonl"))
	return err == nil
}

// Open reads the plan of a sweep's folder.
func Open(path string) (*Folder, error) {
	f := &Folder{Path: path}
	file, err := files.Open(f.File("plan.jsonl"), files.Plan)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no sweep; accepted: the directory that pmpdsim sweep SPEC -o DIR made", path)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	in := json.NewDecoder(bufio.NewReader(file))
	in.DisallowUnknownFields()
	if err := in.Decode(&f.Plan); err != nil || f.Plan.Format != Format && f.Plan.Format != FormatV0 {
		return nil, fmt.Errorf("%s: format %q; accepted: %q, %q", f.File("plan.jsonl"), f.Plan.Format, Format, FormatV0)
	}
	for {
		var p Planned
		err := in.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.File("plan.jsonl"), err)
		}
		f.Plan.Rows = append(f.Plan.Rows, p)
	}
	if len(f.Plan.Rows) != f.Plan.Points {
		return nil, fmt.Errorf("%s: %d of %d points", f.File("plan.jsonl"), len(f.Plan.Rows), f.Plan.Points)
	}
	f.Plan.order()
	return f, nil
}

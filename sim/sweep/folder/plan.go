package folder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// Format is what the marker of a folder and the first line of its plan say.
const Format = "pmpdsim-sweep 2"

// FormatV0 is the format of version 0.1.0: folders without a marker, plans without axes and the spec, lines without checksums.
const FormatV0 = "pmpdsim-sweep 1"

// Plan is what a sweep consists of: the header of plan.jsonl, and a line for each point.
type Plan struct {
	Format  string            `json:"format"`
	Spec    string            `json:"spec"`            // its name, for messages
	Text    string            `json:"text,omitempty"`  // of the spec
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

// Order are the axes with their values in the order of the spec, which plans of version 0.1.0 tell by that of their points.
func (p *Plan) Order() []Axis {
	if len(p.Axes) > 0 {
		return p.Axes
	}
	var all []Axis
	for i := range p.Rows {
		for _, name := range slices.Sorted(maps.Keys(p.Rows[i].Axes)) {
			at := slices.IndexFunc(all, func(a Axis) bool { return a.Name == name })
			if at < 0 {
				at, all = len(all), append(all, Axis{Name: name})
			}
			if v := p.Rows[i].Axes[name]; !slices.Contains(all[at].Values, v) {
				all[at].Values = append(all[at].Values, v)
			}
		}
	}
	return all
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
	data, err := Seal(p)
	if err != nil {
		return nil, err
	}
	for i := range p.Rows {
		line, err := Seal(&p.Rows[i])
		if err != nil {
			return nil, err
		}
		data = append(data, line...)
	}
	return data, nil
}

// Folder is the folder of a sweep, as far as it is read.
type Folder struct {
	Path    string
	Plan    Plan
	Damaged []Damage // lines of shards that Done, Left and Rows did not believe
	home    string   // where the shards are, if not in Path
}

// File is the path of a file in the folder.
func (f *Folder) File(names ...string) string {
	return filepath.Join(append([]string{f.Path}, names...)...)
}

// Has reports whether a path is the folder of a sweep: a plan whose rows are there, which Open reads.
func Has(path string) bool {
	_, plan := os.Stat(filepath.Join(path, "plan.jsonl"))
	_, rows := os.Stat(filepath.Join(homeOf(path), "shards"))
	return plan == nil && rows == nil
}

// Covers reports whether a plan has all points of another, under the same names; it may have further points and axes.
func (p *Plan) Covers(other *Plan) bool {
	for i := range other.Rows {
		row := &other.Rows[i].Row
		if !slices.ContainsFunc(p.index[row.Fingerprint], func(at int) bool { return p.Rows[at].extends(row) }) {
			return false
		}
	}
	return true
}

// extends reports whether a row without its result is of the same point as another, perhaps with further axes.
func (r Row) extends(other *Row) bool {
	for name, value := range other.Axes {
		if got, there := r.Axes[name]; !there || got != value {
			return false
		}
	}
	r.Axes = other.Axes
	return reflect.DeepEqual(r, *other)
}

// DamagedError is the error of a plan that is not as it was written.
type DamagedError struct{ error }

// errNoHead is the error of a plan without a first line, as a file system leaves it after a power failure.
var errNoHead = errors.New("is not as it was written: it tells no format")

func damaged(file string, line int, err error) error {
	return DamagedError{fmt.Errorf("%s:%d: the line %w; accepted: the plan as pmpdsim sweep wrote it", file, line, err)}
}

// Open reads the plan of a sweep's folder.
func Open(path string) (*Folder, error) {
	f := &Folder{Path: path, home: homeOf(path)}
	file, err := files.OpenStored(f.File("plan.jsonl"), files.Plan)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no sweep; accepted: the directory that pmpdsim sweep SPEC -o DIR made", path)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	if err := f.Plan.read(file.Lines(), f.File("plan.jsonl")); err != nil {
		return nil, err
	}
	return f, nil
}

// read reads the text of a plan, whose errors begin with the file's name.
func (p *Plan) read(in *files.Lines, name string) error {
	head, err := in.Next()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	_ = json.Unmarshal(head, p) // for the format alone: another one may have other fields
	if p.Format == "" {         // not even that was left
		return damaged(name, 1, errNoHead)
	}
	if p.Format != Format && p.Format != FormatV0 {
		return fmt.Errorf("%s: format %q; accepted: %q, %q", name, p.Format, Format, FormatV0)
	}
	if err := p.parse(head, p); err != nil {
		return damaged(name, 1, err)
	}
	for number := 2; ; number++ {
		var row Planned
		end, err := p.line(in, &row)
		if err != nil {
			return damaged(name, number, err)
		}
		switch {
		case end && len(p.Rows) < p.Points:
			return damaged(name, number, fmt.Errorf("is missing: there are %d of %d points", len(p.Rows), p.Points))
		case end:
			p.order()
			return nil
		case len(p.Rows) == p.Points:
			return damaged(name, number, fmt.Errorf("is one too many: the plan has %d points", p.Points))
		}
		p.Rows = append(p.Rows, row)
	}
}

// line reads the next line, and reports whether there is none.
func (p *Plan) line(in *files.Lines, to any) (end bool, err error) {
	text, err := in.Next()
	if errors.Is(err, io.EOF) && len(text) == 0 {
		return true, nil
	}
	if errors.Is(err, io.EOF) {
		return false, errors.New("is cut short")
	}
	if err != nil {
		return false, fmt.Errorf("cannot be read: %w", err)
	}
	return false, p.parse(text, to)
}

// parse reads a line of the plan.
func (p *Plan) parse(text []byte, to any) error {
	text, sealed, err := Unseal(text)
	if err != nil {
		return err
	}
	if err := strict(text, to); err != nil {
		return fmt.Errorf("is none of this program: %w", files.NotJSON(err))
	}
	if !sealed && p.Format != FormatV0 {
		return errUnsealed
	}
	return nil
}

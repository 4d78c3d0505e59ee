package report

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

// data is what the script of the page reads. Texts that recur stand in lists, and are numbers elsewhere.
type data struct {
	Common    string     `json:"common"`
	Palette   []string   `json:"palette"`
	Keys      []keyData  `json:"keys"`
	Metrics   []metric   `json:"metrics"`
	Operators *list      `json:"operators"` // names
	Parts     *list      `json:"parts"`     // of energy
	Bounds    *list      `json:"bounds"`
	Versions  *list      `json:"versions"`
	Traces    *list      `json:"traces"`
	Machines  []machine  `json:"machines"`
	Settings  [][]string `json:"settings"` // of all machines alike
	Rows      []row      `json:"rows"`

	metrics []study.Metric
}

type keyData struct {
	Name   string      `json:"name"`
	Role   Role        `json:"role"`
	Values [][2]string `json:"values"` // and their texts
}

type machine struct {
	Name        string      `json:"name"`
	Fingerprint string      `json:"fingerprint"`
	Bandwidth   number      `json:"bandwidth"`
	Roofs       [][2]number `json:"roofs"`   // bits, MACs per second
	Differs     [][]string  `json:"differs"` // keys and values in which machines differ
	Known       bool        `json:"known"`   // its configuration is
}

// row is a result.
type row struct {
	Keys    []int    `json:"k"`
	Metrics []*exact `json:"m"`
	Bound   int      `json:"b"`
	Machine int      `json:"n"`
	Version int      `json:"v"`
	Trace   int      `json:"t"` // -1: none
	Fits    bool     `json:"f"` // its DRAM holds it
	Place   string   `json:"p"`
	Passes  int      `json:"passes"` // of decode
	Tokens  int      `json:"tokens"` // that they make
	Decode  phase    `json:"decode"`
	Prefill phase    `json:"prefill"`
}

// phase is where the time and the energy of a phase go.
type phase struct {
	Operators [][]number  `json:"o"` // name; seconds that pass, of array, vector unit, DRAM; MACs, bytes; bound
	Energy    [][2]number `json:"e"` // part, joules; none without a breakdown
}

// number is written with as many digits as a tooltip could show, exact with those in which processors agree.
type (
	number float64
	exact  float64
)

func (n number) MarshalJSON() ([]byte, error) { return digits(float64(n), 5), nil }
func (n exact) MarshalJSON() ([]byte, error)  { return digits(float64(n), 9), nil }

func digits(v float64, n int) []byte {
	if math.Abs(v) >= 1 && math.Abs(v) < 1e15 && v == math.Trunc(v) {
		return strconv.AppendInt(nil, int64(v), 10)
	}
	return strconv.AppendFloat(nil, v, 'g', n, 64)
}

// list numbers texts in the order in which they come.
type list struct {
	texts []string
	index map[string]int
}

func newList() *list { return &list{texts: []string{}, index: map[string]int{}} }

func (l *list) of(text string) int {
	i, there := l.index[text]
	if !there {
		i = len(l.texts)
		l.index[text], l.texts = i, append(l.texts, text)
	}
	return i
}

func (l *list) MarshalJSON() ([]byte, error) { return json.Marshal(l.texts) }

// newData encodes a report.
func newData(r *Report) *data {
	d := &data{metrics: Metrics(), Common: r.Common, Palette: plots.Palette(), Operators: newList(), Parts: newList(), Bounds: newList(), Versions: newList(),
		Traces: newList(), Settings: [][]string{}}
	for _, m := range d.metrics {
		d.Metrics = append(d.Metrics, metric{m.Key, m.Name, m.Unit, m.Scale, m.Better})
	}
	for _, name := range result.EnergyParts() {
		d.Parts.of(name)
	}
	values := make([]*list, len(r.Points[0].Keys))
	for i, k := range r.Points[0].Keys {
		values[i] = newList()
		d.Keys = append(d.Keys, keyData{Name: k.Name, Role: k.Role})
	}
	d.order(r, values)
	machines := map[string]int{}
	var used []study.Machine
	for i := range r.Points {
		p := &r.Points[i]
		at, there := machines[p.Config]
		if !there {
			at = len(used)
			machines[p.Config], used = at, append(used, r.machine(p))
		}
		x := d.row(p)
		x.Machine = at
		for k, key := range p.Keys {
			v := values[k].of(key.Value)
			if v == len(d.Keys[k].Values) {
				d.Keys[k].Values = append(d.Keys[k].Values, [2]string{})
			}
			d.Keys[k].Values[v] = [2]string{key.Value, key.Text}
			x.Keys = append(x.Keys, v)
		}
		d.Rows = append(d.Rows, x)
	}
	d.machines(used)
	return d
}

// order numbers the values of keys as the report has them.
func (d *data) order(r *Report, values []*list) {
	for k, all := range r.Values {
		for _, v := range all {
			values[k].of(v)
			d.Keys[k].Values = append(d.Keys[k].Values, [2]string{v, v})
		}
	}
}

func (d *data) row(p *Point) row {
	x := row{Bound: d.Bounds.of(p.BoundBy), Version: d.Versions.of(p.Version), Trace: -1, Fits: p.Fits, Place: p.Place, Passes: p.Passes(),
		Tokens: p.Passes() * p.Batch, Decode: d.phase(p.Result.Operators.Decode, p.Decode), Prefill: d.phase(p.Result.Operators.Prefill, p.Prefill)}
	if p.TraceSHA256 != "" {
		x.Trace = d.Traces.of(p.TraceSHA256)
	}
	for _, m := range d.metrics {
		var v *exact
		if n, ok := m.Scaled(p.Result); ok {
			e := exact(n)
			v = &e
		}
		x.Metrics = append(x.Metrics, v)
	}
	return x
}

func (d *data) phase(operators []result.Operator, parts *result.Phase) phase {
	x := phase{Operators: [][]number{}, Energy: [][2]number{}}
	for _, o := range operators {
		x.Operators = append(x.Operators, []number{number(d.Operators.of(o.Name)), number(o.Seconds), number(o.Array), number(o.Vector), number(o.Memory),
			number(o.MACs), number(o.DRAMBytes), number(d.Bounds.of(o.BoundBy))})
	}
	if parts != nil {
		for _, name := range slices.Sorted(maps.Keys(parts.Energy)) {
			x.Energy = append(x.Energy, [2]number{number(d.Parts.of(name)), number(parts.Energy[name])})
		}
	}
	return x
}

// machines tells what they have in common and in what each differs.
func (d *data) machines(all []study.Machine) {
	common := map[string]string{} // of known machines
	differs := map[string]bool{}
	for _, m := range all {
		for _, k := range m.Keys {
			if v, there := common[k[0]]; there && v != k[1] {
				differs[k[0]] = true
			}
			common[k[0]] = k[1]
		}
	}
	shown := map[string]bool{}
	for _, m := range all {
		x := machine{Name: m.Name, Fingerprint: m.Fingerprint, Bandwidth: number(m.Bandwidth), Roofs: [][2]number{}, Differs: [][]string{}, Known: len(m.Keys) > 0}
		for _, roof := range m.Roofs {
			x.Roofs = append(x.Roofs, [2]number{number(roof.Bits), number(roof.MACsPerSecond)})
		}
		for _, k := range m.Keys {
			switch {
			case differs[k[0]]:
				x.Differs = append(x.Differs, []string{k[0], k[1]})
			case !shown[k[0]]:
				shown[k[0]] = true
				d.Settings = append(d.Settings, []string{k[0], k[1]})
			}
		}
		d.Machines = append(d.Machines, x)
	}
}

package views

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// modelItem is a model preset as JSON.
type modelItem struct {
	*workloads.Model
	Params  workloads.Params `json:"params"`
	KVBytes int64            `json:"kv_bytes_per_token_fp16"`
}

// Models lists the model presets and the model that the program carries, with their values for JSON.
func Models() (*plots.Table, []any, error) {
	t := &plots.Table{Columns: []plots.Column{{Name: "model"}, {Name: "family"}, {Name: "params", Right: true},
		{Name: "block linears", Right: true}, {Name: "layers", Right: true}, {Name: "hidden", Right: true},
		{Name: "heads/KV", Right: true}, {Name: "fp16 KV/token", Right: true}, {Name: "max positions", Right: true}, {Name: "pair"}}}
	var values []any
	for _, m := range append(workloads.Models(), workloads.Tiny()) {
		p, kv := m.Params(), m.KVBytesPerToken(16)
		values = append(values, modelItem{m, p, int64(kv)})
		t.Add(m.Name, string(m.Family), plots.Large.Text(float64(p.Total)), plots.Large.Text(float64(p.Blocks)), strconv.Itoa(m.Layers), strconv.Itoa(m.Hidden),
			fmt.Sprintf("%d/%d", m.Heads, m.KVHeads), kv.String(), strconv.Itoa(m.MaxPositions),
			fmt.Sprintf("%d>%d", m.PaperHigh, m.PaperLow))
	}
	return t, values, nil
}

// taskItem is a task as JSON.
type taskItem struct {
	workloads.Task
	Generate       int            `json:"generate"`
	GenerateModels map[string]int `json:"generate_with"` // models with which it is another number
}

// Tasks lists the tasks, with their values for JSON.
func Tasks() (*plots.Table, []any, error) {
	t := &plots.Table{Columns: []plots.Column{{Name: "task"}, {Name: "prompt", Right: true}, {Name: "generated", Right: true},
		{Name: "where", Width: 24}, {Name: "source of the prompt length", Width: 50}}}
	var values []any
	for _, task := range workloads.Tasks() {
		v := taskItem{task, task.Gen(&workloads.Model{}), map[string]int{}}
		var except []string
		for _, m := range workloads.Models() {
			if n := task.Gen(m); n != v.Generate {
				v.GenerateModels[m.Name] = n
				except = append(except, fmt.Sprintf("%d with %s", n, m.Name))
			}
		}
		values = append(values, v)
		t.Add(task.Name, strconv.Itoa(task.Prompt), strconv.Itoa(v.Generate), strings.Join(except, ", "), task.Source)
	}
	return t, values, nil
}

// dramItem is a DRAM standard as JSON.
type dramItem struct {
	Name      string      `json:"name"`
	Source    string      `json:"source"`
	Evidence  string      `json:"evidence,omitempty"` // verified: of that rate; estimated by a simulator; derived: of another one's
	Fixture   bool        `json:"fixture,omitempty"`  // another simulator's table, wrong values included
	Rate      int64       `json:"transfers_per_second"`
	TCK       float64     `json:"tck_seconds"`
	Width     int         `json:"channel_bits"`
	BurstSize int64       `json:"burst_bytes"`
	Ranks     int         `json:"ranks"`
	Groups    int         `json:"bank_groups"`
	Banks     int         `json:"banks_per_group"`
	Row       int64       `json:"row_bytes"`
	Density   string      `json:"density,omitempty"`
	Densities []string    `json:"densities,omitempty"`
	Capacity  int64       `json:"channel_bytes"` // at the density
	Peak      int64       `json:"peak_bytes_per_second"`
	Timing    spec.Timing `json:"timing_clocks"`
	Comments  []string    `json:"comments,omitempty"`
}

// Standards lists the DRAM standards, with their values for JSON.
func Standards() (*plots.Table, []any, error) {
	t := &plots.Table{Columns: []plots.Column{{Name: "standard"}, {Name: "MT/s", Right: true}, {Name: "tCK", Right: true}, {Name: "width", Right: true},
		{Name: "banks", Right: true}, {Name: "density", Right: true}, {Name: "channel", Right: true}, {Name: "GB/s", Right: true}, {Name: "values"}}}
	var values []any
	for _, name := range spec.Names() {
		p, err := spec.LookupPart(name)
		if err != nil {
			return nil, nil, err
		}
		s := p.Standard(0)
		v := dramItem{Name: s.Name, Source: s.Source, Evidence: p.Evidence(), Fixture: s.IsFixture(), Rate: int64(p.DataRate()), TCK: float64(s.TCK) / 1e15,
			Width: s.Width, BurstSize: int64(s.Burst), Ranks: s.Ranks, Groups: s.Groups, Banks: s.Banks, Row: int64(s.RowBytes()),
			Density: p.Density().String(), Capacity: int64(s.ChannelBytes()), Peak: int64(s.PeakBytesPerSecond(1)), Timing: s.Timing, Comments: s.Comments}
		for _, d := range p.Densities() {
			v.Densities = append(v.Densities, d.String())
		}
		values = append(values, v)
		evidence := v.Evidence
		if v.Fixture {
			evidence = "another simulator's"
		}
		t.Add(s.Name, plots.Significant(float64(v.Rate)/1e6), s.TCK.String(), fmt.Sprintf("x%d", s.Width), fmt.Sprintf("%dx%d", s.Groups, s.Banks),
			v.Density, s.ChannelBytes().String(), Gigabytes(float64(v.Peak)), evidence)
	}
	return t, values, nil
}

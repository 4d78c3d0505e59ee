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

// Models lists the model presets, with their values for JSON.
func Models() (*plots.Table, []any, error) {
	t := &plots.Table{Columns: []plots.Column{{Name: "model"}, {Name: "family"}, {Name: "params", Right: true},
		{Name: "block linears", Right: true}, {Name: "layers", Right: true}, {Name: "hidden", Right: true},
		{Name: "heads/KV", Right: true}, {Name: "fp16 KV/token", Right: true}, {Name: "max positions", Right: true}, {Name: "pair"}}}
	var values []any
	for _, m := range workloads.Models() {
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
	Fixture   bool        `json:"fixture,omitempty"` // another simulator's table, wrong values included
	TCK       float64     `json:"tck_seconds"`
	Width     int         `json:"channel_bits"`
	BurstSize int64       `json:"burst_bytes"`
	Ranks     int         `json:"ranks"`
	Groups    int         `json:"bank_groups"`
	Banks     int         `json:"banks_per_group"`
	Row       int64       `json:"row_bytes"`
	Peak      int64       `json:"peak_bytes_per_second"`
	Timing    spec.Timing `json:"timing_clocks"`
	Comments  []string    `json:"comments,omitempty"`
}

// Standards lists the DRAM standards, with their values for JSON.
func Standards() (*plots.Table, []any, error) {
	t := &plots.Table{Columns: []plots.Column{{Name: "standard"}, {Name: "tCK", Right: true}, {Name: "width", Right: true},
		{Name: "burst", Right: true}, {Name: "banks", Right: true}, {Name: "row", Right: true}, {Name: "GB/s", Right: true},
		{Name: "source", Width: 48}}}
	var values []any
	for _, name := range spec.Names() {
		s, err := spec.Lookup(name)
		if err != nil {
			return nil, nil, err
		}
		peak := s.PeakBytesPerSecond(1)
		values = append(values, dramItem{Name: s.Name, Source: s.Source, Fixture: s.IsFixture(), TCK: float64(s.TCK) / 1e15, Width: s.Width,
			BurstSize: int64(s.Burst), Ranks: s.Ranks, Groups: s.Groups, Banks: s.Banks, Row: int64(s.RowBytes()),
			Peak: int64(peak), Timing: s.Timing, Comments: s.Comments})
		t.Add(s.Name, s.TCK.String(), fmt.Sprintf("x%d", s.Width), s.Burst.String(), fmt.Sprintf("%dx%d", s.Groups, s.Banks),
			s.RowBytes().String(), Gigabytes(float64(peak)), s.Source)
	}
	return t, values, nil
}

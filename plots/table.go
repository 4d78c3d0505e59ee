package plots

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

// Column is the head of a column of texts.
type Column struct {
	Name  string
	Right bool // numbers
	Width int  // where longer texts are wrapped; 0 for never
}

// Table is a grid of texts.
type Table struct {
	Columns []Column
	Rows    [][]string
}

// Add appends a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// Write renders the table as plain text: a head, a rule, the rows, two spaces between columns. A cell is one line, whatever is in it;
// a head may have several.
func (t *Table) Write(w io.Writer) error {
	tw := table.NewWriter()
	tw.SetStyle(style())
	head := make(table.Row, len(t.Columns))
	configs := make([]table.ColumnConfig, len(t.Columns))
	for i, c := range t.Columns {
		head[i] = visible.Text(c.Name)
		configs[i] = table.ColumnConfig{Number: i + 1, Align: text.AlignLeft, AlignHeader: text.AlignLeft, WidthMax: c.Width,
			WidthMaxEnforcer: text.WrapSoft}
		if c.Right {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
	}
	tw.AppendHeader(head)
	tw.SetColumnConfigs(configs)
	for _, r := range t.Rows {
		row := make(table.Row, len(r))
		for i, cell := range r {
			row[i] = visible.Line(cell)
		}
		tw.AppendRow(row)
	}
	for line := range strings.Lines(tw.Render()) {
		line = strings.TrimRight(line, " \n")
		if strings.Trim(line, "-") == "" { // the rule is as long as the last column and its padding
			line = strings.TrimSuffix(line, "--")
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// style has no colours and no borders.
func style() table.Style {
	s := table.StyleDefault
	s.Options = table.Options{SeparateHeader: true}
	s.Format.Header = text.FormatDefault // the default turns × into capitals it does not have
	s.Box.PaddingLeft, s.Box.PaddingRight = "", "  "
	s.Box.MiddleHorizontal = "-"
	return s
}

// column is one column of numbers that share a unit, or of texts.
type column struct {
	name   string
	unit   Unit
	values []*float64 // nil where there is none
	texts  []string   // instead of values
	fixed  int        // decimals, where not -1
}

// cells returns the head and the texts of the column.
func (c *column) cells() (head string, cells []string) {
	if c.texts != nil {
		return c.name, c.texts
	}
	var there []float64
	for _, v := range c.values {
		if v != nil {
			there = append(there, *v)
		}
	}
	s, decimals := c.unit.fit(there)
	if c.fixed >= 0 {
		decimals = c.fixed
	}
	for _, v := range c.values {
		cell := "-"
		if v != nil {
			cell = format(*v/s.one, decimals)
		}
		cells = append(cells, cell)
	}
	if s.name == "" {
		return c.name, cells
	}
	return c.name + " " + s.name, cells
}

// columns lays columns side by side; columns of numbers are right-aligned.
func columns(all []column) *Table {
	t := &Table{}
	for i := range all {
		head, cells := all[i].cells()
		t.Columns = append(t.Columns, Column{Name: head, Right: all[i].texts == nil})
		for r, cell := range cells {
			if r == len(t.Rows) {
				t.Rows = append(t.Rows, nil)
			}
			t.Rows[r] = append(t.Rows[r], cell)
		}
	}
	return t
}

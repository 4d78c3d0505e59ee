package sweep

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// ColumnType is the type of a column's values.
type ColumnType int

// The types: string, int64, float64 and bool.
const (
	Text ColumnType = iota
	Integer
	Real
	Truth
)

// Column is a column of a table.
type Column struct {
	Name string
	Type ColumnType
}

// Table is rows with their results laid flat: a column for each number and text, names joined with dots. Lists, which
// are the operators and the histograms, stay in results.jsonl.
type Table struct {
	Columns []Column
	Rows    [][]any // string, int64, float64, bool, or nil where there is none
}

// cell is a value of a row and its column.
type cell struct {
	order string // sort key of the column
	Column
	value any
	axis  bool // the column is that of an axis
}

// NewTable flattens rows. Axes whose values are quantities get a second column, in bytes, hertz or bytes per second. Two
// columns of one name are an error: one would hide the other.
func NewTable(rows []folder.Row) (*Table, error) {
	var all [][]cell
	columns := map[string]cell{}
	for i := range rows {
		cells := flatten(&rows[i])
		all = append(all, cells)
		for _, c := range cells {
			if before, there := columns[c.Name]; there && before.axis != c.axis {
				return nil, fmt.Errorf("axis %q has the name of a column of results; accepted: another name, in the spec of the sweep", c.Name)
			}
			columns[c.Name] = c
		}
	}
	if err := quantities(all, columns); err != nil {
		return nil, err
	}
	return tableOf(all, columns), nil
}

// TableOf is a table of structs, with a column for each number and text in them, by their JSON tags.
func TableOf[T any](rows []T) *Table {
	var all [][]cell
	columns := map[string]cell{}
	for i := range rows {
		cells := values(reflect.ValueOf(&rows[i]).Elem(), "", "")
		all = append(all, cells)
		for _, c := range cells {
			columns[c.Name] = c
		}
	}
	return tableOf(all, columns)
}

// tableOf arranges cells below their columns.
func tableOf(all [][]cell, columns map[string]cell) *Table {
	sorted := slices.SortedFunc(maps.Values(columns), func(a, b cell) int { return strings.Compare(a.order, b.order) })
	t := &Table{}
	at := map[string]int{}
	for i, c := range sorted {
		t.Columns = append(t.Columns, c.Column)
		at[c.Name] = i
	}
	for _, cells := range all {
		row := make([]any, len(sorted))
		for _, c := range cells {
			row[at[c.Name]] = c.value
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// flatten lists the values of a row.
func flatten(r *folder.Row) []cell {
	var cells []cell
	own := map[string]bool{}
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		name, order := tagOf(v.Type().Field(i)), fmt.Sprintf("%03d", i)
		switch name {
		case "axes":
			for _, axis := range slices.Sorted(maps.Keys(r.Axes)) {
				cells = append(cells, cell{order + axis, Column{axis, Text}, r.Axes[axis], true})
			}
		case "crashed": // the error says so, too
		case "result":
			if r.Result == nil {
				continue
			}
			below := values(reflect.ValueOf(r.Result).Elem(), "", order)
			cells = append(cells, slices.DeleteFunc(below, func(c cell) bool { return own[c.Name] })...)
		default:
			own[name] = true
			cells = append(cells, values(v.Field(i), name, order)...)
		}
	}
	return cells
}

func tagOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// values lists the numbers and texts in v.
func values(v reflect.Value, name, order string) []cell {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return values(v.Elem(), name, order)
	case reflect.String:
		return []cell{{order: order, Column: Column{name, Text}, value: v.String()}}
	case reflect.Int, reflect.Int64:
		return []cell{{order: order, Column: Column{name, Integer}, value: v.Int()}}
	case reflect.Bool:
		return []cell{{order: order, Column: Column{name, Truth}, value: v.Bool()}}
	case reflect.Float64:
		return []cell{{order: order, Column: Column{name, Real}, value: v.Float()}}
	case reflect.Map:
		var cells []cell
		for _, k := range slices.SortedFunc(slices.Values(v.MapKeys()), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }) {
			cells = append(cells, values(v.MapIndex(k), joined(name, k.String()), order+"."+k.String())...)
		}
		return cells
	case reflect.Struct:
		var cells []cell
		for i := range v.NumField() {
			if below, of := fieldColumn(v.Type().Field(i), name); of && !absent(v.Type().Field(i), v.Field(i)) {
				cells = append(cells, values(v.Field(i), below, fmt.Sprintf("%s.%03d", order, i))...)
			}
		}
		return cells
	}
	return nil
}

// fieldColumn is the name of the column of a field of a struct, or the beginning of those of its fields, and whether there is one.
func fieldColumn(f reflect.StructField, name string) (string, bool) {
	switch tag := tagOf(f); {
	case f.Anonymous:
		return name, true
	case tag == "-":
		return "", false
	case tag == "": // fields of Memory, whose JSON is written by hand
		return joined(name, strings.ToLower(f.Name)), true
	default:
		return joined(name, tag), true
	}
}

// absent reports whether a field is one that only some results have, and this one has not.
func absent(f reflect.StructField, v reflect.Value) bool {
	_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return options == "omitzero" && v.IsZero()
}

// valueSuffix ends the name of the column with the numbers of an axis whose values are quantities.
const valueSuffix = "_value"

// quantities adds a column NAME_value with numbers for each axis whose values are all quantities. Axes of whole numbers, spelt
// as numbers are, become numeric columns themselves: 1 and 01 are two values.
func quantities(all [][]cell, columns map[string]cell) error {
	for name, column := range maps.Clone(columns) {
		if !column.axis {
			continue
		}
		numbers, plain, units := true, true, map[string]bool{}
		for _, cells := range all {
			if i := axis(cells, name); i >= 0 {
				text := cells[i].value.(string)
				m, ok := unit.Quantity(text)
				units[m.Of] = true
				numbers, plain = numbers && ok && len(units) == 1, plain && ok && text == strconv.FormatInt(m.Value, 10) && m.Value >= 0
			}
		}
		added := cell{order: column.order + "_", Column: Column{name + valueSuffix, Integer}, axis: true}
		switch _, taken := columns[added.Name]; {
		case !numbers:
			continue
		case plain:
			column.Type = Integer
			columns[name] = column
		case taken:
			return fmt.Errorf("axis %q has the name of the column with the numbers of %q; accepted: another name, in the spec of the sweep", added.Name, name)
		default:
			columns[added.Name] = added
		}
		for i, cells := range all {
			at := axis(cells, name)
			if at < 0 {
				continue
			}
			m, _ := unit.Quantity(cells[at].value.(string))
			if plain {
				all[i][at].value = m.Value
			} else {
				added.value = m.Value
				all[i] = append(all[i], added)
			}
		}
	}
	return nil
}

// axis is where an axis is among the cells of a row.
func axis(cells []cell, name string) int {
	return slices.IndexFunc(cells, func(c cell) bool { return c.axis && c.Name == name })
}

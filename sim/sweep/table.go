package sweep

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
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
}

// NewTable flattens rows. Axes whose values are quantities get a second column, in bytes, hertz or bytes per second.
func NewTable(rows []folder.Row) *Table {
	var all [][]cell
	columns := map[string]cell{}
	for i := range rows {
		cells := flatten(&rows[i])
		all = append(all, cells)
		for _, c := range cells {
			columns[c.Name] = c
		}
	}
	quantities(all, columns)
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
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		name, order := tagOf(v.Type().Field(i)), fmt.Sprintf("%03d", i)
		switch name {
		case "axes":
			for _, axis := range slices.Sorted(maps.Keys(r.Axes)) {
				cells = append(cells, cell{order + axis, Column{axis, Text}, r.Axes[axis]})
			}
		case "result":
			if r.Result == nil {
				continue
			}
			own := map[string]bool{}
			for _, c := range cells {
				own[c.Name] = true
			}
			below := values(reflect.ValueOf(r.Result).Elem(), "", order)
			cells = append(cells, slices.DeleteFunc(below, func(c cell) bool { return own[c.Name] })...)
		default:
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
		return []cell{{order, Column{name, Text}, v.String()}}
	case reflect.Int, reflect.Int64:
		return []cell{{order, Column{name, Integer}, v.Int()}}
	case reflect.Bool:
		return []cell{{order, Column{name, Truth}, v.Bool()}}
	case reflect.Float64:
		return []cell{{order, Column{name, Real}, v.Float()}}
	case reflect.Map:
		var cells []cell
		for _, k := range slices.SortedFunc(slices.Values(v.MapKeys()), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }) {
			cells = append(cells, values(v.MapIndex(k), joined(name, k.String()), order+"."+k.String())...)
		}
		return cells
	case reflect.Struct:
		var cells []cell
		for i := range v.NumField() {
			f := v.Type().Field(i)
			below, at := tagOf(f), fmt.Sprintf("%s.%03d", order, i)
			switch {
			case f.Anonymous:
				cells = append(cells, values(v.Field(i), name, at)...)
			case below != "" && below != "-":
				cells = append(cells, values(v.Field(i), joined(name, below), at)...)
			case below == "": // fields of Memory, whose JSON is written by hand
				cells = append(cells, values(v.Field(i), joined(name, strings.ToLower(f.Name)), at)...)
			}
		}
		return cells
	}
	return nil
}

// quantities adds a column NAME_value with numbers for each axis whose values are all quantities. Axes of whole numbers
// become numeric columns themselves.
func quantities(all [][]cell, columns map[string]cell) {
	prefix := fmt.Sprintf("%03d", axesField())
	for name, column := range maps.Clone(columns) {
		if !strings.HasPrefix(column.order, prefix) {
			continue
		}
		numbers, plain := true, true
		for _, cells := range all {
			for _, c := range cells {
				if c.Name == name {
					_, ok := unit.Quantity(c.value.(string))
					numbers, plain = numbers && ok, plain && ok && strings.Trim(c.value.(string), "0123456789") == ""
				}
			}
		}
		if !numbers {
			continue
		}
		if !plain {
			columns[name+"_value"] = cell{column.order + "_", Column{name + "_value", Integer}, nil}
		} else {
			column.Type = Integer
			columns[name] = column
		}
		for i, cells := range all {
			for j, c := range cells {
				if c.Name != name {
					continue
				}
				n, _ := unit.Quantity(c.value.(string))
				if plain {
					all[i][j].value = n
				} else {
					all[i] = append(all[i], cell{Column: Column{name + "_value", Integer}, value: n})
				}
				break
			}
		}
	}
}

// axesField returns the index of the field of Row that holds the axes.
func axesField() int {
	t := reflect.TypeFor[folder.Row]()
	for i := range t.NumField() {
		if tagOf(t.Field(i)) == "axes" {
			return i
		}
	}
	panic("sweep: rows have no axes")
}

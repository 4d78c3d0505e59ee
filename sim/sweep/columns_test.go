package sweep

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
)

// fill gives every field of a value, however deep, a value of its own, and every map an entry.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, n)
		v.SetMapIndex(reflect.ValueOf("some"), value)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), n)
			}
		}
	}
}

// filled is a row in which every column has a value.
func filled() folder.Row {
	var row folder.Row
	n := 0
	fill(reflect.ValueOf(&row).Elem(), &n)
	row.Axes = nil
	return row
}

// No axis may have the name of a column, in whatever case, of one that its numbers get, or of one by which commands choose.
func TestNoAxisHasTheNameOfAColumn(t *testing.T) {
	row := filled()
	table, err := NewTable([]folder.Row{row})
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Columns) < 60 {
		t.Fatalf("%d columns: the row is not filled", len(table.Columns))
	}
	var taken []string
	for _, c := range table.Columns {
		taken = append(taken, c.Name, strings.ToUpper(c.Name))
	}
	for _, name := range append(taken, "decode.joules.x", "crashed", "config", "kv-bits", "", " ", "a ", "a\nb", "a\x1b[31m") {
		if err := new(Spec).checkName(name); err == nil {
			t.Errorf("an axis may be called %q", name)
		}
	}
	for _, column := range table.Columns {
		row.Axes = map[string]string{column.Name: "1"}
		if _, err := NewTable([]folder.Row{row}); err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("axis %q has the name of a column of results; accepted: ", column.Name)) {
			t.Errorf("a table with the axis %s: %v", column.Name, err)
		}
	}
	for _, key := range config.Keys() {
		if err := new(Spec).checkName(key.Path); err != nil {
			t.Errorf("%s can be no axis: %v", key.Path, err)
		}
	}
	t.Run("or of a key by which outcomes are told apart", func(t *testing.T) {
		data, err := folder.Seal(filledResult(t))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "results.jsonl")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		set, err := study.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if names := set.KeyNames(); len(names) < 7 || slices.ContainsFunc(names, func(name string) bool { return new(Spec).checkName(name) == nil }) {
			t.Errorf("one of %v may be an axis", names)
		}
	})
}

// filledResult is a row as a sweep has it.
func filledResult(t *testing.T) folder.Row {
	t.Helper()
	rows, _, err := rowsOf(t, swept(t, one))
	if err != nil {
		t.Fatal(err)
	}
	return rows[0]
}

// Values of an axis that are spelt in two ways are two values, whatever number they are.
func TestNoTwoValuesOfAnAxisAreWrittenAlike(t *testing.T) {
	for _, values := range [][]string{{"1", "01"}, {"1", "+1"}, {"0", "-0"}, {"1", "1.0"}, {"007", "7"}, {"1GHz", "1000MHz"}, {"'=1", "=1"}, {"", "'"}} {
		rows := []folder.Row{filled(), filled()}
		for i, v := range values {
			rows[i].Axes = map[string]string{"shape": v}
		}
		table, err := NewTable(rows)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(table.Columns, func(c Column) bool { return c.Name == "shape" })
		a, b := sheet.Cell(fmt.Sprint(table.Rows[0][at])), sheet.Cell(fmt.Sprint(table.Rows[1][at]))
		if a == b {
			t.Errorf("%q are both written as %q", values, a)
		}
	}
}

func TestAxesWhoseColumnsWouldHaveOneName(t *testing.T) {
	for names, want := range map[[2]string]string{
		{"clock", "clock_value"}:    "clock",
		{"clock_value", "clock"}:    "clock_value",
		{"shape", "Shape"}:          "shape",
		{"clock", "Clock_Value"}:    "clock",
		{"clock", "clock_values"}:   "",
		{"prompts", "prompt_token"}: "",
	} {
		s := &Spec{axes: []Axis{{Name: names[0], at: strict.Place{Line: 7}}}}
		err := s.checkName(names[1])
		text := fmt.Sprintf("tables would have two columns of one name, for it and for %s in line 7; accepted: names that differ by more", want)
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != text) {
			t.Errorf("%v: %v, want %s", names, err, text)
		}
	}
	rows := []folder.Row{filled()}
	rows[0].Axes = map[string]string{"clock": "1GHz", "clock_value": "fast"}
	want := `axis "clock_value" has the name of the column with the numbers of "clock"; accepted: another name, in the spec of the sweep`
	if _, err := NewTable(rows); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

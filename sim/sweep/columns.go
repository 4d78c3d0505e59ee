package sweep

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// ownColumns are the names of the columns that tables have beside the axes, as far as types tell: those of a map end with
// a dot, because its keys follow.
func ownColumns() []string {
	var all []string
	add := func(names ...string) {
		for _, name := range names {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	for t, i := reflect.TypeFor[folder.Row](), 0; i < t.NumField(); i++ {
		switch name := tagOf(t.Field(i)); name {
		case "axes":
		case "result":
			add(names(t.Field(i).Type, "")...)
		default:
			add(names(t.Field(i).Type, name)...)
		}
	}
	return all
}

// names are those of the columns that values makes of a type.
func names(t reflect.Type, name string) []string {
	switch t.Kind() {
	case reflect.Pointer:
		return names(t.Elem(), name)
	case reflect.String, reflect.Int, reflect.Int64, reflect.Bool, reflect.Float64:
		return []string{name}
	case reflect.Map:
		return []string{name + "."}
	case reflect.Struct:
		var all []string
		for i := range t.NumField() {
			if below, of := fieldColumn(t.Field(i), name); of {
				all = append(all, names(t.Field(i).Type, below)...)
			}
		}
		return all
	}
	return nil
}

// checkName returns why an axis must not have a name, or nil.
func (s *Spec) checkName(name string) error {
	if strings.TrimSpace(name) != name || name == "" || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("%q is no name; accepted: a text that does not begin or end with a space, of printing characters", name)
	}
	own := append(ownColumns(), chosenBy()...)
	for _, column := range own {
		below, is := strings.CutSuffix(column, ".")
		if strings.EqualFold(name, below) || is && len(name) > len(column) && strings.EqualFold(name[:len(column)], column) {
			return fmt.Errorf("the name is that of a column of results; accepted: none of %s", strings.Join(short(own), ", "))
		}
	}
	for _, other := range s.axes {
		if a, b := name, other.Name; strings.EqualFold(a, b+valueSuffix) || strings.EqualFold(a+valueSuffix, b) || a != b && strings.EqualFold(a, b) {
			return fmt.Errorf("tables would have two columns of one name, for it and for %s in line %d; accepted: names that differ by more", b, other.at.Line)
		}
	}
	return nil
}

// chosenBy are the names by which commands choose among results, beside those of columns.
func chosenBy() []string { return append(identity(), "kv-bits", "config") }

// short leaves out columns below others: decode. stands for all of decode.
func short(columns []string) []string {
	var all []string
	for _, c := range columns {
		if top, _, below := strings.Cut(c, "."); below {
			c = top + ".…"
		}
		if !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

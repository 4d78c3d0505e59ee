package monitor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"math"
	"reflect"
	"slices"
	"strconv"
)

// maxElements is how many elements of a list are shown: a program has a hundred thousand ops.
const maxElements = 500

// value is a value as the page reads it: kind (of package reflect), type, contents and length. Structs, lists and maps
// refer to other values by their numbers in the snapshot.
type value struct {
	Kind   reflect.Kind `json:"k"`
	Type   string       `json:"t"`
	Value  any          `json:"v,omitempty"`
	Length *int         `json:"l,omitempty"`
}

// snapshot holds values by number. Root is the number of the value that was requested.
type snapshot struct {
	Root   string           `json:"r"`
	Values map[string]value `json:"dict"`
	next   int
}

// snapshotOf returns a value and its direct members. The path leads to it from of, by names of fields, keys of maps and
// indices of lists.
func snapshotOf(of any, path []string) (*snapshot, error) {
	v := reflect.ValueOf(of)
	for _, name := range path {
		var err error
		if v, err = child(v, name); err != nil {
			return nil, err
		}
	}
	a := &snapshot{Root: "0", Values: map[string]value{}}
	a.add(v, true)
	return a, nil
}

// child returns the field, element or map value that name names.
func child(v reflect.Value, name string) (reflect.Value, error) {
	v = deref(v)
	switch v.Kind() {
	case reflect.Struct:
		if f := v.FieldByName(name); f.IsValid() {
			return f, nil
		}
	case reflect.Slice, reflect.Array:
		if i, err := strconv.Atoi(name); err == nil && 0 <= i && i < v.Len() {
			return v.Index(i), nil
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if text(k) == name {
				return v.MapIndex(k), nil
			}
		}
	}
	return v, notFound(fmt.Sprintf("%s has no %q", typeOf(v), name))
}

// deref follows pointers and interfaces.
func deref(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

func typeOf(v reflect.Value) string {
	if !v.IsValid() {
		return "null"
	}
	return v.Type().String()
}

// add adds a value, with its members if open is true, and returns its number.
func (a *snapshot) add(v reflect.Value, open bool) string {
	v = deref(v)
	number := strconv.Itoa(a.next)
	a.next++
	out := value{Kind: v.Kind(), Type: typeOf(v)}
	switch v.Kind() {
	case reflect.Struct:
		if open {
			fields := map[string]string{}
			for i := range v.NumField() {
				fields[v.Type().Field(i).Name] = a.add(v.Field(i), false)
			}
			out.Value = fields
		}
	case reflect.Slice, reflect.Array:
		n := v.Len()
		out.Kind, out.Length = reflect.Slice, &n
		if open {
			elements := []string{}
			for i := range min(n, maxElements) {
				elements = append(elements, a.add(v.Index(i), false))
			}
			out.Value = elements
		}
	case reflect.Map:
		n := v.Len()
		out.Length = &n
		if open {
			entries := map[string]string{}
			keys := v.MapKeys()
			slices.SortFunc(keys, func(x, y reflect.Value) int { return cmp.Compare(text(x), text(y)) })
			for _, k := range keys[:min(n, maxElements)] {
				key := a.add(k, false)
				entries[key] = a.add(v.MapIndex(k), false)
			}
			out.Value = entries
		}
	default:
		out.Kind, out.Value = simple(v)
	}
	a.Values[number] = out
	return number
}

// simple returns a value that has no members. A value without a text form, such as a function, is shown as its type.
func simple(v reflect.Value) (reflect.Kind, any) {
	switch {
	case !v.IsValid():
		return reflect.Invalid, json.RawMessage("null") // which is written, unlike nothing
	case v.Kind() == reflect.Bool:
		return v.Kind(), v.Bool()
	case v.CanInt():
		return v.Kind(), v.Int()
	case v.CanUint():
		return v.Kind(), v.Uint()
	case v.CanFloat() && !math.IsNaN(v.Float()) && !math.IsInf(v.Float(), 0):
		return v.Kind(), v.Float()
	default:
		return reflect.String, html.EscapeString(text(v)) // akita's page puts it into its HTML
	}
}

// text returns a value as text. The value may come from an unexported field, whose methods fmt cannot call.
func text(v reflect.Value) string {
	switch v = deref(v); {
	case v.Kind() == reflect.String:
		return v.String()
	case v.IsValid() && v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.IsValid() && v.CanUint():
		return strconv.FormatUint(v.Uint(), 10)
	case v.IsValid() && v.CanFloat():
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case v.Kind() == reflect.Struct && v.NumField() > 0 && v.Field(0).Kind() == reflect.String:
		return v.Field(0).String() // a component, a port: its name
	default:
		return typeOf(v)
	}
}

package monitor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
)

// mostElements of a list are shown: a program has a hundred thousand ops.
const maxElements = 500

// value is a value as the page reads it: kind (of package reflect), type, what is in it and how long it is. Structs, lists and
// maps hold numbers of other values.
type value struct {
	Kind   reflect.Kind `json:"k"`
	Type   string       `json:"t"`
	Value  any          `json:"v,omitempty"`
	Length *int         `json:"l,omitempty"`
}

// album are values by their numbers; the root is what was asked for.
type snapshot struct {
	Root   string           `json:"r"`
	Values map[string]value `json:"dict"`
	next   int
}

// picture shows a value, or the one that is reached from it by names of fields and places in lists, with what is directly in it.
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

// bare follows pointers.
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

// add puts a value into the album, with what is in it if it is open, and returns its number.
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

// simple is a value without parts. What has no text of its own, such as a function, shows its type.
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
		return reflect.String, text(v)
	}
}

// text of a value that may be of a field that is not exported, so that fmt could not call its methods.
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

package traces

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// encode returns the line of a record: keys in the order of its struct, extensions behind them in key order, no white
// space, and a line feed. It refuses what the binder would refuse, so no writer can produce a file that no reader
// takes.
func (b *binder) encode(r Record) ([]byte, *Error) {
	e := encoder{binder: b, out: append(make([]byte, 0, 256), `{"type":"`+r.kind()+`"`...)}
	v := reflect.ValueOf(r)
	if v.IsNil() {
		return nil, fault("", "", "the %s record is nil", r.kind())
	}
	if err := e.fields(v.Elem()); err != nil {
		return nil, err
	}
	e.out = append(e.out, '}', '\n')
	if e.extended {
		if _, err := scan(e.out); err != nil {
			return nil, err
		}
	}
	return e.out, nil
}

type encoder struct {
	*binder
	out      []byte
	extended bool // something was written that this package did not make
}

// fields appends the keys of a struct, each with a comma before it unless the object is still empty.
func (e *encoder) fields(v reflect.Value) *Error {
	for _, f := range e.of(v.Type()) {
		item := v.Field(f.at)
		if f.optional && item.IsZero() {
			continue
		}
		e.key(f.name)
		if err := e.value(item, f.rule); err != nil {
			return err.under(f.name)
		}
	}
	x := v.FieldByName("X").Interface().(Extensions)
	for _, key := range sortedKeys(x) {
		if !strings.HasPrefix(key, "x_") {
			return fault(clip(key), "keys that start with x_", "the extension has another name")
		}
		e.key(key)
		if err := e.extension(x[key]); err != nil {
			return err.under(key)
		}
	}
	return nil
}

// extension appends the value of an extension as it is, without white space.
func (e *encoder) extension(raw json.RawMessage) *Error {
	e.extended = true
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return fault("", "a JSON value", "%v", files.NotJSON(err))
	}
	e.out = append(e.out, compact.Bytes()...)
	return nil
}

func (e *encoder) key(name string) {
	if last := e.out[len(e.out)-1]; last != '{' {
		e.out = append(e.out, ',')
	}
	e.out = append(appendQuoted(e.out, name), ':')
}

func (e *encoder) value(v reflect.Value, rule string) *Error {
	switch v.Kind() {
	case reflect.Pointer:
		return e.value(v.Elem(), rule)
	case reflect.Struct:
		e.out = append(e.out, '{')
		if err := e.fields(v); err != nil {
			return err
		}
		e.out = append(e.out, '}')
		return nil
	case reflect.Slice:
		return e.list(v, rule)
	case reflect.Map:
		return e.table(v, rule)
	}
	if err := checkScalar(v, rule); err != nil {
		return err
	}
	switch v.Kind() {
	case reflect.String:
		e.out = appendQuoted(e.out, v.String())
	case reflect.Bool:
		e.out = strconv.AppendBool(e.out, v.Bool())
	case reflect.Int, reflect.Int64:
		e.out = strconv.AppendInt(e.out, v.Int(), 10)
	case reflect.Float64:
		number, err := json.Marshal(v.Float())
		if err != nil {
			return fault("", "a finite number", "%v", err)
		}
		e.out = append(e.out, number...)
	default:
		panic("traces: a record has a field of type " + v.Type().String())
	}
	return nil
}

func (e *encoder) list(v reflect.Value, rule string) *Error {
	e.out = append(e.out, '[')
	for i := range v.Len() {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		if err := e.value(v.Index(i), rule); err != nil {
			return err.under(index(i))
		}
	}
	e.out = append(e.out, ']')
	return nil
}

// table appends a map: precisions from the highest down, text in order.
func (e *encoder) table(v reflect.Value, rule string) *Error {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		if a.Kind() == reflect.Int {
			return int(b.Int() - a.Int())
		}
		return strings.Compare(a.String(), b.String())
	})
	e.out = append(e.out, '{')
	for _, k := range keys {
		name := fmt.Sprint(k.Interface())
		if k.Kind() == reflect.Int && !validBits(int(k.Int())) {
			return fault(name, bitWidths, "the key is not a weight precision")
		}
		e.key(name)
		if err := e.value(v.MapIndex(k), rule); err != nil {
			return err.under(clip(name))
		}
	}
	e.out = append(e.out, '}')
	return nil
}

// sortedKeys returns the keys of an object's extensions in order.
func sortedKeys(x Extensions) []string {
	keys := make([]string, 0, len(x))
	for key := range x {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// appendQuoted appends a JSON string, with < > & as they are: a schedule such as 3>2 stays readable.
func appendQuoted(out []byte, text string) []byte {
	var b bytes.Buffer
	quote := json.NewEncoder(&b)
	quote.SetEscapeHTML(false)
	if err := quote.Encode(text); err != nil {
		panic("traces: a string does not encode: " + err.Error())
	}
	return append(out, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

package traces

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// field is one key of a record type.
type field struct {
	name     string
	rule     string
	at       int // index in the struct
	optional bool
}

// binder fills records from the nodes of a line, by the tags of their fields.
type binder struct {
	fields map[reflect.Type][]field // what was looked up so far
}

func newBinder() *binder { return &binder{fields: make(map[reflect.Type][]field)} }

// of returns the fields of a struct in file order. The field X of every struct holds its extensions.
func (b *binder) of(t reflect.Type) []field {
	if fields, ok := b.fields[t]; ok {
		return fields
	}
	var fields []field
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		fields = append(fields, field{name, t.Field(i).Tag.Get("rule"), i, options == "omitzero"})
	}
	b.fields[t] = fields
	return fields
}

// object fills the struct v from n. Keys in skip are known to the caller.
func (b *binder) object(n node, v reflect.Value, skip string) *Error {
	if n.kind != '{' {
		return fault("", "an object", "%s stands here", n.name())
	}
	if err := unique(n.keys); err != nil {
		return err
	}
	fields := b.of(v.Type())
	seen := make([]bool, len(fields))
	for k, key := range n.keys {
		if strings.HasPrefix(key, "x_") {
			extend(v, key, n.kids[k])
			continue
		}
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == key })
		if i < 0 {
			if key == skip {
				continue
			}
			return unknown(clip(key), key, names(fields), "unknown key")
		}
		seen[i] = true
		if err := b.value(n.kids[k], v.Field(fields[i].at), fields[i].rule); err != nil {
			return err.under(key)
		}
	}
	for i, f := range fields {
		if !seen[i] && !f.optional {
			return fault(f.name, "", "the key is missing and is required")
		}
	}
	return nil
}

// unique refuses an object that has a key twice: JSON readers disagree about which one counts.
func unique(keys []string) *Error {
	seen := make(map[string]bool, len(keys))
	for _, key := range keys {
		if seen[key] {
			return fault(clip(key), "each key once", "the key stands twice")
		}
		seen[key] = true
	}
	return nil
}

// names lists the keys of an object for an error.
func names(fields []field) []string {
	var all []string
	for _, f := range fields {
		all = append(all, f.name)
	}
	return append(all, "x_…")
}

// extend keeps the value of a key that starts with x_.
func extend(v reflect.Value, key string, n node) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, n.raw); err != nil {
		panic("traces: a value of valid JSON does not compact: " + err.Error())
	}
	x := v.FieldByName("X").Addr().Interface().(*Extensions)
	if *x == nil {
		*x = make(Extensions)
	}
	(*x)[key] = compact.Bytes()
}

// value fills v, the field of a record or an element of one, from n.
func (b *binder) value(n node, v reflect.Value, rule string) *Error {
	if n.kind == 'n' {
		return fault("", "a value, or no such key where nothing was measured", "null stands here")
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return b.value(n, v.Elem(), rule)
	case reflect.Struct:
		return b.object(n, v, "")
	case reflect.Slice:
		return b.list(n, v, rule)
	case reflect.Map:
		return b.table(n, v, rule)
	}
	return scalar(n, v, rule)
}

func (b *binder) list(n node, v reflect.Value, rule string) *Error {
	if n.kind != '[' {
		return fault("", "a list", "%s stands here", n.name())
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.kids), len(n.kids)))
	for i, kid := range n.kids {
		if err := b.value(kid, v.Index(i), rule); err != nil {
			return err.under(index(i))
		}
	}
	return nil
}

// table fills a map whose keys are text or integers.
func (b *binder) table(n node, v reflect.Value, rule string) *Error {
	if n.kind != '{' {
		return fault("", "an object", "%s stands here", n.name())
	}
	if err := unique(n.keys); err != nil {
		return err
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.kids)))
	for i, key := range n.keys {
		k := reflect.ValueOf(key)
		if v.Type().Key().Kind() == reflect.Int {
			bits, err := strconv.Atoi(key)
			if err != nil || !validBits(bits) || strconv.Itoa(bits) != key {
				return fault(clip(key), bitWidths, "the key is not a weight precision")
			}
			k = reflect.ValueOf(bits)
		}
		item := reflect.New(v.Type().Elem()).Elem()
		if err := b.value(n.kids[i], item, rule); err != nil {
			return err.under(clip(key))
		}
		v.SetMapIndex(k, item)
	}
	return nil
}

// scalar fills a string, an enum, a number or a boolean.
func scalar(n node, v reflect.Value, rule string) *Error {
	switch v.Kind() {
	case reflect.String:
		if n.kind != '"' {
			return fault("", "a string", "%s stands here", n.name())
		}
		v.SetString(unquote(n.raw))
	case reflect.Bool:
		if n.kind != 't' {
			return fault("", "true or false", "%s stands here", n.name())
		}
		v.SetBool(n.raw[0] == 't')
	case reflect.Int, reflect.Int64:
		x, err := strconv.ParseInt(string(n.raw), 10, 64)
		if n.kind != '0' || err != nil {
			return fault("", "an integer", "%s is not one", clip(string(n.raw)))
		}
		v.SetInt(x)
	case reflect.Float64:
		x, err := strconv.ParseFloat(string(n.raw), 64)
		if n.kind != '0' || err != nil {
			return fault("", "a number", "%s is not one", clip(string(n.raw)))
		}
		v.SetFloat(x)
	default:
		panic("traces: a record has a field of type " + v.Type().String())
	}
	return checkScalar(v, rule)
}

// checkScalar checks an enum by its own list, anything else by its rule.
func checkScalar(v reflect.Value, rule string) *Error {
	if v.Kind() == reflect.String {
		if enum, ok := reflect.New(v.Type()).Interface().(encoding.TextUnmarshaler); ok {
			if err := enum.UnmarshalText([]byte(v.String())); err != nil {
				return err.(*Error)
			}
			return nil
		}
	}
	return checkRule(rule, v)
}

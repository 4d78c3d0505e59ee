package files

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// ExactKeys refuses a key that encoding/json would take for one that is spelt with other letters: "Batch" for "batch". It looks at
// the objects that would fill the structs of the value that to points to, at all depths, but not at what reads itself. Names of fields
// are in small letters. What is not
// JSON, or of another form, it leaves to the decoder. The caller says in which file, and what is accepted.
func ExactKeys(text []byte, to any) error {
	if !otherLetters(text) {
		return nil
	}
	return exact(text, reflect.TypeOf(to), "")
}

// otherLetters reports whether a key has other letters than small ones, or is escaped. Hardly any does, and looking is quick.
func otherLetters(text []byte) bool {
	for {
		at := bytes.IndexByte(text, '"')
		if at < 0 {
			return false
		}
		text = text[at+1:]
		other, end := false, 0
		for ; end < len(text) && text[end] != '"'; end++ {
			switch c := text[end]; {
			case c == '\\':
				other = true
				end++
			case 'A' <= c && c <= 'Z' || c >= 0x80:
				other = true
			}
		}
		text = text[min(end+1, len(text)):]
		if other && bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte(":")) {
			return true
		}
	}
}

func exact(text []byte, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		if t.Implements(reflect.TypeFor[json.Unmarshaler]()) {
			return nil
		}
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		var elements []json.RawMessage
		if !composed(t.Elem()) || json.Unmarshal(text, &elements) != nil {
			return nil
		}
		for i, e := range elements {
			if err := exact(e, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map, reflect.Struct:
	default:
		return nil
	}
	var members map[string]json.RawMessage
	if t.Kind() == reflect.Map && !composed(t.Elem()) || json.Unmarshal(text, &members) != nil {
		return nil
	}
	fields := map[string]reflect.Type{}
	if t.Kind() == reflect.Struct {
		for _, f := range reflect.VisibleFields(t) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
				fields[name] = f.Type
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(members)) {
		at := strings.TrimPrefix(path+"."+plain(key), ".")
		field, known := fields[key]
		if t.Kind() == reflect.Map {
			field, known = t.Elem(), true
		}
		if known {
			if err := exact(members[key], field, at); err != nil {
				return err
			}
			continue
		}
		for name := range fields {
			if strings.EqualFold(name, key) {
				return fmt.Errorf("%s: the key is spelt %s", at, name)
			}
		}
	}
	return nil
}

// composed reports whether values of a type have structs in them.
func composed(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return composed(t.Elem())
	}
	return t.Kind() == reflect.Struct
}

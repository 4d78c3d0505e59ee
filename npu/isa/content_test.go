package isa

import (
	"reflect"
	"testing"
)

// full is a program in which every list has two elements and every value is some other number.
func full(v reflect.Value, next *int64) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			full(v.Field(i), next)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			full(v.Index(i), next)
		}
	case reflect.Array:
		for i := range v.Len() {
			full(v.Index(i), next)
		}
	case reflect.Int, reflect.Int64:
		*next++
		v.SetInt(*next)
	case reflect.Uint8:
		*next++
		v.SetUint(uint64(*next % 5))
	case reflect.Uint64, reflect.Uint32, reflect.Uint:
		*next++
		v.SetUint(uint64(*next))
	case reflect.String:
		v.SetString("name")
	case reflect.Bool:
	default:
		panic(v.Kind().String())
	}
}

// changes calls f with every leaf changed, one at a time, and every list one shorter.
func changes(path string, v reflect.Value, f func(path string)) {
	with := func(changed reflect.Value) {
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		v.Set(changed)
		f(path)
		v.Set(was)
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			changes(path+"."+v.Type().Field(i).Name, v.Field(i), f)
		}
	case reflect.Slice:
		with(v.Slice(0, v.Len()-1))
		for i := range v.Len() {
			changes(path+"[]", v.Index(i), f)
		}
	case reflect.Array:
		for i := range v.Len() {
			changes(path+"[]", v.Index(i), f)
		}
	case reflect.Int, reflect.Int64:
		with(reflect.ValueOf(v.Int() + 1).Convert(v.Type()))
	case reflect.Uint8, reflect.Uint64, reflect.Uint32, reflect.Uint:
		with(reflect.ValueOf(v.Uint() + 1).Convert(v.Type()))
	case reflect.String:
		with(reflect.ValueOf("other").Convert(v.Type()))
	case reflect.Bool:
		with(reflect.ValueOf(!v.Bool()).Convert(v.Type()))
	}
}

func TestContentIsOfAllButNames(t *testing.T) {
	var p Program
	n := int64(0)
	full(reflect.ValueOf(&p).Elem(), &n)
	was := p.Content()
	if again := p.Content(); again != was {
		t.Fatal("two contents of one program")
	}
	unread := map[string]bool{".Name": true, ".Ops[].Name": true, ".Operators": true, ".Operators[]": true, ".Experts.Layers": true,
		".Experts.Sum": true, ".Experts.Least": true, ".Experts.Most": true}
	changed := 0
	changes("", reflect.ValueOf(&p).Elem(), func(path string) {
		if same := p.Content() == was; same != unread[path] {
			t.Errorf("%s changes: the content is the same: %v", path, same)
		}
		changed++
	})
	if changed < 150 {
		t.Errorf("%d changes", changed)
	}
}

// Elements may move from a list to the next one.
func TestContentKnowsWhereListsEnd(t *testing.T) {
	a := Program{Ops: []Op{{Deps: []int{1, 2}, LoadAfter: []int{3}}}}
	b := Program{Ops: []Op{{Deps: []int{1}, LoadAfter: []int{2, 3}}}}
	if a.Content() == b.Content() {
		t.Error("one content of two programs")
	}
}

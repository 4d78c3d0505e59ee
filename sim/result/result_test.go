package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// filler gives every value another one, so that no two fields are alike.
type filler struct {
	t *testing.T
	n int64
}

func (f *filler) fill(path string, v reflect.Value) {
	f.n++
	if v.Type() == reflect.TypeFor[json.RawMessage]() {
		v.SetBytes([]byte(fmt.Sprintf(`{"n":%d,"<":">"}`, f.n)))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(fmt.Sprintf("%d <%s>", f.n, path))
	case reflect.Int, reflect.Int64:
		v.SetInt(f.n)
	case reflect.Float64:
		v.SetFloat(float64(f.n) / 3)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(path, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			f.fill(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, key := range []string{"one", "two"} {
			of := reflect.New(v.Type().Elem()).Elem()
			f.fill(path+"."+key, of)
			v.SetMapIndex(reflect.ValueOf(key), of)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.Tag.Get("json") != "-" {
				f.fill(path+"."+field.Name, v.Field(i))
			}
		}
	default:
		f.t.Fatalf("%s is a %v, which this test cannot fill", path, v.Type())
	}
}

func TestAResultIsReadAsItIsWritten(t *testing.T) {
	full, empty := new(Result), new(Result)
	(&filler{t: t}).fill("Result", reflect.ValueOf(full).Elem())
	none := 0.0
	for _, c := range []struct {
		name   string
		result *Result
	}{
		{"with every field", full},
		{"without any", empty},
		{"a speed-up of 0 is not an absent one", &Result{SpeedupFP16: &none}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var text bytes.Buffer
			if err := WriteJSON(&text, []*Result{c.result}); err != nil {
				t.Fatal(err)
			}
			got := new(Result)
			d := json.NewDecoder(&text)
			d.DisallowUnknownFields()
			if err := d.Decode(got); err != nil {
				t.Fatal(err)
			}
			differ(t, "Result", reflect.ValueOf(got).Elem(), reflect.ValueOf(c.result).Elem())
		})
	}
}

// differ reports the fields that are not as they should be.
func differ(t *testing.T, path string, got, want reflect.Value) {
	if got.Kind() == reflect.Struct {
		for i := range got.NumField() {
			differ(t, path+"."+got.Type().Field(i).Name, got.Field(i), want.Field(i))
		}
	} else if !reflect.DeepEqual(got.Interface(), want.Interface()) {
		t.Errorf("%s is read as %v, was %v", path, got, want)
	}
}

func TestResultsAreOneALineWithPlainNumbersOfBytes(t *testing.T) {
	var text bytes.Buffer
	rs := []*Result{{Schedule: "progressive:4>3@64", Footprint: Memory{Total: 3 << 30}}, {Schedule: "fp16"}}
	if err := WriteJSON(&text, rs); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(text.String(), "\n")
	if len(lines) != 3 || lines[2] != "" {
		t.Fatalf("%d lines:\n%s", len(lines), text.String())
	}
	for i, wants := range [][]string{{`"schedule":"progressive:4>3@64"`, `"total":3221225472`}, {`"schedule":"fp16"`}} {
		for _, want := range wants {
			if !strings.Contains(lines[i], want) {
				t.Errorf("%s\nlacks %s", lines[i], want)
			}
		}
	}
}

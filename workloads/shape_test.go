package workloads

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

func TestShapesAreReadAsTheyAreWritten(t *testing.T) {
	seen := map[string]string{}
	for _, m := range Models() {
		shape := m.Shape()
		text, err := json.Marshal(shape)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseShape(text)
		if err != nil || *again != shape || again.Fingerprint() != m.Fingerprint() {
			t.Errorf("%s: %+v, %v", m.Name, again, err)
		}
		if other := seen[m.Fingerprint()]; other != "" && m.Name+" "+other != "llama-2-7b vicuna-7b" { // which was made of that
			t.Errorf("%s and %s have one fingerprint", m.Name, other)
		}
		seen[m.Fingerprint()] = m.Name
	}
	for _, text := range []string{`{"layers": 1}`, `{"depth": 1}`, `[]`, ``} {
		if _, err := ParseShape([]byte(text)); err == nil {
			t.Errorf("%q is a shape", text)
		}
	}
}

// TestFingerprintsTellShapesApart changes one field after the other.
func TestFingerprintsTellShapesApart(t *testing.T) {
	m := Models()[0]
	v := reflect.TypeFor[Model]()
	for i := range v.NumField() {
		name := v.Field(i).Name
		other := *m
		switch f := reflect.ValueOf(&other).Elem().Field(i); f.Kind() {
		case reflect.String:
			f.SetString(f.String() + "x")
		case reflect.Bool:
			f.SetBool(!f.Bool())
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		default:
			f.SetInt(f.Int() + 1)
		}
		text := name == "Name" || name == "Source" || name == "PaperHigh" || name == "PaperLow" || name == "Published" || name == "Values" ||
			name == "TextOf" || name == "Assumed"
		if same := other.Fingerprint() == m.Fingerprint(); same != text {
			t.Errorf("%s: the same fingerprint is %v", name, same)
		}
	}
}

func FuzzShape(f *testing.F) {
	for _, m := range Models() {
		text, err := json.Marshal(m.Shape())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		simtest.Budget(t, func() {
			m, err := ParseShape(data)
			if err != nil {
				return
			}
			if p := m.Params(); p.Blocks <= 0 || p.Total <= 0 || m.KVBytesPerToken(16) <= 0 {
				t.Errorf("%+v counts %+v", m, p)
			}
			text, err := json.Marshal(m.Shape())
			if err != nil {
				t.Fatal(err)
			}
			if again, err := ParseShape(text); err != nil || again.Fingerprint() != m.Fingerprint() {
				t.Errorf("%s is read as %+v: %v", text, again, err)
			}
		})
	})
}

package files

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestWhatIsNotJSON(t *testing.T) {
	type Row struct {
		G string `json:"g"`
	}
	type read struct {
		Row
		A int    `json:"a"`
		B string `json:"b"`
		C []bool `json:"c"`
		D *struct {
			E float64 `json:"e"`
		} `json:"d"`
	}
	for text, want := range map[string]string{
		``:                           "not JSON: it ends too early",
		`{"a":`:                      "not JSON: it ends too early",
		`{a:1}`:                      "not JSON: 'a' cannot stand at byte 2",
		`{"a":1}}`:                   "not JSON: '}' cannot stand at byte 8",
		`{"a":'x'}`:                  `not JSON: '\'' cannot stand at byte 6`,
		"{\"b\":\"\n\"}":             `not JSON: '\n' cannot stand at byte 7`,
		`{"a":"x"}`:                  "a: a text stands where a whole number is due",
		`{"a":1.5}`:                  "a: the number 1.5 stands where a whole number is due",
		`{"a":99999999999999999999}`: "a: the number 99999999999999999999 stands where a whole number is due",
		`{"b":1}`:                    "b: a number stands where a text is due",
		`{"c":{}}`:                   "c: an object stands where a list is due",
		`{"c":[1]}`:                  "c: a number stands where true or false is due",
		`{"d":[]}`:                   "d: a list stands where an object is due",
		`{"d":{"e":true}}`:           "d.e: true or false stands where a number is due",
		`[]`:                         "a list stands where an object is due",
		`{"a":1 2}`:                  "not JSON: '2' cannot stand at byte 8",
		"{\"a\":\u00a0}":             `not JSON: 'Â' cannot stand at byte 6`,
		`{"g":1}`:                    "g: a number stands where a text is due",
		`{"f":1}`:                    `the key "f" is not known`,
	} {
		var v read
		err := json.Unmarshal([]byte(text), &v)
		if err == nil {
			d := json.NewDecoder(strings.NewReader(text))
			d.DisallowUnknownFields()
			err = d.Decode(&v)
		}
		if got := NotJSON(err); got == nil || got.Error() != want {
			t.Errorf("%s: %v, want %s", text, got, want)
		}
	}
	other := errors.New("other")
	if NotJSON(nil) != nil || NotJSON(other) != other {
		t.Error("other errors do not stay as they are")
	}
}

package files

import (
	"encoding/json"
	"testing"
)

type exactly struct {
	inner
	Batch int               `json:"batch"`
	Map   map[string]*inner `json:"map"`
	List  []inner           `json:"list"`
	Raw   json.RawMessage   `json:"raw"`
	Own   reads             `json:"own"`
	Left  int               `json:"-"`
	Words map[string]string `json:"words"`
}

type inner struct {
	Depth int `json:"depth,omitempty"`
}

type reads struct{ Any int }

func (*reads) UnmarshalJSON([]byte) error { return nil }

func TestKeysAreExact(t *testing.T) {
	for text, want := range map[string]string{
		`{"batch":1,"depth":2,"Other":4,"a":"B"}`: "",
		`{"Batch":1}`:                                  "Batch: the key is spelt batch",
		`{"DEPTH":1}`:                                  "DEPTH: the key is spelt depth",
		`{"B\u0061tch":1}`:                             "Batch: the key is spelt batch",
		`{"\u0062atch":1}`:                             "",
		"{\"\u017fink\" :1}":                           "",
		"{\"wordſ\" :{}}":                              "wordſ: the key is spelt words",
		`{"map":{"Depth":{"depth":1}}}`:                "",
		`{"map":{"a":{"Depth":1}}}`:                    "map.a.Depth: the key is spelt depth",
		`{"list":[{"depth":1},{"dePth":1}]}`:           "list[1].dePth: the key is spelt depth",
		`{"raw":{"Batch":1},"own":{"any":1},"left":1}`: "",
		`{"words":{"Batch":"1","batch":"2"}}`:          "",
		`{"batch":1`:                                   "",
		`[1]`:                                          "",
		`{"map":[{"Depth":1}],"list":{"Depth":1},"raw":[]}`: "",
	} {
		got := ""
		if err := ExactKeys([]byte(text), new(exactly)); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

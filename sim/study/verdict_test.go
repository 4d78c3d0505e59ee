package study_test

import (
	"fmt"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/study"
)

func TestDifferencesAreNamedByTheirPaths(t *testing.T) {
	for _, c := range []struct{ was, is, want string }{
		{`{"a":1,"b":{"c":[1,2]}}`, `{"a":1,"b":{"c":[1,2]}}`, "[]"},
		{`{"a":1,"b":2}`, `{ "b":2.0, "a":1e0 }`, "[]"},
		{`{"a":0.1}`, `{"a":0.10000000000000002}`, "[{a 0.1 0.10000000000000002}]"},
		{`{"a":9007199254740993}`, `{"a":9007199254740992}`, "[{a 9007199254740993 9007199254740992}]"}, // one float64
		{`{"a":"1"}`, `{"a":1}`, `[{a "1" 1}]`},
		{`{"b":{"c":[1,2]}}`, `{"b":{"c":[1,3]},"d":true}`, "[{b.c[1] 2 3} {d - true}]"},
		{`{"a":null}`, `{}`, "[{a <nil> -}]"},
		{`{"a":[]}`, `{}`, "[]"}, // holds no value
	} {
		got, err := study.Differences([]byte(c.was), []byte(c.is))
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s, %s: %v, %v, want %s", c.was, c.is, got, err, c.want)
		}
	}
	if _, err := study.Differences([]byte(`{`), []byte(`{}`)); err == nil {
		t.Error("half an object has been compared")
	}
}

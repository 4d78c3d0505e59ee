package files

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAKeyThatStandsTwice(t *testing.T) {
	for _, c := range []struct {
		name string
		kind Kind
		line int
		text string
		want string
	}{
		{"at the top", ModelConfig, 0, "{\"hidden_size\": 1,\n \"hidden_size\": 2}", "f:2:2: hidden_size: the key stands twice, first in line 1, column 2"},
		{"within", ModelConfig, 0, `{"a":{"b":[0,{"c":1,"c":2}]}}`, "f:1:21: a.b[1].c: the key stands twice, first in line 1, column 15"},
		{"written otherwise", ModelConfig, 0, `{"a":1,"\u0061":2}`, "f:1:8: a: the key stands twice, first in line 1, column 2"},
		{"in other letters", ModelConfig, 0, `{"hidden_size":1,"Hidden_Size":2}`, "f:1:18: Hidden_Size: the key stands twice, first in line 1, column 2"},
		{"in other letters, as words", Tokenizer, 0, `{"vocab":{"the":1,"The":2}}`, ""},
		{"a word twice", Tokenizer, 0, `{"vocab":{"the":1,"the":2}}`, "f:1:19: vocab.the: the key stands twice, first in line 1, column 11"},
		{"a tensor twice", Header, 0, `{"a.weight":{},"a.weight":{}}`, "f: a.weight: the key stands twice, first at byte 2"},
		{"in a line of results", Results, 7, `{"axes":{"x":"1","x":"2"}}`, "f:7: axes.x: the key stands twice, first at byte 10"},
		{"in a shard's index", Index, 0, `{"weight_map":{"w":"a","w":"b"}}`, "f:1:24: weight_map.w: the key stands twice, first in line 1, column 16"},
		{"a sign that shows nothing", Note, 0, "{\"a\\u001b\":1,\"a\\u001b\":2}", "f:1:14: \"a\\x1b\": the key stands twice, first in line 1, column 2"},
		{"nothing as a key", Note, 0, `{"":1,"":2}`, `f:1:7: "": the key stands twice, first in line 1, column 2`},
		{"a text that is like a key", Note, 0, `{"a":"a","b":["a","a"]}`, ""},
		{"once in each of two", Note, 0, `[{"a":1},{"a":2},{"b":{"a":1},"a":0}]`, ""},
		{"a trace says it itself", Trace, 3, `{"a":1,"a":2}`, ""},
		{"not JSON", Note, 0, `{"a":1,"a"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if err := CheckJSON("f", c.line, []byte(c.text), c.kind); err != nil {
				got = strings.TrimSuffix(err.Error(), "; accepted: each key once")
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// A text may have braces of its own: Go's sources, or JSON that is none.
func TestATextIsNoJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	const text = "{\"a\": 1, \"a\": 1}\nfunc f() {}"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, k := range []Kind{Text, Input, Measurements, Merges} {
		if got, err := Read(path, k); err != nil || string(got) != text {
			t.Errorf("%s: %q, %v", k.Limits().What, got, err)
		}
	}
}

// TestEveryReaderRefusesATwin writes a file of each kind that is one JSON text.
func TestEveryReaderRefusesATwin(t *testing.T) {
	for _, k := range Kinds() {
		if l := k.Limits(); l.Values == 0 || l.Lines > 0 {
			continue
		}
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(`{"a":1,"a":1}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path, k); err == nil || !strings.Contains(err.Error(), "a: the key stands twice") {
			t.Errorf("%s: %v", k.Limits().What, err)
		}
	}
}

// TestTwinsAreFound makes objects within objects, and one key twice in one of them, or none.
func TestTwinsAreFound(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		twins := 0
		var value func(depth int) string
		value = func(depth int) string {
			switch kind := rapid.IntRange(0, 4).Draw(r, "kind"); {
			case depth == 0 || kind == 0:
				return rapid.SampledFrom([]string{"1", `"a"`, `"{\"a\":1,\"a\":1}"`, "null", `"\\"`, `":"`}).Draw(r, "leaf")
			case kind == 1:
				return "[" + value(depth-1) + " ,\n" + value(depth-1) + "]"
			}
			keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-c"\\:{},]{0,3}`), 0, 4, rapid.ID[string]).Draw(r, "keys")
			if len(keys) > 0 && rapid.IntRange(0, 9).Draw(r, "twin") == 0 {
				keys = append(keys, keys[rapid.IntRange(0, len(keys)-1).Draw(r, "which")])
				twins++
			}
			var members []string
			for _, key := range keys {
				quoted, _ := json.Marshal(key)
				members = append(members, fmt.Sprintf("%s %s: %s", quoted, rapid.SampledFrom([]string{"", "\n", strings.Repeat(" ", 40)}).Draw(r, "space"), value(depth-1)))
			}
			return "{" + strings.Join(members, ",") + "}"
		}
		text := value(4)
		if !json.Valid([]byte(text)) {
			t.Fatalf("not JSON: %s", text)
		}
		if err := CheckJSON("f", 0, []byte(text), Tokenizer); (err != nil) != (twins > 0) {
			r.Fatalf("%d twins, %v in %s", twins, err, text)
		}
	})
}

package prompts

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func list(t *testing.T, text string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("p.jsonl", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "p.jsonl"
}

func TestAListIsReadInItsOrder(t *testing.T) {
	got, err := Read(list(t, `{"text":" a\n<b>","answer":"c"}`+"\n\n  \n"+`{"id":"x-1.B_","ids":[3,0]}`+"\r\n"+`{"text":"d"}`))
	want := []Prompt{{ID: "0001", Text: " a\n<b>", Answer: "c", Place: "p.jsonl:1"}, {ID: "x-1.B_", IDs: []int{3, 0}, Place: "p.jsonl:4"},
		{ID: "0003", Text: "d", Place: "p.jsonl:5"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestFaultsSayTheirLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "p.jsonl: no prompts; accepted: an object with text or ids",
		"{}":                             "p.jsonl:1: text, ids: there is neither; accepted: ",
		"{\"text\":\"a\"}\n{\"ids\":[]}": "p.jsonl:2: ids: there are none; accepted: token numbers",
		`{"text":""}`:                    "p.jsonl:1: text: it is empty; accepted: a text",
		`{"text":"a","ids":[1]}`:         "p.jsonl:1: text, ids: there are both; accepted: one of them",
		`{"text":"a","prompt":"b"}`:      "p.jsonl:1: the key \"prompt\" is not known; accepted: ",
		`{"Text":"a"}`:                   "p.jsonl:1: Text: the key is spelt text; accepted: ",
		`{"text":"a","text":"b"}`:        "p.jsonl:1: text: the key stands twice, first at byte 2; accepted: each key once",
		`{"text":7}`:                     "p.jsonl:1: text: a number stands where a text is due; accepted: ",
		`{"ids":[1.5]}`:                  "p.jsonl:1: ids: the number 1.5 stands where a whole number is due; accepted: ",
		`{"text":"a"`:                    "p.jsonl:1: not JSON: it ends too early; accepted: ",
		`{"text":"a"} {"text":"b"}`:      "p.jsonl:1: something stands behind the object; accepted: ",
		`["a"]`:                          "p.jsonl:1: it is no object; accepted: ",
		`null`:                           "p.jsonl:1: it is no object; accepted: ",
		"{\"text\":\"a\xff\"}":           "p.jsonl:1: not UTF-8; accepted: ",
		`{"text":"a","id":""}`:           "p.jsonl:1: id: \"\" cannot be the name of a file everywhere; accepted: ",
		`{"text":"a","id":"../a"}`:       "p.jsonl:1: id: \"../a\" cannot be the name of a file everywhere; accepted: ",
		`{"text":"a","id":"-a"}`:         "p.jsonl:1: id: \"-a\" cannot be",
		`{"text":"a","id":"é"}`:          "p.jsonl:1: id: \"é\" cannot be",
		`{"text":"a","id":"` + strings.Repeat("a", 81) + `"}`:       "p.jsonl:1: id: \"" + strings.Repeat("a", 80) + "…\" cannot be",
		"{\"text\":\"a\",\"id\":\"0002\"}\n{\"text\":\"b\"}":        "p.jsonl:2: id: 0002 is that of p.jsonl:1, too; accepted: each id once",
		"{\"text\":\"a\",\"id\":\"x\"}\n{\"ids\":[1],\"id\":\"x\"}": "p.jsonl:2: id: x is that of p.jsonl:1, too; accepted: each id once",
	} {
		if _, err := Read(list(t, text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s:\n%v, want\n%s", text, err, want)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); err == nil || !strings.HasSuffix(err.Error(), "no such file or directory; accepted: a list of prompts (JSON lines)") {
		t.Error(err)
	}
}

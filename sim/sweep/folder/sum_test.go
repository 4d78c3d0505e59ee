package folder

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func seal(t *testing.T, v any) string {
	t.Helper()
	line, err := Seal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(line)
}

func TestALineComesBackWithoutItsChecksum(t *testing.T) {
	for _, v := range []any{&Line{Fingerprint: "a", Error: "x > y, \"quoted\"\n"}, &Row{}, &Planned{Cost: 1e-9}, &Plan{Text: "é: ,\"sum\":\"00000000\"}"}} {
		want, err := Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, end := range []string{"\n", "\r\n", ""} {
			got, sealed, err := Unseal([]byte(strings.TrimSuffix(seal(t, v), "\n") + end))
			if err != nil || !sealed || string(got)+"\n" != string(want) {
				t.Errorf("%s, %v, %v; want %s", got, sealed, err, want)
			}
		}
		if got, sealed, err := Unseal(want); err != nil || sealed || string(got)+"\n" != string(want) {
			t.Errorf("without a checksum: %s, %v, %v", got, sealed, err)
		}
	}
}

// Every flipped bit, lost, doubled or changed byte of a line is noticed: it is refused, or counts as without a checksum.
func TestEveryChangeOfALineIsNoticed(t *testing.T) {
	line := strings.TrimSuffix(seal(t, &Line{Fingerprint: "9f86d081884c", Highest: 4, Result: []byte(`{"tokens_per_second":12.5,"batch":1}`)}), "\n")
	noticed := func(what, text string) {
		t.Helper()
		if _, sealed, err := Unseal([]byte(text)); text != line && sealed && err == nil {
			t.Errorf("%s is believed: %s", what, text)
		}
	}
	for i := range line {
		for bit := range 8 {
			noticed("a flipped bit", line[:i]+string([]byte{line[i] ^ 1<<bit})+line[i+1:])
		}
		noticed("a lost byte", line[:i]+line[i+1:])
		noticed("a doubled byte", line[:i]+line[i:i+1]+line[i:])
		noticed("a beginning", line[:i])
		noticed("a beginning in front of a line", line[:i]+line)
	}
	for _, value := range []string{"-1", "0", "null", "1e999", "12.50", "12.6"} {
		noticed(value, strings.Replace(line, "12.5", value, 1))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		text := []byte(line)
		for range 1 + random.IntN(4) {
			text[random.IntN(len(text))] = byte(random.IntN(256))
		}
		noticed("a change of bytes", string(text))
	}
}

func TestAPlanThatIsNotAsItWasWrittenIsRefused(t *testing.T) {
	plan := NewPlan(Plan{Spec: "s.yaml", Version: "v"}, []Planned{{Row: Row{Fingerprint: "a"}}, {Row: Row{Fingerprint: "b"}}})
	data, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(data), "\n")
	for name, c := range map[string]struct{ text, want string }{
		"a changed header":       {strings.Replace(string(data), "s.yaml", "t.yaml", 1), ":1: the line is not as it was written: its checksum differs"},
		"a changed point":        {strings.Replace(string(data), `"cost":0`, `"cost":1`, 1), ":2: the line is not as it was written: its checksum differs"},
		"a point less":           {lines[0] + lines[1], ":3: the line is missing: there are 1 of 2 points"},
		"a point more":           {string(data) + lines[1], ":4: the line is one too many: the plan has 2 points"},
		"half a point":           {lines[0] + lines[1] + lines[2][:20], ":3: the line is cut short"},
		"a point without a sum":  {lines[0] + `{"fingerprint":"a"}` + "\n" + lines[2], ":2: the line is not as it was written: it has no checksum"},
		"nothing":                {"", ":1: the line is not as it was written: it tells no format"},
		"zeros":                  {strings.Repeat("\x00", 99), ":1: the line is not as it was written: it tells no format"},
		"a header without a sum": {`{"format":"` + Format + `","spec":"s","version":"v","points":0}` + "\n", ":1: the line is not as it was written: it has no checksum"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "plan.jsonl", c.text)
			_, err := Open(dir)
			if want := fmt.Sprintf("%s/plan.jsonl%s", dir, c.want); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
	t.Run("another format is named", func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir, "plan.jsonl", `{"format":"pmpdsim-sweep 3"}`+"\n")
		want := dir + `/plan.jsonl: format "pmpdsim-sweep 3"; accepted: "pmpdsim-sweep 2", "pmpdsim-sweep 1"`
		if _, err := Open(dir); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	})
}

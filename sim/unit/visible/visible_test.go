package visible_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

func TestWhatIsMadeVisible(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "Vicuna-7B × 3 – größer 模型 \"quoted\" \\n", "Vicuna-7B × 3 – größer 模型 \"quoted\" \\n"},
		{"colours", "\x1b[31mred\x1b[0m", `\u001b[31mred\u001b[0m`},
		{"the title of a window", "\x1b]0;x\x07", `\u001b]0;x\u0007`},
		{"a control sequence of one byte in Latin-1", "\u009b31m", `\u009b31m`},
		{"the same byte alone", "a\x9b31m", `a\x9b31m`},
		{"a line over another", "ok\rfailed", `ok\u000dfailed`},
		{"backspaces", "ab\b\bcd\x7f", `ab\u0008\u0008cd\u007f`},
		{"nothing", "a\x00b", `a\u0000b`},
		{"a line feed and a tab", "a\nb\tc", `a\nb\tc`},
		{"other ends of lines", "a\u2028b\u2029c\u0085d\ve\f", `a\u2028b\u2029c\u0085d\u000be\u000c`},
		{"turned around", "\u202egnp.exe\u202c \u2066a\u2069 \u200f\u061c", `\u202egnp.exe\u202c \u2066a\u2069 \u200f\u061c`},
		{"not seen", "a\u200bb\u200dc\ufeffd\u00ade\u2060f\u180eg", `a\u200bb\u200dc\ufeffd\u00ade\u2060f\u180eg`},
		{"tags beyond the plane", "a\U000E0041\U000E007F", `a\udb40\udc41\udb40\udc7f`},
		{"private", "\ue0b0\U000F0000", `\ue0b0\udb80\udc00`},
		{"half a sign", "a\xe2\x80", `a\xe2\x80`},
		{"half a pair", "\xed\xa0\x80", `\xed\xa0\x80`},
		{"the sign for what is no sign", "a\ufffdb", "a\ufffdb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := visible.Line(c.text); got != c.want {
				t.Errorf("line %q, want %q", got, c.want)
			}
			want := strings.NewReplacer(`a\nb\tc`, "a\nb\tc").Replace(c.want)
			if got := visible.Text(c.text); got != want {
				t.Errorf("text %q, want %q", got, want)
			}
			if err := visible.Name(c.text); (err != nil) != (c.want != c.text) {
				t.Errorf("as a name: %v", err)
			}
		})
	}
}

func TestTheErrorOfAName(t *testing.T) {
	for text, want := range map[string]string{
		"a\x1b[2J":                     `"a\u001b[2J" holds U+001B, which is not seen; accepted: one line of letters, digits, punctuation and spaces`,
		"\xff":                         `"\xff" is not UTF-8 at byte 1; accepted: one line of letters, digits, punctuation and spaces`,
		strings.Repeat("ä", 90) + "\n": `"` + strings.Repeat("ä", 60) + `…" holds U+000A, which is not seen; accepted: one line of letters, digits, punctuation and spaces`,
	} {
		if err := visible.Name(text); err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

func TestLinesOfAnError(t *testing.T) {
	missing := &fs.PathError{Op: "open", Path: "a\npmpdsim: all is well", Err: fs.ErrNotExist}
	two := errors.Join(errors.New("a.yaml:1: x\x1b[31m"), fmt.Errorf("a.yaml:2: %w", missing))
	for want, err := range map[string]error{
		`open a\npmpdsim: all is well: file does not exist`:                                                  missing,
		"a.yaml:1: x\\u001b[31m\na.yaml:2: open a\\npmpdsim: all is well: file does not exist":               two,
		"--npu: a.yaml:1: x\\u001b[31m\na.yaml:2: open a\\npmpdsim: all is well: file does not exist; b\\nc": fmt.Errorf("--npu: %w; %s", two, "b\nc"),
		`a\nb`:       errors.New("a\nb"),
		"a\nb":       errors.Join(errors.New("a"), nil, errors.New("b")),
		`a\nb: a: c`: fmt.Errorf("%s: %w: %w", "a\nb", errors.New("a"), errors.New("c")),
	} {
		if got := visible.Error(err); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

// TestNothingHiddenIsLeft takes any bytes, in pieces of any size.
func TestNothingHiddenIsLeft(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(r, "text")
		line := visible.Line(text)
		if i := strings.IndexFunc(line, func(r rune) bool { return !strconv.IsGraphic(r) }); i >= 0 || !utf8.ValidString(line) {
			r.Fatalf("%q leaves %q", text, line)
		}
		if visible.Line(line) != line {
			r.Fatalf("%q and then %q", line, visible.Line(line))
		}
		var out bytes.Buffer
		w := &visible.Writer{Raw: &out}
		for rest := text; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(r, "piece")
			if m, err := w.Write([]byte(rest[:n])); m != n || err != nil {
				r.Fatalf("%d of %d written, %v", m, n, err)
			}
			rest = rest[n:]
		}
		if err := w.Flush(); err != nil || out.String() != visible.Text(text) {
			r.Fatalf("%v, in pieces %q, as a whole %q", err, out.String(), visible.Text(text))
		}
	})
}

// TestJSONStaysTheSame: what stands in texts of JSON is escaped as JSON does.
func TestJSONStaysTheSame(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		want := rapid.MapOf(rapid.String(), rapid.String()).Draw(r, "value")
		data, err := json.Marshal(want)
		if err != nil {
			r.Fatal(err)
		}
		var once, got map[string]string
		if err := json.Unmarshal(data, &once); err != nil {
			r.Fatal(err)
		}
		if err := json.Unmarshal([]byte(visible.Text(string(data))), &got); err != nil || len(got) != len(once) {
			r.Fatalf("%v in %s", err, visible.Text(string(data)))
		}
		for k, v := range once {
			if got[k] != v {
				r.Fatalf("%q is %q, want %q", k, got[k], v)
			}
		}
	})
}

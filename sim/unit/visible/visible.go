// Package visible makes the signs of a text visible that a reader would not see, and that a terminal obeys.
//
// A name comes from a file or a folder that somebody else may have made. In it an escape sequence recolours a terminal or moves
// its cursor back over what was printed, a line feed forges a line, and U+202E turns the rest of the line around. Here such a sign
// becomes what Go and JSON write for it, \u001b, so that a text of JSON stays the same JSON.
//
// Contract: letters, marks, digits, punctuation, symbols and spaces of all scripts stay as they are (strconv.IsGraphic). All
// else is written as its number: control characters, line and paragraph separators, signs that order or join others without
// being seen, private and unassigned ones, and bytes that are not UTF-8.
//
// Writer stands between the program and its streams, Line between a name and a table or a message. Where the program owns the
// format of a file, Name refuses such names when it is read.
package visible

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// Text returns a text of lines: line feeds and tabs stay.
func Text(s string) string { return escaped(s, "\n\t") }

// Line returns a text as one line: line feeds and tabs become \n and \t.
func Line(s string) string { return escaped(s, "") }

func escaped(s, kept string) string {
	at := strings.IndexFunc(s, func(r rune) bool { return r == utf8.RuneError || hidden(r) && !strings.ContainsRune(kept, r) })
	if at < 0 {
		return s
	}
	b := []byte(s[:at])
	for rest := s[at:]; len(rest) > 0; {
		r, n := utf8.DecodeRuneInString(rest)
		switch {
		case r == utf8.RuneError && n == 1:
			b = fmt.Appendf(b, `\x%02x`, rest[0])
		case !hidden(r) || strings.ContainsRune(kept, r):
			b = append(b, rest[:n]...)
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\t':
			b = append(b, `\t`...)
		default:
			b = appendNumber(b, r)
		}
		rest = rest[n:]
	}
	return string(b)
}

// appendNumber writes a sign as JSON does: in two halves beyond U+FFFF.
func appendNumber(b []byte, r rune) []byte {
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return fmt.Appendf(b, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(b, `\u%04x`, r)
}

// hidden reports whether a sign is not seen as itself.
func hidden(r rune) bool { return !strconv.IsGraphic(r) }

// Name returns nil for a text that is one line without hidden signs, and else an error that says what is in it and what is
// accepted. The caller says where.
func Name(s string) error {
	if what := Hidden(s); what != "" {
		return fmt.Errorf("%s %s; accepted: %s", quoted(s), what, Accepted)
	}
	return nil
}

// Accepted is what Name accepts.
const Accepted = "one line of letters, digits, punctuation and spaces"

// Hidden says what makes a text no name: "holds U+001B, which is not seen". It is empty for a name.
func Hidden(s string) string {
	for i, r := range s {
		if _, n := utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && n == 1 {
			return fmt.Sprintf("is not UTF-8 at byte %d", i+1)
		}
		if hidden(r) {
			return fmt.Sprintf("holds U+%04X, which is not seen", r)
		}
	}
	return ""
}

// quoted shows the beginning of a text.
func quoted(s string) string {
	const most = 60
	text := []rune(Line(s))
	if len(text) > most {
		text = append(text[:most:most], '…')
	}
	return `"` + string(text) + `"`
}

// Writer passes text on with its hidden signs made visible. Line feeds and tabs stay.
type Writer struct {
	Raw  io.Writer // what it writes to; only what draws on a terminal writes there itself
	mu   sync.Mutex
	rest []byte // the beginning of a sign whose end has not been written yet
	err  error  // the first of a write
}

// Write takes p whole. What it counts are bytes of p.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := append(w.rest, p...)
	end := len(text)
	for i := max(0, end-utf8.UTFMax+1); i < end; i++ {
		if utf8.RuneStart(text[i]) && !utf8.FullRune(text[i:]) {
			end = i
			break
		}
	}
	w.rest = append([]byte(nil), text[end:]...)
	if _, err := w.Raw.Write([]byte(Text(string(text[:end])))); err != nil {
		w.err = cmp.Or(w.err, err)
		return 0, err
	}
	return len(p), nil
}

// Err is the first error of a write, also where whoever wrote did not look at it.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Flush writes what may be the beginning of a sign that never ended.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) == 0 {
		return nil
	}
	_, err := w.Raw.Write([]byte(Text(string(w.rest))))
	w.rest = nil
	return err
}

// Under returns what a Writer writes to, and any other stream itself.
func Under(w io.Writer) io.Writer {
	if v, ok := w.(*Writer); ok {
		return v.Raw
	}
	return w
}

package traces

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// Error is a fault of a trace: where it is, what is wrong, and what would be right.
type Error struct {
	File     string // as the reader was given it; empty while a trace is being written
	Line     int    // of the JSON lines inside the zstd stream, from 1; 0 for the stream as a whole
	Key      string // path of the field, such as model.layers or ops[3].weight_bytes; empty for the whole record
	What     string
	Accepted string // may be empty
	Meant    string // the accepted word that is spelt much like a wrong one, if there is one
}

// Error returns `file:line: key: what is wrong; accepted: what would be right; did you mean "…"?`.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		b.WriteString(":" + strconv.Itoa(e.Line))
	}
	for _, part := range []string{e.Key, e.What} {
		if part == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(part)
	}
	if e.Accepted != "" {
		b.WriteString("; accepted: " + e.Accepted)
	}
	b.WriteString(suggest.Question(e.Meant))
	return b.String()
}

// fault returns an Error that still lacks its file and line.
func fault(key, accepted, format string, args ...any) *Error {
	return &Error{Key: key, What: fmt.Sprintf(format, args...), Accepted: accepted}
}

// unknown is the fault of a word that is none of those accepted.
func unknown[T ~string](key, word string, accepted []T, format string, args ...any) *Error {
	list := make([]string, len(accepted))
	for i, a := range accepted {
		list[i] = string(a)
	}
	err := fault(key, strings.Join(list, ", "), format, args...)
	err.Meant = suggest.Nearest(word, list)
	return err
}

// under moves e below a field or an element of another field.
func (e *Error) under(segment string) *Error {
	switch {
	case e.Key == "":
		e.Key = segment
	case e.Key[0] == '[':
		e.Key = segment + e.Key
	default:
		e.Key = segment + "." + e.Key
	}
	return e
}

// index is the path segment of element i of a list.
func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

// clip shortens text that is quoted in an error.
func clip(text string) string {
	const most = 40
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

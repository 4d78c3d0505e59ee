package traces

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// deepest is the nesting that a record may have; the format itself needs five levels.
const deepest = 32

// node is one JSON value of a line. encoding/json alone would not do: it drops duplicate keys, matches keys without
// regard to case and takes null for anything.
type node struct {
	kind byte   // '{' '[' '"' '0' (a number) 't' (true, false) 'n' (null)
	raw  []byte // the text of the value
	keys []string
	kids []node // one per key, or per element
}

// scan returns the tree of a line that is one JSON object.
func scan(line []byte) (node, *Error) {
	const object = "one JSON object a line"
	if !utf8.Valid(line) {
		return node{}, fault("", "UTF-8", "the line is not valid UTF-8")
	}
	if !json.Valid(line) {
		var probe json.RawMessage
		err := json.Unmarshal(line, &probe)
		if err == nil {
			panic("traces: json.Valid and json.Unmarshal disagree")
		}
		return node{}, fault("", object, "%v", files.NotJSON(err))
	}
	s := scanner{text: line}
	root, ok := s.value(0)
	if !ok {
		return node{}, fault("", "at most 32 levels", "the objects and lists are nested too deeply")
	}
	if root.kind != '{' {
		return node{}, fault("", object, "%s stands where a record is due", clip(string(root.raw)))
	}
	return root, nil
}

// scanner walks text that json.Valid has accepted, so it need not look for faults.
type scanner struct {
	text []byte
	at   int
}

// skip moves over white space and returns the next byte.
func (s *scanner) skip() byte {
	for {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return c
		}
	}
}

// value reads one value; it reports false if that is nested too deeply.
func (s *scanner) value(depth int) (node, bool) {
	if depth > deepest {
		return node{}, false
	}
	c := s.skip()
	start := s.at
	n := node{kind: c}
	ok := true
	switch c {
	case '{', '[':
		ok = s.elements(&n, depth)
	case '"':
		s.quoted()
	default:
		s.word()
		switch c {
		case 't', 'f':
			n.kind = 't'
		case 'n':
		default:
			n.kind = '0'
		}
	}
	n.raw = s.text[start:s.at]
	return n, ok
}

// elements reads the inside of an object or a list.
func (s *scanner) elements(n *node, depth int) bool {
	s.at++
	for {
		switch s.skip() {
		case '}', ']':
			s.at++
			return true
		case ',':
			s.at++
			continue
		}
		if n.kind == '{' {
			n.keys = append(n.keys, unquote(s.quoted()))
			s.skip()
			s.at++ // the colon
		}
		kid, ok := s.value(depth + 1)
		if !ok {
			return false
		}
		n.kids = append(n.kids, kid)
	}
}

// quoted moves over a string and returns it with its quotes.
func (s *scanner) quoted() []byte {
	start := s.at
	for s.at++; s.text[s.at] != '"'; s.at++ {
		if s.text[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
	return s.text[start:s.at]
}

// word moves over a number, true, false or null.
func (s *scanner) word() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return
		}
		s.at++
	}
}

// unquote returns what a JSON string says.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var text string
	if err := json.Unmarshal(quoted, &text); err != nil {
		panic("traces: a string of valid JSON does not decode: " + err.Error())
	}
	return text
}

// name says what kind of value n is, for errors.
func (n node) name() string {
	switch n.kind {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't':
		return "true or false"
	}
	return "null"
}

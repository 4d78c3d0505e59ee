package files

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// CheckJSON refuses a JSON text that has more values, or more of them within each other, than one of its kind may have, and one
// with an object that has a key twice: readers disagree about which one counts. It is to be asked before the text is decoded:
// what decoding takes is memory for each value. What is not JSON it leaves to the decoder.
func CheckJSON(name string, line int, text []byte, k Kind) error {
	c := jsonCheck{name: name, line: line, text: text, kind: k, limit: k.Limits()}
	return c.check()
}

// jsonCheck walks over a text once.
type jsonCheck struct {
	name   string
	line   int
	text   []byte
	kind   Kind
	limit  Limit
	values int
	open   []level // the objects and lists around the place
}

// level is an object or a list that has not been closed.
type level struct {
	object bool
	key    []byte // of an object: the last one
	first  []stands
	more   map[string]int // where the keys behind the first ones stand
	count  int            // of a list: the elements before
}

// stands is a key, and where.
type stands struct {
	key []byte
	at  int
}

// few is how many keys are compared one by one, which is quicker than a map.
const few = 24

// add notes a key, and returns where it stands already.
func (l *level) add(key []byte, at int) (first int, twice bool) {
	for _, s := range l.first {
		if bytes.Equal(s.key, key) {
			return s.at, true
		}
	}
	if len(l.first) < few {
		l.first = append(l.first, stands{key, at})
		return 0, false
	}
	if first, twice = l.more[string(key)]; twice {
		return first, true
	}
	if l.more == nil {
		l.more = map[string]int{}
	}
	l.more[string(key)] = at
	return 0, false
}

// enter opens an object or a list. What the last one at this depth has taken of memory is used again.
func (c *jsonCheck) enter(object bool) {
	if len(c.open) == cap(c.open) {
		c.open = append(c.open, level{object: object})
		return
	}
	c.open = c.open[:len(c.open)+1]
	l := &c.open[len(c.open)-1]
	l.object, l.first, l.more, l.count = object, l.first[:0], nil, 0
}

func (c *jsonCheck) check() error {
	for i := 0; i < len(c.text); i++ {
		switch c.text[i] {
		case '"':
			end := i + 1
			for end < len(c.text) && c.text[end] != '"' {
				if c.text[end] == '\\' {
					end++
				}
				end++
			}
			if err := c.key(i, min(end+1, len(c.text))); err != nil {
				return err
			}
			i = end
		case ',':
			c.values++
			if n := len(c.open); n > 0 {
				c.open[n-1].count++
			}
		case '{', '[':
			c.values++
			c.enter(c.text[i] == '{')
		case '}', ']':
			c.open = c.open[:max(0, len(c.open)-1)]
		}
		if l := c.limit; l.Values > 0 && c.values > l.Values {
			return l.refuse(c.name, c.line, fmt.Sprintf("holds more than %d values", l.Values), fmt.Sprintf("at most %d values", l.Values))
		}
		if l := c.limit; l.Depth > 0 && len(c.open) > l.Depth {
			return l.refuse(c.name, c.line, fmt.Sprintf("nests objects and lists more than %d deep", l.Depth), fmt.Sprintf("at most %d levels", l.Depth))
		}
	}
	return nil
}

// key takes the text from one place to another, in quotes, which is a key where a colon follows.
func (c *jsonCheck) key(from, to int) error {
	next := to
	for next < len(c.text) && bytes.IndexByte([]byte(" \t\r\n"), c.text[next]) >= 0 {
		next++
	}
	if len(c.open) == 0 || !c.open[len(c.open)-1].object || next == len(c.text) || c.text[next] != ':' {
		return nil
	}
	at := &c.open[len(c.open)-1]
	key := c.text[from+1 : max(from+1, to-1)]
	if bytes.IndexByte(key, '\\') >= 0 {
		var s string
		if json.Unmarshal(c.text[from:to], &s) == nil { // what is not JSON stays as it is
			key = []byte(s)
		}
	}
	at.key = key
	if c.kind == Trace {
		return nil // its reader says which record it is
	}
	if c.kind.fixedKeys() {
		key = lower(key) // encoding/json would take either for the other
	}
	if first, twice := at.add(key, from); twice {
		return fmt.Errorf("%s: %s: the key stands twice, first %s; accepted: each key once", c.place(from), c.path(), c.where(first))
	}
	return nil
}

// lower returns a key in small letters, mostly the key itself.
func lower(key []byte) []byte {
	for _, c := range key {
		if 'A' <= c && c <= 'Z' || c >= 0x80 {
			return bytes.ToLower(key)
		}
	}
	return key
}

// fixedKeys reports whether the keys of a kind are names that are written in one way, not data such as the words of a vocabulary.
func (k Kind) fixedKeys() bool {
	return k == ModelConfig || k == TokenizerConfig || k == Results || k == Plan || k == Note || k == Prompts
}

// place is where an error is: the file and, unless the text is a part of it, the line and the column.
func (c *jsonCheck) place(at int) string {
	switch {
	case c.line > 0:
		return fmt.Sprintf("%s:%d", c.name, c.line)
	case c.kind == Header:
		return c.name
	}
	line, column := c.position(at)
	return fmt.Sprintf("%s:%d:%d", c.name, line, column)
}

// where says where the first of two keys is.
func (c *jsonCheck) where(at int) string {
	if line, column := c.position(at); c.line == 0 && c.kind != Header {
		return fmt.Sprintf("in line %d, column %d", line, column)
	}
	return fmt.Sprintf("at byte %d", at+1)
}

func (c *jsonCheck) position(at int) (line, column int) {
	before := c.text[:at]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// path names the key with the keys and the elements around it.
func (c *jsonCheck) path() string {
	var b strings.Builder
	for _, l := range c.open {
		switch {
		case !l.object:
			fmt.Fprintf(&b, "[%d]", l.count)
		case b.Len() > 0:
			b.WriteByte('.')
			fallthrough
		default:
			b.WriteString(plain(string(l.key)))
		}
	}
	return b.String()
}

// plain writes a key as it is, in quotes if it has more in it than letters and signs.
func plain(key string) string {
	if quoted := strconv.Quote(key); quoted != `"`+key+`"` || key == "" {
		return quoted
	}
	return key
}

package torch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// machine runs a pickle: a stack of values, and those that were numbered to be used again.
type machine struct {
	data  []byte
	at    int
	stack []any
	memo  map[uint64]any
	made  int // values that were put on the stack
	err   error
}

// mostMade is how many values a pickle may make: some 30 for each tensor, so that there may be far more tensors than a
// checkpoint has, and a hostile one takes some 100 MB.
const mostMade = 1 << 21

// mark is where a list of arguments begins on the stack.
type mark struct{}

// global is a name that a pickle asks for.
type global struct{ module, name string }

func (g global) String() string { return g.module + "." + g.name }

// What lists and dictionaries are while they grow. Keys of other types than strings cannot be asked for.
type (
	list   struct{ items []any }
	dict   struct{ items map[string]any }
	tuple  []any
	opaque struct{ what string } // a value that nobody needs
)

const acceptedPickle = "accepted: names with tensors, as torch.save writes model.state_dict()"

// run returns what the pickle leaves.
func run(data []byte) (any, error) {
	m := &machine{data: data, memo: map[uint64]any{}}
	for m.err == nil {
		at := m.at
		op := m.byte()
		if m.err == nil && op == '.' {
			v := m.pop()
			return v, m.err
		}
		m.step(at, op)
	}
	return nil, m.err
}

func (m *machine) fail(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf(format, args...)
	}
}

// take returns the next bytes.
func (m *machine) take(n uint64) []byte {
	if left := uint64(len(m.data) - m.at); m.err == nil && n > left {
		m.err = errors.New("ends too early; accepted: a whole file")
	}
	if m.err != nil {
		return make([]byte, min(n, 8))
	}
	m.at += int(n)
	return m.data[m.at-int(n) : m.at]
}

func (m *machine) byte() byte { return m.take(1)[0] }

// number reads an unsigned integer of up to eight bytes.
func (m *machine) number(bytes uint64) uint64 {
	var wide [8]byte
	copy(wide[:], m.take(bytes))
	return binary.LittleEndian.Uint64(wide[:])
}

// text reads a string of a length that stands before it.
func (m *machine) text(bytes uint64) string { return string(m.take(m.number(bytes))) }

// line reads up to a line feed.
func (m *machine) line() string {
	for i := m.at; i < len(m.data); i++ {
		if m.data[i] == '\n' {
			s := string(m.data[m.at:i])
			m.at = i + 1
			return s
		}
	}
	m.fail("ends too early; accepted: a whole file")
	return ""
}

func (m *machine) push(v any) {
	if m.made++; m.made > mostMade {
		m.fail("makes more than %d values; %s", mostMade, acceptedPickle)
	}
	m.stack = append(m.stack, v)
}

func (m *machine) pop() any {
	if len(m.stack) == 0 {
		m.fail("takes more values than there are; %s", acceptedPickle)
		return nil
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v
}

// top is the value that pop would return.
func (m *machine) top() any {
	v := m.pop()
	m.push(v)
	return v
}

// since takes the values above the last mark.
func (m *machine) since() []any {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if _, ok := m.stack[i].(mark); ok {
			items := append([]any{}, m.stack[i+1:]...)
			m.stack = m.stack[:i]
			return items
		}
	}
	m.fail("takes more values than there are; %s", acceptedPickle)
	return nil
}

// last takes n values as a tuple.
func (m *machine) last(n int) tuple {
	t := make(tuple, n)
	for i := n - 1; i >= 0; i-- {
		t[i] = m.pop()
	}
	return t
}

// step does one instruction (Lib/pickletools.py of CPython).
func (m *machine) step(at int, op byte) {
	switch op {
	case 0x80: // PROTO
		if v := m.byte(); v > 5 {
			m.fail("protocol %d of pickle is not read; %s", v, acceptedPickle)
		}
	case 0x95: // FRAME
		m.take(8)
	case '(':
		m.push(mark{})
	case 'N', 0x88, 0x89: // NONE, NEWTRUE, NEWFALSE
		m.push(map[byte]any{'N': nil, 0x88: true, 0x89: false}[op])
	case 'J':
		m.push(int64(int32(m.number(4))))
	case 'K':
		m.push(int64(m.number(1)))
	case 'M':
		m.push(int64(m.number(2)))
	case 0x8a: // LONG1
		m.push(m.long())
	case 'G':
		m.push(math.Float64frombits(binary.BigEndian.Uint64(m.take(8))))
	case 'X', 'T':
		m.push(m.text(4))
	case 'U', 0x8c: // SHORT_BINSTRING, SHORT_BINUNICODE
		m.push(m.text(1))
	case 'q', 'r', 'h', 'j', 0x94:
		m.memory(op)
	case ')', 't', 0x85, 0x86, 0x87, ']', '}', 'a', 'e', 's', 'u':
		m.container(op)
	case 'c':
		m.push(m.global(m.line(), m.line()))
	case 0x93: // STACK_GLOBAL
		names := m.last(2)
		module, _ := names[0].(string)
		name, _ := names[1].(string)
		m.push(m.global(module, name))
	case 'Q':
		m.push(m.storage(m.pop()))
	case 'R', 0x81: // REDUCE, NEWOBJ
		arguments, _ := m.pop().(tuple)
		m.push(m.call(m.pop(), arguments))
	case 'b': // BUILD: attributes of the value below, such as the versions of modules in _metadata
		m.pop()
	default:
		m.fail("byte %d: the instruction %#02x is not done; %s", at, op, acceptedPickle)
	}
}

// long reads an integer of a length of its own.
func (m *machine) long() any {
	n := uint64(m.byte())
	if n > 8 {
		m.take(n)
		return opaque{"a long integer"}
	}
	v := m.number(n)
	if n > 0 && n < 8 && v>>(8*n-1) != 0 {
		v |= math.MaxUint64 << (8 * n)
	}
	return int64(v)
}

// memory numbers a value, or takes one by its number.
func (m *machine) memory(op byte) {
	switch op {
	case 0x94: // MEMOIZE
		m.memo[uint64(len(m.memo))] = m.top()
	case 'q':
		m.memo[m.number(1)] = m.top()
	case 'r':
		m.memo[m.number(4)] = m.top()
	default:
		n := m.number(map[byte]uint64{'h': 1, 'j': 4}[op])
		v, ok := m.memo[n]
		if !ok {
			m.fail("takes value %d, which there is not; %s", n, acceptedPickle)
		}
		m.push(v)
	}
}

// container makes and fills tuples, lists and dictionaries.
func (m *machine) container(op byte) {
	switch op {
	case ')':
		m.push(tuple{})
	case 't':
		m.push(tuple(m.since()))
	case 0x85, 0x86, 0x87: // TUPLE1 to TUPLE3
		m.push(m.last(int(op) - 0x84))
	case ']':
		m.push(&list{})
	case '}':
		m.push(&dict{map[string]any{}})
	case 'a', 'e':
		items := []any{}
		if op == 'a' {
			items = append(items, m.pop())
		} else {
			items = m.since()
		}
		if l, ok := m.top().(*list); ok {
			l.items = append(l.items, items...)
		}
	case 's':
		m.set(m.last(2))
	case 'u':
		m.set(m.since())
	}
}

// set puts keys with their values into the dictionary below.
func (m *machine) set(items []any) {
	d, ok := m.top().(*dict)
	if !ok || len(items)%2 != 0 {
		m.fail("puts values into what is no dictionary; %s", acceptedPickle)
		return
	}
	for i := 0; i < len(items); i += 2 {
		if key, ok := items[i].(string); ok {
			d.items[key] = items[i+1]
		}
	}
}

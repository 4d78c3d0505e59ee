package dram

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// Learnt is what Systems have learnt for speed. Those that share one must be used from one goroutine. Channels that behave
// alike share a memo, of whichever System they are: neither the number of channels nor how addresses are spread over
// them matters to a channel. What is shared never changes a result, as what is kept from one transfer to the next does not.
type Learnt struct {
	memos []*memo // used last: last
	bytes int     // of all memos
	limit int     // 0: memoLimit
}

// Bounds of what is not forgotten to make room: memos, which have some 300 KiB each before they have learnt anything, and the
// numbers that one has given to shapes and bounds.
const (
	mostMemos   = 64
	mostNumbers = 1 << 16
)

// New builds the channels, which begin with what others have learnt.
func (l *Learnt) New(o Options) (*System, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if o.Mapping == "" {
		o.Mapping = spec.DefaultMapping(o.Standard, max(o.Channels, 1))
	}
	m, err := spec.ParseMapping(o.Mapping, o.Standard, o.Channels, o.BankHash)
	if err != nil {
		return nil, err
	}
	c, err := controller.New(o.Standard, o.Refresh, o.Postpone)
	if err != nil {
		return nil, err
	}
	first := newPort(c, o.rules(), m)
	s := &System{options: o, mapping: m, ways: m.Interleaves(o.Channels), known: make([]known, o.Channels)}
	if o.Exact {
		s.power = func() lane { return steppedLane{first.clone()} }
	} else {
		learnt := l.memo(&o, m, first)
		s.power = func() lane {
			learnt.use()
			return newMemoLane(learnt, m)
		}
	}
	s.Reset()
	return s, nil
}

// memo is that of a channel's kind; a port at power-on is there to make it from.
func (l *Learnt) memo(o *Options, m *spec.Mapping, first *port) *memo {
	kind := kindOf(o, m)
	if i := slices.IndexFunc(l.memos, func(m *memo) bool { return m.kind == kind }); i >= 0 {
		if known := l.memos[i]; len(known.shapes)+len(known.bounds) < mostNumbers {
			return known
		}
		l.release(l.memos[i])
	}
	n := newMemo(first)
	n.kind, n.perBurst, n.shelf = kind, leastClocks(o.Standard), l
	l.memos = append(l.memos, n)
	if len(l.memos) > mostMemos {
		l.release(l.memos[0])
	}
	return n
}

// kindOf writes all that a channel's behaviour depends on, in clocks: options other than these, and all of a standard but
// what it is called, costs and measures time by.
func kindOf(o *Options, m *spec.Mapping) string {
	s := *o.Standard
	s.Name, s.Source, s.Comments, s.Energy, s.TCK = "", "", nil, spec.Energy{}, 0
	return fmt.Sprintf("%+v %+v %s %d %d", s, o.rules(), m.ChannelKey(), o.Refresh, o.Postpone)
}

// use says that a memo is in use.
func (m *memo) use() {
	of := m.shelf.memos
	if i := slices.Index(of, m); i >= 0 && i < len(of)-1 {
		copy(of[i:], of[i+1:])
		of[len(of)-1] = m
	}
}

// release gives a memo to the Systems that still have it.
func (l *Learnt) release(m *memo) {
	l.memos = slices.DeleteFunc(l.memos, func(x *memo) bool { return x == m })
	l.bytes -= m.bytes
	m.shelf = &Learnt{memos: []*memo{m}, bytes: m.bytes, limit: l.limit}
}

// makeRoom forgets what has not been used for longest, before something is added to m.
func (l *Learnt) makeRoom(m *memo) {
	limit := l.limit
	if limit == 0 {
		limit = memoLimit
	}
	for l.bytes > limit {
		if oldest := l.memos[0]; oldest != m {
			l.release(oldest)
			continue
		}
		m.forget()
	}
}

// grow accounts for what m has learnt.
func (m *memo) grow(bytes int) {
	m.bytes += bytes
	m.shelf.bytes += bytes
}

// forget empties a memo.
func (m *memo) forget() {
	m.generation++
	m.grow(-m.bytes)
	clear(m.nodes)
}

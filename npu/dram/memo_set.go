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
type MemoSet struct {
	memos []*memo // used last: last
	bytes int     // of all memos
	limit int     // 0: memoLimit
}

// Bounds of what is not forgotten to make room: memos, which have some 300 KiB each before they have learnt anything, and the
// numbers that one has given to shapes and bounds.
const (
	maxMemos   = 64
	maxNumbers = 1 << 16
)

// New builds the channels, which begin with what others have learnt.
func (l *MemoSet) New(o Options) (*System, error) {
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
	s := &System{options: o, mapping: m, interleaves: m.Interleaves(o.Channels), lastShares: make([]lastShare, o.Channels)}
	if o.Exact {
		s.powerOn = func() channel { return steppedChannel{first.clone()} }
	} else {
		learnt := l.lookup(&o, m, first)
		s.powerOn = func() channel {
			learnt.touch()
			return newMemoChannel(learnt, m)
		}
	}
	s.Reset()
	return s, nil
}

// memo is that of a channel's kind; a port at power-on is there to make it from.
func (l *MemoSet) lookup(o *Options, m *spec.Mapping, first *port) *memo {
	kind := memoKey(o, m)
	if i := slices.IndexFunc(l.memos, func(m *memo) bool { return m.key == kind }); i >= 0 {
		if known := l.memos[i]; len(known.shapes)+len(known.bounds) < maxNumbers {
			return known
		}
		l.detach(l.memos[i])
	}
	n := newMemo(first)
	n.key, n.burstClocks, n.set = kind, leastClocks(o.Standard), l
	l.memos = append(l.memos, n)
	if len(l.memos) > maxMemos {
		l.detach(l.memos[0])
	}
	return n
}

// kindOf writes all that a channel's behaviour depends on, in clocks: options other than these, and all of a standard but
// what it is called, costs and measures time by.
func memoKey(o *Options, m *spec.Mapping) string {
	s := *o.Standard
	s.Name, s.Source, s.Comments, s.Energy, s.TCK = "", "", nil, spec.Energy{}, 0
	return fmt.Sprintf("%+v %+v %s %d %d", s, o.rules(), m.ChannelKey(), o.Refresh, o.Postpone)
}

// use says that a memo is in use.
func (m *memo) touch() {
	of := m.set.memos
	if i := slices.Index(of, m); i >= 0 && i < len(of)-1 {
		copy(of[i:], of[i+1:])
		of[len(of)-1] = m
	}
}

// release gives a memo to the Systems that still have it.
func (l *MemoSet) detach(m *memo) {
	l.memos = slices.DeleteFunc(l.memos, func(x *memo) bool { return x == m })
	l.bytes -= m.bytes
	m.set = &MemoSet{memos: []*memo{m}, bytes: m.bytes, limit: l.limit}
}

// makeRoom forgets what has not been used for longest, before something is added to m.
func (l *MemoSet) evict(m *memo) {
	limit := l.limit
	if limit == 0 {
		limit = memoLimit
	}
	for l.bytes > limit {
		if oldest := l.memos[0]; oldest != m {
			l.detach(oldest)
			continue
		}
		m.forget()
	}
}

// grow accounts for what m has learnt.
func (m *memo) account(bytes int) {
	m.bytes += bytes
	m.set.bytes += bytes
}

// forget empties a memo.
func (m *memo) forget() {
	m.generation++
	m.account(-m.bytes)
	clear(m.states)
}

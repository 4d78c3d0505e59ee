package dram

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// MemoSet is what Systems remember for speed. Systems that share a set must be used from one goroutine. Channels that
// behave alike share a memo, whichever System they belong to: neither the number of channels nor how addresses are
// spread over them matters to a single channel. Sharing a memo never changes a result, just as keeping one between
// transfers never does. The zero value is an empty set.
type MemoSet struct {
	memos []*memo // least recently used first
	bytes int     // of all memos
	limit int     // 0: memoLimit
}

// Bounds on what the memory limit does not count: memos, each of which takes some 300 KiB when empty, and the shapes
// and bounds that one memo has numbered.
const (
	maxMemos   = 64
	maxNumbers = 1 << 16
)

// New builds a System whose channels start with what the set remembers. It fails on options that contradict each other
// or the standard.
func (set *MemoSet) New(o Options) (*System, error) {
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
	c, err := controller.New(o.Standard, o.Control)
	if err != nil {
		return nil, err
	}
	background, err := o.newPattern(m)
	if err != nil {
		return nil, err
	}
	first := newPort(c, o.rules(), m)
	first.serveBackground(background)
	s := &System{options: o, masks: o.Masks && o.Standard.HasMaskedWrites(), mapping: m, interleaves: m.Interleaves(o.Channels), lastShares: make([]lastShare, o.Channels)}
	switch {
	case o.Recorder != nil:
		s.powerOn = func(number int) channel {
			p := newPort(o.Recorder.Tap(number, c.Clone()), o.rules(), m)
			p.serveBackground(background)
			return steppedChannel{p}
		}
	case o.Exact:
		s.powerOn = func(int) channel { return steppedChannel{first.clone()} }
	default:
		memo := set.lookup(&o, m, first)
		s.powerOn = func(int) channel {
			memo.touch()
			return newMemoChannel(memo, m)
		}
	}
	s.Reset()
	return s, nil
}

// lookup returns the memo of a kind of channel. If there is none it makes one, with first as the port that steps.
func (set *MemoSet) lookup(o *Options, m *spec.Mapping, first *port) *memo {
	key := memoKey(o, m) + first.agent.key(&o.Background)
	if i := slices.IndexFunc(set.memos, func(m *memo) bool { return m.key == key }); i >= 0 {
		if old := set.memos[i]; len(old.shapes)+len(old.bounds) < maxNumbers {
			return old
		}
		set.detach(set.memos[i])
	}
	n := newMemo(first)
	n.key, n.burstClocks, n.set = key, leastClocks(o.Standard), set
	set.memos = append(set.memos, n)
	if len(set.memos) > maxMemos {
		set.detach(set.memos[0])
	}
	return n
}

// memoKey returns the memo's key: every option, and every timing in clocks, that affects a channel. It leaves out the
// standard's name, source, energy and clock period.
func memoKey(o *Options, m *spec.Mapping) string {
	s := *o.Standard
	s.Name, s.Source, s.Comments, s.Energy, s.TCK = "", "", nil, spec.Energy{}, 0
	return fmt.Sprintf("%+v %+v %s %+v", s, o.rules(), m.ChannelKey(), o.Control)
}

// touch makes m the most recently used memo of its set.
func (m *memo) touch() {
	all := m.set.memos
	if i := slices.Index(all, m); i >= 0 && i < len(all)-1 {
		copy(all[i:], all[i+1:])
		all[len(all)-1] = m
	}
}

// detach removes a memo from the set. Systems that use it keep it, in a set of its own.
func (set *MemoSet) detach(m *memo) {
	set.memos = slices.DeleteFunc(set.memos, func(x *memo) bool { return x == m })
	set.bytes -= m.bytes
	m.set = &MemoSet{memos: []*memo{m}, bytes: m.bytes, limit: set.limit}
}

// evict keeps the set below its limit, least recently used memos first, before something is added to m.
func (set *MemoSet) evict(m *memo) {
	limit := set.limit
	if limit == 0 {
		limit = memoLimit
	}
	for set.bytes > limit {
		if oldest := set.memos[0]; oldest != m {
			set.detach(oldest)
			continue
		}
		m.forget()
	}
}

// account adds to the size of m.
func (m *memo) account(bytes int) {
	m.bytes += bytes
	m.set.bytes += bytes
}

// forget empties m.
func (m *memo) forget() {
	m.generation++
	m.account(-m.bytes)
	clear(m.states)
}

package commands

import (
	"cmp"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// None stands for a part of an address that a command does not have: the row of a REF, the bank of a PREA.
const None = -1

// Kind says what a command is for.
type Kind int8

// The kinds, numbered as Ramulator does.
const (
	Maintenance Kind = -1
	Read        Kind = 0
	Write       Kind = 1
)

// Command is a command that a channel issued. Numbers are those within the level above, from 0; None where a command is
// not of one: REF and PREA are of a rank. A command that serves a burst has the whole address of that burst, so that
// the row of a PRE is the row that is wanted, not the one that is closed.
type Command struct {
	Clock   int64 // of the controller
	Channel int
	Command controller.Command
	Refresh spec.Refresh // of a REF: of which banks. Bank is the first of them; of SameBank it is that of every group
	Rank    int          // HBM: pseudo channel
	Stack   int          // stack identifier; None: the standard has none
	Group   int
	Bank    int
	Row     int64
	Column  int64 // in bursts
	Kind    Kind
}

// Recorder collects the commands of all channels.
type Recorder struct {
	standard *spec.Standard
	refresh  spec.Refresh
	most     int64
	emit     func(*Command) error

	channels [][]Command // by channel: not in the trace yet, by clock
	ready    []Command   // scratch of Flush
	count    int64
	last     int64
	cut      bool
	err      error
}

// NewRecorder returns a recorder for channels of a standard with a refresh policy. It hands commands to emit by clock,
// then channel, and no more than so many; 0: all. The first error of emit ends the recording, and is that of Flush.
func NewRecorder(s *spec.Standard, refresh spec.Refresh, most int64, emit func(*Command) error) *Recorder {
	return &Recorder{standard: s, refresh: refresh, most: most, emit: emit}
}

// Count returns how many commands were handed on.
func (r *Recorder) Count() int64 { return r.count }

// Last returns the clock of the last command that was handed on; 0: none.
func (r *Recorder) Last() int64 { return r.last }

// Cut reports whether more commands came than the recorder takes.
func (r *Recorder) Cut() bool { return r.cut }

// Reset forgets everything: the channels are at power-on.
func (r *Recorder) Reset() {
	r.channels, r.count, r.last, r.cut, r.err = nil, 0, 0, false, nil
}

// Err returns the first error of emit.
func (r *Recorder) Err() error { return r.err }

// over reports whether nothing more is taken.
func (r *Recorder) over() bool { return r.cut || r.err != nil }

// Flush hands on the commands up to a clock, which no channel will issue any more.
func (r *Recorder) Flush(clock int64) error {
	r.ready = r.ready[:0]
	for i := range r.channels {
		q := r.channels[i]
		n := 0
		for n < len(q) && q[n].Clock <= clock {
			n++
		}
		r.ready = append(r.ready, q[:n]...)
		r.channels[i] = slices.Delete(q, 0, n)
	}
	slices.SortStableFunc(r.ready, func(a, b Command) int {
		return cmp.Or(cmp.Compare(a.Clock, b.Clock), cmp.Compare(a.Channel, b.Channel))
	})
	for i := range r.ready {
		if r.most > 0 && r.count == r.most {
			r.cut = true
		}
		if r.over() {
			break
		}
		r.err = r.emit(&r.ready[i])
		r.count++
		r.last = r.ready[i].Clock
	}
	return r.err
}

// Tap returns a controller that does what c does, and is recorded as a channel.
func (r *Recorder) Tap(channel int, c controller.Controller) controller.Controller {
	for len(r.channels) <= channel {
		r.channels = append(r.channels, nil)
	}
	t := &tap{Controller: c, status: c.View()}
	t.status.Trace = func(cmd controller.Command, bank int, clock int64) {
		if !r.over() {
			r.channels[channel] = append(r.channels[channel], r.command(t, channel, cmd, bank, clock))
		}
	}
	return t
}

// command is one that a tapped controller issues now. PREA and all-bank REF are of the rank, or pseudo channel, whose
// number is given for the bank.
func (r *Recorder) command(t *tap, channel int, cmd controller.Command, number int, clock int64) Command {
	s, name := r.standard, cmd.String()
	c := Command{Clock: clock, Channel: channel, Command: cmd, Stack: None, Group: None, Bank: None, Row: None, Column: None,
		Kind: Maintenance}
	if name == "REF" {
		c.Refresh = r.refresh
	}
	if name == "PREA" || name == "REF" && !r.refresh.ByBank() {
		c.Rank = number
		return c
	}
	group, stacks := number/s.Banks, max(s.Stacks, 1)
	c.Bank, c.Group = number%s.Banks, group%s.Groups
	c.Rank = group / s.Groups / stacks
	if s.Stacks > 0 {
		c.Stack = group / s.Groups % stacks
	}
	if name == "PREsb" || c.Refresh == spec.SameBank {
		c.Group = None
	}
	if of := t.status.For; of.Burst {
		c.Row, c.Column, c.Kind = of.Row, int64(t.bursts[of.Tag].column), Read
		if of.Write {
			c.Kind = Write
		}
		if apart := c.Row - controller.ApartRow; apart >= 0 { // of other agents: the part's last rows, downwards
			c.Row = int64(s.Rows) - 1 - apart%int64(s.Rows)
		}
	}
	return c
}

// tap is a controller whose bursts carry tags of the tap's own, so that it knows the column of each.
type tap struct {
	controller.Controller
	status *controller.Status // the controller's own
	bursts []burst            // by own tag
	free   []uint32           // own tags that no burst inside has
}

// burst is a burst inside the controller.
type burst struct {
	tag    uint32 // that it was offered with
	column uint32
}

// Offer offers a burst.
func (t *tap) Offer(p spec.Place, write bool, tag uint32) bool {
	return t.take(p, tag, func(own uint32) bool { return t.Controller.Offer(p, write, own) })
}

// OfferMasked offers a write of part of a burst.
func (t *tap) OfferMasked(p spec.Place, tag uint32) bool {
	return t.take(p, tag, func(own uint32) bool { return t.Controller.OfferMasked(p, own) })
}

// take offers a burst under a tag of its own.
func (t *tap) take(p spec.Place, tag uint32, offer func(own uint32) bool) bool {
	if len(t.free) == 0 {
		t.free = append(t.free, uint32(len(t.bursts)))
		t.bursts = append(t.bursts, burst{})
	}
	own := t.free[len(t.free)-1]
	t.bursts[own] = burst{tag, p.Column}
	if !offer(own) {
		return false
	}
	t.free = t.free[:len(t.free)-1]
	return true
}

// Tick ticks, and hands the burst that was served its own tag back.
func (t *tap) Tick() controller.Outcome {
	outcome := t.Controller.Tick()
	if outcome == controller.ColumnIssued {
		own := t.status.Issued.Tag
		t.status.Issued.Tag = t.bursts[own].tag
		t.free = append(t.free, own)
	}
	return outcome
}

// Clone returns a copy that is not recorded.
func (t *tap) Clone() controller.Controller {
	c := t.Controller.Clone()
	c.View().Trace = nil
	return &tap{Controller: c, status: c.View(), bursts: slices.Clone(t.bursts), free: slices.Clone(t.free)}
}

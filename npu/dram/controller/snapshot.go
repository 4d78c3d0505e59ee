package controller

import "github.com/pmpdsim/pmpdsim/npu/dram/spec"

// A snapshot is a channel's state without when, where and for whom it is: clocks count from now, rows are codes, tags
// are ranks among the walks inside, and the time to the next refresh is left out. The controller is a deterministic
// function of its state, compares clocks only with clocks, and rows only for equality. So equal walks lead from equal
// snapshots to equal snapshots, as long as no refresh falls due, or if one falls due after equal times.
//
// A snapshot is a string of varints, written and read by the same code.

// MaxQueues is how many requesters a channel can serve in turn.
const MaxQueues = 4

// RowRange is the rows [Low, High) that the walk of a queue may visit. They count from Base, the first row of the
// granule that holds the walk's next burst (spec.Mapping.Rows).
type RowRange struct {
	Active          bool // the queue has a walk under way
	Base, Low, High int64
}

// RowCoder gives codes to rows. A row that the walk of queue q may visit counts from that walk's Base, and its code
// ends in q+1. Any other row is numbered by first appearance, and its code ends in 0: no walk under way visits it. A
// row that several walks may visit has the code of the first of their queues; EachOverlap then tells how far apart the
// walks are.
type RowCoder struct {
	Ranges    [MaxQueues]RowRange // by queue
	Unvisited []int64             // rows that no walk under way visits, by number
}

const (
	codeBits  = 3 // of the queue
	codeMask  = 1<<codeBits - 1
	apartCode = MaxQueues + 1
)

// ApartRow is the first of the rows that no walk visits: those of other agents, whose places do not depend on a walk's.
// Their codes count from it, and end in MaxQueues+1.
const ApartRow = int64(1) << 40

// Encode returns the code of a row. An unvisited row that is new gets a number.
func (n *RowCoder) Encode(row int64) int64 {
	for q := range n.Ranges {
		if s := &n.Ranges[q]; s.Active && row >= s.Low && row < s.High {
			return (row-s.Base)<<codeBits | int64(q+1)
		}
	}
	if row >= ApartRow {
		return (row-ApartRow)<<codeBits | apartCode
	}
	for i, f := range n.Unvisited {
		if f == row {
			return int64(i) << codeBits
		}
	}
	n.Unvisited = append(n.Unvisited, row)
	return int64(len(n.Unvisited)-1) << codeBits
}

// Decode is the inverse of Encode.
func (n *RowCoder) Decode(code int64) int64 {
	if q := code & codeMask; q == apartCode {
		return ApartRow + code>>codeBits
	} else if q > 0 {
		return n.Ranges[q-1].Base + code>>codeBits
	}
	return n.Unvisited[code>>codeBits]
}

// EachOverlap calls f on each pair of ranges that share rows, with the pair's number.
func (n *RowCoder) EachOverlap(f func(pair int64, a, b *RowRange)) {
	for i := range n.Ranges {
		for j := i + 1; j < len(n.Ranges); j++ {
			if a, b := &n.Ranges[i], &n.Ranges[j]; a.Active && b.Active && a.Low < b.High && b.Low < a.High {
				f(int64(i*MaxQueues+j), a, b)
			}
		}
	}
}

// Snapshot writes or reads the state of the controller.
func (c *singleBus) Snapshot(k *Codec) {
	s := &c.state
	if k.Reading {
		*s = state{}
		c.allHits = [2]bool{}
	} else {
		k.arrivals(s.eachRequest)
	}
	for _, q := range []*queue{&s.read, &s.write, &s.active} {
		k.Int64(&q.n)
		for i := range q.r[:q.n] {
			k.request(&q.r[i], c)
		}
	}
	for _, v := range []*int64{&s.pending, &s.dues, &s.catchingUp, &s.draining, &s.lastWrite, &s.synced} {
		k.Int64(v)
	}
	if s.pending == 1 {
		k.request(&s.acting, c)
		k.Until(&s.deadline)
	}
	if s.synced == 1 {
		k.Int64(&s.syncList)
		k.Int64(&s.syncItem)
	}
	if s.dues > 0 {
		k.Int64(&c.NextUnit)
	}
	if c.gaps.severalClocks {
		k.timer(&s.bus)
	}
	for i := range s.rank[:c.ranks] {
		c.snapshotRank(k, &s.rank[i])
	}
	for i := range s.group[:c.banks>>c.bankBits] {
		g := &s.group[i]
		for _, v := range []*int64{&g.read, &g.write, &g.act} {
			k.timer(v)
		}
		if c.masks {
			k.timer(&c.maskedGroup[i])
		}
	}
	for i := range s.bank[:c.banks] {
		c.snapshotBank(k, &s.bank[i])
		if c.page != spec.OpenPage {
			k.timer(&s.written[i])
		}
		if c.masks {
			k.timer(&s.maskedBank[i])
		}
	}
}

func (c *singleBus) snapshotRank(k *Codec, r *rankState) {
	for _, v := range []*int64{&r.read, &r.write, &r.act, &r.pre, &r.wckOff} {
		k.timer(v)
	}
	k.window(&r.acts, &r.oldest, c.timing.TFAW)
	k.Int64(&r.opened)
	k.Int64(&r.columns)
	switch {
	case c.interval == Never:
		r.preAll, r.refreshAll, r.refreshBank = 0, 0, 0
	case c.perBank:
		k.timer(&r.refreshBank)
	default:
		k.timer(&r.preAll)
		k.timer(&r.refreshAll)
	}
}

func (c *singleBus) snapshotBank(k *Codec, b *bank) {
	word := b.status | b.conflict<<2 | b.waiting<<3
	k.Int64(&word)
	if k.Reading {
		b.status, b.conflict, b.waiting = word&3, word>>2&1, word>>3
	}
	if b.status == open {
		k.row(&b.row)
	}
	k.timer(&b.act)
	k.timer(&b.column)
	k.timer(&b.pre)
	if c.perBank {
		k.timer(&b.refresh)
	}
}

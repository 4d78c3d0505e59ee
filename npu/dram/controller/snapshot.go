package controller

// A frame is a channel's state freed from when, where and for whom it is: clocks count from now, rows are codes, tags are
// ranks among the walks inside, and the time to the next refresh is left out. The controller is a deterministic function
// of its state, compares clocks only with clocks, and rows only for equality: from equal frames, equal walks lead to equal
// frames, as long as no refresh falls due; and if one does, after equal times to it.
//
// A frame is text: varints, written and read by the same code.

// maxQueues is how many requesters a channel can serve at a time.
const MaxQueues = 4

// span is where the walk of a queue may lie: rows that it may visit, and the row base of its position.
type RowRange struct {
	Active          bool
	Base, Low, High int64
}

// rowCoder gives codes to rows: a row that the walk of queue q may visit counts from the base of that walk's position, and
// its code ends in q+1; any other row is numbered by first appearance, and its code ends in 0. Such foreign rows are never
// visited by the walks under way. Where two walks may visit a row, the first queue's code counts: the distance of their
// bases is then part of the frame (overlaps).
type RowCoder struct {
	Ranges    [MaxQueues]RowRange
	Unvisited []int64
}

const (
	codeBits = 3 // of the queue
	codeMask = 1<<codeBits - 1
)

func (n *RowCoder) Encode(row int64) int64 {
	for q := range n.Ranges {
		if s := &n.Ranges[q]; s.Active && row >= s.Low && row < s.High {
			return (row-s.Base)<<codeBits | int64(q+1)
		}
	}
	for i, f := range n.Unvisited {
		if f == row {
			return int64(i) << codeBits
		}
	}
	n.Unvisited = append(n.Unvisited, row)
	return int64(len(n.Unvisited)-1) << codeBits
}

// decode is the inverse of code.
func (n *RowCoder) Decode(code int64) int64 {
	if q := code & codeMask; q > 0 {
		return n.Ranges[q-1].Base + code>>codeBits
	}
	return n.Unvisited[code>>codeBits]
}

// overlaps calls f on each pair of spans that share rows. Pairs are numbered.
func (n *RowCoder) EachOverlap(f func(pair int64, a, b *RowRange)) {
	for i := range n.Ranges {
		for j := i + 1; j < len(n.Ranges); j++ {
			if a, b := &n.Ranges[i], &n.Ranges[j]; a.Active && b.Active && a.Low < b.High && b.Low < a.High {
				f(int64(i*MaxQueues+j), a, b)
			}
		}
	}
}

// code shows the state of a bus controller.
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
	for _, v := range []*int64{&s.pending, &s.dues, &s.catching, &s.draining, &s.lastWrite, &s.synced} {
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
	for i := range s.rank[:c.ranks] {
		c.snapshotRank(k, &s.rank[i])
	}
	for i := range s.group[:c.banks>>c.bankBits] {
		g := &s.group[i]
		for _, v := range []*int64{&g.read, &g.write, &g.act} {
			k.timer(v)
		}
	}
	for i := range s.bank[:c.banks] {
		c.snapshotBank(k, &s.bank[i])
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

package dram

import (
	"encoding/binary"
	"slices"
)

// codec writes what it is shown into a frame, or reads it back in the same order.
type codec struct {
	text    []byte
	reading bool
	now     int64
	names   *rowCoder
	tags    []uint32 // of the walks inside

	clocks []int64 // at which requests arrived, other than now: sorted
}

// write begins a frame.
func (k *codec) write(now int64, names *rowCoder) {
	k.text, k.reading, k.now, k.names, k.tags = k.text[:0], false, now, names, k.tags[:0]
}

// readCodec reads a frame, at clock 0.
func readCodec(text string, names *rowCoder) codec {
	return codec{text: []byte(text), reading: true, names: names}
}

func (k *codec) int64(v *int64) {
	if !k.reading {
		k.text = binary.AppendVarint(k.text, *v)
		return
	}
	if b := k.text[0]; b < 0x80 { // most values take a byte
		*v = int64(b>>1) ^ -int64(b&1)
		k.text = k.text[1:]
		return
	}
	n := 0
	*v, n = binary.Varint(k.text)
	k.text = k.text[n:]
}

func (k *codec) int(v *int) {
	w := int64(*v)
	k.int64(&w)
	*v = int(w)
}

func (k *codec) uint64(v *uint64) {
	w := int64(*v)
	k.int64(&w)
	*v = uint64(w)
}

// timer shows the earliest clock of a command. One that has run out by the next clock holds nothing back any more.
func (k *codec) timer(v *int64) {
	left := *v - k.now
	if left <= 1 {
		left = 0
	}
	k.int64(&left)
	if k.reading {
		*v = left
	}
}

// until shows a clock that is not before now.
func (k *codec) until(v *int64) {
	left := *v - k.now
	k.int64(&left)
	if k.reading {
		*v = left
	}
}

// window shows the clocks of the last four ACTs. What counts is what each leaves of the window of clocks; the oldest
// one's is in a timer already.
func (k *codec) window(acts *[4]int64, oldest *int64, clocks int64) {
	var left [4]int64
	for i := 1; i < len(acts); i++ {
		left[i] = acts[(*oldest+int64(i))&3] + clocks
		k.timer(&left[i])
	}
	if k.reading {
		for i := range acts {
			acts[i] = left[i] - clocks
		}
		*oldest = 0
	}
}

func (k *codec) row(v *int64) {
	if !k.reading {
		code := k.names.code(*v)
		k.int64(&code)
		return
	}
	var code int64
	k.int64(&code)
	*v = k.names.decode(code)
}

// arrivals notes when requests arrived, to write only their order: 0 for now, -1 for the latest clock before it, and so
// on. The controller asks only who came first. (Writes may linger in their queue for as long as reads keep coming: ages
// would never repeat.)
func (k *codec) arrivals(each func(func(r *request))) {
	k.clocks = k.clocks[:0]
	each(func(r *request) {
		if n := len(k.clocks); r.arrive != k.now && (n == 0 || k.clocks[n-1] != r.arrive) {
			k.clocks = append(k.clocks, r.arrive)
		}
	})
	slices.Sort(k.clocks)
	k.clocks = slices.Compact(k.clocks)
}

// request shows one. Its tag is a rank, its direction and place in the queue that it is in tell the rest.
func (k *codec) request(r *request, c core) {
	k.row(&r.row)
	word := int64(r.bank)<<3 | int64(r.found)<<1 | int64(r.write)
	k.int64(&word)
	var rank, order int64
	if !k.reading {
		rank = int64(k.rankOf(r.tag))
		i, _ := slices.BinarySearch(k.clocks, r.arrive)
		order = int64(i - len(k.clocks))
	}
	k.int64(&rank)
	k.int64(&order)
	since := r.since - k.now
	if word&1 == 0 {
		k.int64(&since)
	}
	if k.reading {
		*r = request{row: r.row, arrive: order, since: since, tag: uint32(rank), bank: uint8(word >> 3), write: uint8(word & 1), found: uint8(word >> 1 & 3)}
		r.group = c.groupOf(r.bank)
		if r.write == 1 {
			r.since = 0
		}
	}
}

// rankOf is the position of a walk's tag among those inside.
func (k *codec) rankOf(tag uint32) uint32 {
	for i := len(k.tags) - 1; i >= 0; i-- {
		if k.tags[i] == tag {
			return uint32(i)
		}
	}
	panic("dram: a queued burst belongs to no walk")
}

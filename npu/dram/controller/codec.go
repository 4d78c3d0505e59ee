package controller

import (
	"encoding/binary"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// Codec writes a snapshot, or reads one: the same calls in the same order do both. Every method takes a pointer to a
// value, which it writes or sets. The zero Codec writes.
type Codec struct {
	Bytes   []byte // written so far, or still to be read
	Reading bool
	Now     int64    // clock from which others are counted
	Tags    []uint32 // of the walks inside, by rank
	rows    *RowCoder

	clocks []int64 // at which requests arrived, other than now: sorted
}

// Begin begins a snapshot at clock now. It keeps the memory of the last one.
func (k *Codec) Begin(now int64, rows *RowCoder) {
	k.Bytes, k.Reading, k.Now, k.rows, k.Tags = k.Bytes[:0], false, now, rows, k.Tags[:0]
}

// NewReader returns a Codec that reads a snapshot. Its clock is 0.
func NewReader(snapshot string, rows *RowCoder) Codec {
	return Codec{Bytes: []byte(snapshot), Reading: true, rows: rows}
}

// Int64 codes a number.
func (k *Codec) Int64(v *int64) {
	if !k.Reading {
		k.Bytes = binary.AppendVarint(k.Bytes, *v)
		return
	}
	if b := k.Bytes[0]; b < 0x80 { // most values take a byte
		*v = int64(b>>1) ^ -int64(b&1)
		k.Bytes = k.Bytes[1:]
		return
	}
	n := 0
	*v, n = binary.Varint(k.Bytes)
	k.Bytes = k.Bytes[n:]
}

// Int codes a number.
func (k *Codec) Int(v *int) {
	w := int64(*v)
	k.Int64(&w)
	*v = int(w)
}

func (k *Codec) uint64(v *uint64) {
	w := int64(*v)
	k.Int64(&w)
	*v = uint64(w)
}

// timer codes the earliest clock of a command. Those up to the next clock are alike: they hold nothing back any more.
func (k *Codec) timer(v *int64) {
	left := *v - k.Now
	if left <= 1 {
		left = 0
	}
	k.Int64(&left)
	if k.Reading {
		*v = left
	}
}

// Until codes a clock that is not before now.
func (k *Codec) Until(v *int64) {
	left := *v - k.Now
	k.Int64(&left)
	if k.Reading {
		*v = left
	}
}

// window codes the clocks of the last four ACTs, as the time until each leaves the tFAW window. That of the oldest is
// in a timer already.
func (k *Codec) window(acts *[4]int64, oldest *int64, clocks int64) {
	var left [4]int64
	for i := 1; i < len(acts); i++ {
		left[i] = acts[(*oldest+int64(i))&3] + clocks
		k.timer(&left[i])
	}
	if k.Reading {
		for i := range acts {
			acts[i] = left[i] - clocks
		}
		*oldest = 0
	}
}

// row codes a row, by the RowCoder.
func (k *Codec) row(v *int64) {
	if !k.Reading {
		code := k.rows.Encode(*v)
		k.Int64(&code)
		return
	}
	var code int64
	k.Int64(&code)
	*v = k.rows.Decode(code)
}

// arrivals collects the clocks at which requests arrived, so that only their order need be written: 0 for now, -1 for
// the latest clock before it, and so on. The controller asks only which came first. (Ages would never repeat: writes
// stay in their queue for as long as reads keep coming.)
func (k *Codec) arrivals(each func(func(r *request))) {
	k.clocks = k.clocks[:0]
	each(func(r *request) {
		if n := len(k.clocks); r.arrive != k.Now && (n == 0 || k.clocks[n-1] != r.arrive) {
			k.clocks = append(k.clocks, r.arrive)
		}
	})
	slices.Sort(k.clocks)
	k.clocks = slices.Compact(k.clocks)
}

// maskShift is where the word of a request has maskedWrite: above the bank.
const maskShift = 7

// request codes a request, with the rank of its walk for its tag.
func (k *Codec) request(r *request, c Controller) {
	k.row(&r.row)
	word := int64(r.found&maskedWrite)<<maskShift | int64(r.bank)<<3 | int64(r.found&foundBits)<<1 | int64(r.write)
	k.Int64(&word)
	var rank, order int64
	if !k.Reading {
		rank = int64(k.RankOf(r.tag))
		i, _ := slices.BinarySearch(k.clocks, r.arrive)
		order = int64(i - len(k.clocks))
	}
	k.Int64(&rank)
	k.Int64(&order)
	since := r.since - k.Now
	if word&1 == 0 {
		k.Int64(&since)
	}
	if k.Reading {
		*r = request{row: r.row, arrive: order, since: since, tag: uint32(rank),
			bank: uint8(word >> 3 & (spec.MaxBanks - 1)), write: uint8(word & 1),
			found: uint8(word>>maskShift)&maskedWrite | uint8(word>>1)&foundBits}
		r.group = c.GroupOf(r.bank)
		if r.write == 1 {
			r.since = 0
		}
	}
}

// RankOf returns the rank of a walk: the index of its tag in Tags. It panics if the tag is not there.
func (k *Codec) RankOf(tag uint32) uint32 {
	for i := len(k.Tags) - 1; i >= 0; i-- {
		if k.Tags[i] == tag {
			return uint32(i)
		}
	}
	panic("dram: a queued burst belongs to no walk")
}

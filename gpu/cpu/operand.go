package cpu

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

// operand is a matrix at a width as products read it: fp32, where memory allows. Else binary16, of which rows become fp32 block
// by block; weights below 2^-14, whose exponent is not fp32's less a constant, are listed.
type operand struct {
	floats []float32 // [Out][In], arranged; nil: there are halves
	halves []uint16  // [Out][In]; nil: rows are made of planes when they are read
	from   []int32   // of each row: where its own begin in small
	small  []int32   // places in a row, as arranged
	plain  bool      // too many are small: rows become fp32 weight by weight
}

// mostSmall is the share of small weights, zeros among them, from which a list of them is no gain.
const mostSmall = 1.0 / 16

// newOperand lists the small weights.
func newOperand(m *weights.Matrix, halves []uint16) *operand {
	o := &operand{halves: halves, from: make([]int32, m.Out+1)}
	for row := range m.Out {
		for i, h := range halves[row*m.In : (row+1)*m.In] {
			if h&0x7c00 == 0 {
				o.small = append(o.small, int32(arranged(i)))
			}
		}
		o.from[row+1] = int32(len(o.small))
		if float64(len(o.small)) > mostSmall*float64(len(halves)) {
			o.plain = true
			break
		}
	}
	if o.plain {
		o.from, o.small = nil, nil
	}
	return o
}

// arranged is the place of a value among operands: the second and the third of four change places.
func arranged(i int) int { return i&^3 | i&1<<1 | i>>1&1 }

// arrange puts a vector into the order of operands.
func arrange(to, from []float32) {
	for i, v := range from {
		to[arranged(i)] = v
	}
}

// unpacked is of how many weights unpack makes operands at a time; rows have a multiple (weights.Load refuses others).
const unpacked = 8

// unpack makes fp32 of weights that are not small: sign, exponent and mantissa move to where fp32 has them, and the exponent
// grows by the difference of the biases. A word has four weights; two of them become a word.
func unpack(to []float32, from []uint16) {
	const (
		signs = 0x8000_0000_8000_0000
		rest  = 0x0fff_e000_0fff_e000 // five bits of exponent, ten of mantissa
		bias  = (127 - 15) << 23 * 0x1_0000_0001
	)
	n := len(from) / unpacked
	words := unsafe.Slice((*[2]uint64)(unsafe.Pointer(unsafe.SliceData(from))), n)
	pairs := unsafe.Slice((*[4]uint64)(unsafe.Pointer(unsafe.SliceData(to[:len(from)]))), n)[:len(words)]
	for i := range words {
		a, b, out := words[i][0], words[i][1], &pairs[i]
		out[0] = a<<16&signs | (a<<13&rest + bias) // the first and the third of four
		out[1] = a&signs | (a>>3&rest + bias)      // the second and the fourth
		out[2] = b<<16&signs | (b<<13&rest + bias)
		out[3] = b&signs | (b>>3&rest + bias)
	}
}

// reader turns rows of a matrix into operands, for one worker.
type reader struct {
	*backend
	of       *weights.Matrix
	operands map[int]*operand // by bits
	space    []float32        // of a block; nil until it is needed
	codes    []uint8
	halves   []uint16
}

// read returns a row at its bits, arranged, as one of a block that is to be read together.
func (r *reader) read(place, row, bits int) []float32 {
	o, in := r.operands[bits], r.of.In
	if o.floats != nil {
		return o.floats[row*in : (row+1)*in]
	}
	if r.space == nil {
		r.space, r.codes, r.halves = make([]float32, blockRows(in)*in), make([]uint8, in), make([]uint16, in)
	}
	to, halves := r.space[place*in:(place+1)*in], r.halves
	if o.halves == nil {
		r.of.Row(row, bits, r.codes, halves)
	} else {
		halves = o.halves[row*in : (row+1)*in]
	}
	if o.plain {
		for i, h := range halves {
			to[arranged(i)] = r.value[h]
		}
		return to
	}
	unpack(to, halves)
	for _, at := range o.small[o.from[row]:o.from[row+1]] {
		to[at] = r.value[halves[arranged(int(at))]]
	}
	return to
}

// kept holds operands of matrices by their width.
type kept struct {
	sync.Mutex
	left  int64        // bytes that more may take
	spent atomic.Int64 // time that making them took
	of    map[*weights.Matrix]map[int]*operand
}

// operands are those of the widths among bits. What a pass asks for is made once and kept as long as there is memory; like the
// loading of weights, that is no part of the time that the pass takes.
func (b *backend) operands(m *weights.Matrix, bits []int) (map[int]*operand, error) {
	b.kept.Lock()
	defer b.kept.Unlock()
	all := b.kept.of[m]
	if all == nil {
		all = map[int]*operand{}
		b.kept.of[m] = all
	}
	last := 0
	for _, n := range bits {
		if n == last || all[n] != nil {
			continue
		}
		last = n
		began := b.now()
		o, err := b.newKept(m, n)
		b.kept.spent.Add(int64(b.now() - began))
		if err != nil {
			return nil, err
		}
		all[n] = o
	}
	return all, nil
}

// newKept makes the best operand that there is memory for.
func (b *backend) newKept(m *weights.Matrix, bits int) (*operand, error) {
	count := int64(m.In) * int64(m.Out)
	each := func(work func(row int, codes []uint8, halves []uint16)) error {
		return b.share(m.Out, func(from, to int) {
			codes, halves := make([]uint8, m.In), make([]uint16, m.In)
			for row := from; row < to; row++ {
				work(row, codes, halves)
			}
		})
	}
	switch {
	case 4*count <= b.kept.left:
		b.kept.left -= 4 * count
		o := &operand{floats: make([]float32, count)}
		onHugePages(o.floats)
		return o, each(func(row int, codes []uint8, halves []uint16) {
			m.Row(row, bits, codes, halves)
			to := o.floats[row*m.In : (row+1)*m.In]
			for i, h := range halves {
				to[arranged(i)] = b.value[h]
			}
		})
	case bits == weights.Half:
		return newOperand(m, m.Half), nil
	case 2*count <= b.kept.left:
		b.kept.left -= 2 * count
		halves := make([]uint16, count)
		err := each(func(row int, codes []uint8, _ []uint16) {
			m.Row(row, bits, codes, halves[row*m.In:(row+1)*m.In])
		})
		return newOperand(m, halves), err
	}
	return &operand{plain: true}, nil
}

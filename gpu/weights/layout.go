package weights

import (
	"cmp"
	"encoding/binary"
	"math"
	"runtime"

	"github.com/x448/float16"
	"golang.org/x/sync/errgroup"
)

// lanes is how many words of a row one group has.
const lanes = 32

// nibbles has the lowest bit of each of the eight nibbles of a word.
const nibbles = 0x1111_1111

// allocate makes room for planes and codebooks.
func (m *Matrix) allocate() {
	m.Planes = make([]uint32, Planes*m.Out*m.In/lane)
	for n := MinBits; n <= Planes; n++ {
		m.Tables[n] = make([]uint16, m.Out<<n)
	}
}

// Codes unpacks a row to codes of so many bits, one per column.
func (m *Matrix) Codes(row, bits int, out []uint8) {
	words := m.In / lane
	plane := m.Out * words
	for g := 0; g < words; g += lanes {
		l := min(lanes, words-g)
		for i := range l {
			var w [Planes]uint32
			for j := range bits {
				w[j] = m.Planes[j*plane+row*words+g+i]
			}
			for k := range 4 {
				var low, high uint32 // nibbles of the codes of columns 8k to 8k+7 of this lane
				for j := range bits {
					bit := w[j] >> k & nibbles
					if b := bits - 1 - j; b < 4 {
						low |= bit << b
					} else {
						high |= bit << (b - 4)
					}
				}
				binary.LittleEndian.PutUint64(out[lane*g+8*(k*l+i):], spread(low)|spread(high)<<4)
			}
		}
	}
}

// pack puts a row of 8-bit codes, one per column, into the planes: the inverse of Codes.
func (m *Matrix) pack(row int, codes []uint8) {
	words := m.In / lane
	plane := m.Out * words
	for g := 0; g < words; g += lanes {
		l := min(lanes, words-g)
		for i := range l {
			var w [Planes]uint32
			for k := range 4 {
				c := binary.LittleEndian.Uint64(codes[lane*g+8*(k*l+i):])
				low, high := gather(c), gather(c>>4)
				for j := range 4 {
					w[j] |= (high >> (3 - j) & nibbles) << k
					w[4+j] |= (low >> (3 - j) & nibbles) << k
				}
			}
			for j, word := range w {
				m.Planes[j*plane+row*words+g+i] = word
			}
		}
	}
}

// spread puts nibble i of x into byte i.
func spread(x uint32) uint64 {
	v := uint64(x)
	v = (v | v<<16) & 0x0000_ffff_0000_ffff
	v = (v | v<<8) & 0x00ff_00ff_00ff_00ff
	return (v | v<<4) & 0x0f0f_0f0f_0f0f_0f0f
}

// gather puts the low nibble of byte i of x into nibble i.
func gather(x uint64) uint32 {
	x &= 0x0f0f_0f0f_0f0f_0f0f
	x = (x | x>>4) & 0x00ff_00ff_00ff_00ff
	x = (x | x>>8) & 0x0000_ffff_0000_ffff
	return uint32(x | x>>16)
}

// Row puts the values of a row at so many bits, or at Half, into out as binary16. Codes are used as space: In of them.
func (m *Matrix) Row(row, bits int, codes []uint8, out []uint16) {
	if bits == Half {
		copy(out, m.Half[row*m.In:(row+1)*m.In])
		return
	}
	m.Codes(row, bits, codes)
	table := m.Tables[bits][row<<bits : (row+1)<<bits]
	for i, c := range codes[:m.In] {
		out[i] = table[c]
	}
}

// Rows returns so many rows from one on, with the values, codes and biases that they have here.
func (m *Matrix) Rows(first, rows int) *Matrix {
	words := m.In / lane
	part := &Matrix{Name: m.Name, Out: rows, In: m.In, Half: m.Half[first*m.In : (first+rows)*m.In]}
	for plane := 0; plane < len(m.Planes); plane += m.Out * words {
		part.Planes = append(part.Planes, m.Planes[plane+first*words:plane+(first+rows)*words]...)
	}
	for n, table := range m.Tables {
		if table != nil {
			part.Tables[n] = table[first<<n : (first+rows)<<n]
		}
	}
	if m.Bias != nil {
		part.Bias = m.Bias[first : first+rows]
	}
	return part
}

// half rounds to binary16, by way of fp32.
func half(x float64) uint16 { return float16.Fromfloat32(float32(x)).Bits() }

// value is what a binary16 says.
func value(h uint16) float64 { return float64(float16.Frombits(h).Float32()) }

// split calls work with parts of 0…n-1, as many at a time as there are processors. What a part yields must not depend on
// where parts begin; size is what each but the last has a multiple of.
func split(n, size int, work func(from, to int) error) error {
	workers := runtime.GOMAXPROCS(0)
	part := max(1, int(math.Ceil(float64(n)/float64(size)/float64(4*workers)))) * size // four each: rows differ in effort
	var group errgroup.Group
	group.SetLimit(workers)
	errs := make([]error, (n+part-1)/part)
	for from := 0; from < n; from += part {
		group.Go(func() error {
			errs[from/part] = work(from, min(n, from+part))
			return nil
		})
	}
	_ = group.Wait()       // errors are in errs
	return cmp.Or(errs...) // that of the first part that has one, whichever ended first
}

package weights

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// Checkpoints of Any-Precision LLM (arXiv 2402.10517; SNU-ARC/any-precision-llm, quantization/pack.py), PMPD's own, have
// planes and codebooks instead of a matrix:
//
//	NAME.qweight  int32 [parent][out][in/32]   a plane for each bit of the parent's codes, the highest first
//	NAME.lut3 …   fp16 [out][1<<bits]          a codebook for each width from the seed's to the parent's
//
// A word of a plane has the bits of the columns that it has here, too (package comment), in another order: column(p) is at
// bit 31-p. Widths above the parent's repeat its codebook; one below the seed's has the means of what its codes stand for.
// The fp16 matrix is that of the parent: the original is not in the file.

// packed replaces, among the tensors that a model asks for, the matrices that the checkpoint has as planes and codebooks.
func (f *folder) packed(wanted []Tensor) ([]Tensor, error) {
	var all []Tensor
	for _, want := range wanted {
		stem, isWeight := strings.CutSuffix(want.Name, ".weight")
		planes, ok := f.tensors[stem+".qweight"]
		if _, plain := f.tensors[want.Name]; !isWeight || !ok || plain {
			all = append(all, want)
			continue
		}
		out, in := want.Shape[0], want.Shape[len(want.Shape)-1]
		if len(want.Shape) != 2 || len(planes.Shape) != 3 || planes.Shape[0] < MinBits || planes.Shape[0] > Planes || planes.Type != safetensors.I32 {
			return nil, planes.Errorf("has the shape %v of type %s; accepted: [%d to %d %d %d] of I32, the planes of Any-Precision", planes.Shape,
				planes.Type, MinBits, Planes, out, in/lane)
		}
		parent := planes.Shape[0]
		all = append(all, Tensor{planes.Name, []int{parent, out, in / lane}})
		for bits := f.seed(stem, parent); bits <= parent; bits++ {
			all = append(all, Tensor{codebook(stem, bits), []int{out, 1 << bits}})
		}
	}
	return all, nil
}

func codebook(stem string, bits int) string { return fmt.Sprintf("%s.lut%d", stem, bits) }

// seed is the smallest width of which there is a codebook; the parent's where there is none.
func (f *folder) seed(stem string, parent int) int {
	for bits := MinBits; bits < parent; bits++ {
		if _, ok := f.tensors[codebook(stem, bits)]; ok {
			return bits
		}
	}
	return parent
}

// unpack fills a matrix from planes and codebooks, if the checkpoint has it so.
func (r *reader) unpack(to *Matrix, pieces []piece) bool {
	has := func(p piece) bool { _, ok := r.tensors[p.name+".qweight"]; return ok }
	if r.err != nil || !slices.ContainsFunc(pieces, has) {
		return false
	}
	to.Half = make([]uint16, to.Out*to.In)
	to.allocate()
	first := 0
	for _, p := range pieces {
		if !has(p) || p.order != nil || p.columns || p.stacked > 0 {
			r.err = fmt.Errorf("%s: only some of its rows are planes, or in another order; accepted: all of them as Any-Precision packs them", to.Name)
			return true
		}
		r.planes(to, p, first)
		if p.bias {
			to.Bias = append(to.Bias, r.values(p.biases())...)
		}
		first += p.rows
	}
	return true
}

// planes fills the rows of one tensor, the first of which is given.
func (r *reader) planes(to *Matrix, p piece, first int) {
	t := r.tensors[p.name+".qweight"]
	parent := t.Shape[0]
	words := make([]uint32, t.Len())
	r.err = t.Pieces(0, len(words), func(at int, raw []byte) error {
		for i := range len(raw) / 4 {
			words[at+i] = binary.LittleEndian.Uint32(raw[4*i:])
		}
		return nil
	})
	seed := r.seed(p.name, parent)
	var tables [Planes + 1][]uint16
	for bits := seed; bits <= parent; bits++ {
		tables[bits] = r.values(codebook(p.name, bits))
	}
	if r.err != nil {
		return
	}
	r.err = split(p.rows, 1, func(from, end int) error {
		codes := make([]uint8, to.In)
		for row := from; row < end; row++ {
			clear(codes)
			for plane := range parent {
				at := (plane*p.rows + row) * to.In / lane
				addPlane(codes, words[at:at+to.In/lane], Planes-1-plane)
			}
			to.pack(first+row, codes)
			for n := parent; n <= Planes; n++ {
				for c := range 1 << n {
					to.Tables[n][(first+row)<<n+c] = tables[parent][row<<parent+c>>(n-parent)]
				}
			}
			for n := seed; n < parent; n++ {
				copy(to.Tables[n][(first+row)<<n:(first+row+1)<<n], tables[n][row<<n:])
			}
			to.Row(first+row, Planes, make([]uint8, to.In), to.Half[(first+row)*to.In:])
			to.below(first+row, seed, codes)
		}
		return nil
	})
}

// addPlane adds a bit to the codes of a row, whose columns come in groups as here.
func addPlane(codes []uint8, words []uint32, bit int) {
	for g := 0; g < len(words); g += lanes {
		l := min(lanes, len(words)-g)
		for i, w := range words[g : g+l] {
			for p := range lane {
				codes[lane*g+p/8*8*l+8*i+p%8] |= uint8(w>>(31-p)&1) << bit
			}
		}
	}
}

// below fills the codebooks of a row below the seed's with the means of the values of their codes.
func (m *Matrix) below(row, seed int, codes []uint8) {
	for n := MinBits; n < seed; n++ {
		sums, counts := make([]float64, 1<<n), make([]float64, 1<<n)
		for i, c := range codes {
			sums[c>>(Planes-n)] += value(m.Half[row*m.In+i])
			counts[c>>(Planes-n)]++
		}
		for c := range sums {
			if counts[c] == 0 { // no weight has it
				counts[c] = float64(int(1) << (Planes - n))
				for _, h := range m.Tables[Planes][row<<Planes+c<<(Planes-n):][:1<<(Planes-n)] {
					sums[c] += value(h)
				}
			}
			m.Tables[n][row<<n+c] = half(sums[c] / counts[c])
		}
	}
}

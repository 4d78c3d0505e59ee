//go:build cuda

package check

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/pmpdsim/pmpdsim/gpu/kernels"
)

// The products of decode round exactly, in an order that the source fixes. So a GPU and the emulator yield the same
// bits: a GPU that fails here alone is one on which something is compiled other than written.
var productsOfDecodeBitForBit = Check{Name: "golden", run: func(t reporter, r *rig) {
	if got := products(r); got != kernels.Golden {
		t.Errorf("bits differ from testdata/gemv.golden:\n%s", got)
	}
}}

// products are hashes of what products of decode yield, in the form of kernels.Golden.
func products(r *rig) string {
	var got strings.Builder
	for i, s := range productShapes {
		rng := source(uint64(100 + i))
		m, x, bias, fp16 := newPlaned(rng, s.n, s.k), normal(rng, s.k, 0, 1), normal(rng, s.n, 0, 0.5), normal(rng, s.n*s.k, 0, 0.02)
		planes, dx, db := put(r, m.planes), put(r, x), put(r, bias)
		for _, bits := range []int{2, 3, 4, 5, 6, 7, 8, 16} {
			y := poison[uint16](r, s.n)
			if bits == 16 {
				r.run(kernels.Gemv(bits, s.n, s.k), y, put(r, fp16), dx, db, nil, nil, s.n, s.k)
			} else {
				r.run(kernels.Gemv(bits, s.n, s.k), y, planes, put(r, m.tables[bits]), dx, db, nil, nil, s.n, s.k)
			}
			hash := sha256.New()
			_ = binary.Write(hash, binary.LittleEndian, get[uint16](r, y, s.n)) // never an error
			fmt.Fprintf(&got, "%dx%d %d bits %x\n", s.n, s.k, bits, hash.Sum(nil)[:8])
		}
	}
	return got.String()
}

package replay

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/pmpdsim/pmpdsim/npu/compile"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// likeness is what passes of one group have in common: their precisions, the form of their programs, and by how much the
// work of each op grows from one pass to the next.
type likeness struct {
	at, before precision.Assignment
	form       [sha256.Size]byte
	growth     [sha256.Size]byte
}

// groups sorts the decode passes of a job into groups of like ones, in the order of their first passes; in a group they rise.
// It also notes the experts that each step touches.
//
// Where the next pass has another form, growth is that from the pass before.
func (r *run) groups(ctx context.Context) (all [][]int, err error) {
	shapes := r.compiler.Shapes()
	places := map[likeness]int{}
	var before, now, next *compile.Shape
	if r.Passes() > 0 {
		next, err = r.shape(shapes, 1)
	}
	for pass := 1; pass <= r.Passes() && err == nil; pass++ {
		if err = ctx.Err(); err != nil {
			return nil, err
		}
		before, now, next = now, next, nil
		if pass < r.Passes() {
			next, err = r.shape(shapes, pass+1)
		}
		r.touched[pass] = now.Experts
		like := likeness{at: r.bits[pass-1], before: r.before(pass), form: now.Form, growth: growth(before, now, next)}
		i, known := places[like]
		if !known {
			i = len(all)
			places[like] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], pass)
	}
	return all, err
}

// shape is the shape of a decode pass.
func (r *run) shape(s compile.Shapes, pass int) (*compile.Shape, error) {
	return s.Decode(r.Prompt+pass-1, r.bits[pass-1], r.before(pass), r.asked[pass-1])
}

// growth is a hash of what each op has more to do than in a neighbour of equal form; of none where there is no such neighbour.
func growth(before, now, next *compile.Shape) [sha256.Size]byte {
	from, to := now, next
	if next == nil || next.Form != now.Form {
		from, to = before, now
	}
	if from == nil || to == nil || from.Form != to.Form {
		return [sha256.Size]byte{}
	}
	var text []byte
	for i := range to.Amounts {
		text = binary.AppendVarint(text, to.Amounts[i]-from.Amounts[i])
	}
	return sha256.Sum256(text)
}

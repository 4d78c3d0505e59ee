package replay

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/pmpdsim/pmpdsim/npu/compile"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// likeness is what passes of one group have in common: their precisions, the form of their programs, and the line on which the
// work of each op lies.
type likeness struct {
	at, before precision.Assignment
	form       [sha256.Size]byte
	line       [sha256.Size]byte
}

// groups sorts the decode passes of a job into groups of like ones, in the order of their first passes; in a group they rise.
// It also notes the experts that each step touches, and the bytes that each decode pass moves.
//
// Where the next pass has another form, the line is that through the pass before.
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
		r.moved = append(r.moved, float64(now.Bytes))
		like := likeness{at: r.bits[pass-1], before: r.before(pass), form: now.Form, line: lineOf(pass, before, now, next)}
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

// lineOf is a hash of the line on which the work of each op lies: by how much it grows from or to a neighbour of equal form, and what it would
// be at pass 0. Without such a neighbour it does not grow.
func lineOf(pass int, before, now, next *compile.Shape) [sha256.Size]byte {
	from, to := now, next
	if next == nil || next.Form != now.Form {
		from, to = before, now
	}
	if from == nil || to == nil || from.Form != to.Form {
		from, to = now, now
	}
	var text []byte
	for i := range now.Amounts {
		growth := to.Amounts[i] - from.Amounts[i]
		text = binary.AppendVarint(text, growth)
		text = binary.AppendVarint(text, now.Amounts[i]-growth*int64(pass))
	}
	return sha256.Sum256(text)
}

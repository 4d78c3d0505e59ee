package gpu

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// Launches are the ops of a decode pass as a GPU computes them: each is one kernel. Products take along the norm before them
// and what becomes of their result, and attention puts its shares together itself:
//
//	sequential:  norm+qkv+rope | attention | o+add | norm+up+act | down+add
//	parallel:    norm+qkv+rope | attention | o     | norm+up+act | down+add
//
// A norm that two products read is computed by both; it is in the name of the first.
func Launches(m *workloads.Model) []Op {
	var f launches
	for _, op := range Ops(m) {
		f.take(op)
	}
	return f.all
}

// launches are the kernels so far.
type launches struct {
	all  []Op
	norm Op // that the next product takes along
	last Op // norm that was taken last
}

func (f *launches) take(op Op) {
	switch op.Kind {
	case Normalise:
		f.normalise(op)
	case Product:
		f.product(op)
	case Rope, Activation:
		f.append(op)
		f.before().Then, f.before().Makes = op.Kind, op.Out
	case Merge:
		f.append(op)
	default:
		f.all = append(f.all, op)
	}
}

// before is the kernel that what comes now goes into.
func (f *launches) before() *Op { return &f.all[len(f.all)-1] }

// append puts the operators of an op behind those of the kernel before.
func (f *launches) append(op Op) { f.before().Name = ops.Fused(f.before().Name, ops.InLayer(op.Name)) }

// normalise leaves a norm to the product that follows, and what it adds to the residual stream to the product before.
func (f *launches) normalise(op Op) {
	members := ops.Members(ops.InLayer(op.Name))
	if op.Adds > 0 {
		b := f.before()
		b.Name, b.Then, b.Adds = ops.Fused(append([]string{b.Name}, members[:len(members)-1]...)...), Add, op.Adds
	}
	op.Name = members[len(members)-1]
	f.norm = op
}

// product takes along the norm that makes what it reads. Where halves are parallel, the products of both read the same.
func (f *launches) product(op Op) {
	norm := f.norm
	reads := []Place{PlaceQKV, PlaceUp, PlaceHead}
	switch {
	case norm.Name != "":
		name := ops.Fused(norm.Name, ops.InLayer(op.Name))
		if op.Layer >= 0 {
			name = fmt.Sprintf("L%d.%s", op.Layer, name)
		}
		op.Name, op.Norm, op.Params = name, norm.Place, norm.Params
		f.last = norm
	case slices.Contains(reads, op.Place):
		op.Norm, op.Params = f.last.Place, f.last.Params
	}
	f.norm = Op{}
	f.all = append(f.all, op)
}

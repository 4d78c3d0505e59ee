package compile

import (
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// region is an activation of every token in DRAM: rows of width fp16 values. A program that keeps activations on chip
// ignores it.
type region struct {
	base  unit.Bytes
	width int
}

func (r region) row() unit.Bytes { return fp16.Of(int64(r.width)) }

// placeActivations places what a block computes for a number of tokens, one value after the other, and returns where they
// end. Values that are never there at the same time share a region.
func placeActivations(m *workloads.Model, tokens int, at, stripe unit.Bytes) (map[ops.Value]region, unit.Bytes) {
	all := map[ops.Value]region{}
	place := func(width int, values ...ops.Value) {
		r := region{at, width}
		at += roundUp(r.row()*unit.Bytes(tokens), stripe)
		for _, v := range values {
			all[v] = r
		}
	}
	q, kv := m.Heads*m.HeadDim, m.KVWidth()
	inner, outer := ops.Up, ops.Gate
	if !m.GatedMLP {
		inner, outer = ops.Hidden, ops.Up
	}
	place(m.Hidden, ops.Stream)
	place(m.Hidden, ops.Normed)
	place(q, ops.Q)
	if l := m.Latent; l != nil { // a prompt has keys and values, a decode pass absorbs
		place(l.QRank, ops.QLatent)
		place(l.Width(), ops.Latent)
		place(m.Heads*max(l.NopeDim, l.Width()), ops.K, ops.Absorbed)
		place(m.Heads*max(l.ValueDim, l.KVRank), ops.V, ops.Gathered)
		place(max(m.Heads*l.ValueDim, m.Hidden), ops.Attended, ops.Attention)
	} else {
		place(kv, ops.K)
		place(kv, ops.V)
		place(max(q, m.Hidden), ops.Attended, ops.Attention)
	}
	wide := ffnWidth(m)
	place(max(wide, m.Hidden), outer, ops.MLP)
	place(wide, inner, ops.Hidden)
	if e := m.Experts; e != nil {
		place(e.Count, ops.Routing)
		place(e.PerToken*m.Hidden, ops.Experts)
		if e.Shared > 0 {
			place(m.Hidden, ops.SharedOut)
			place(1, ops.SharedBy)
		}
	}
	return all, at
}

// rows slices a region into tiles of n rows, the last one shorter.
func rows(d isa.Data, r region, n, last, tiles int) isa.Slice {
	step := r.row() * unit.Bytes(n)
	return isa.Slice{Data: d, Step: step, Tile: isa.Contiguous(r.base, step),
		Last: isa.Contiguous(r.base+step*unit.Bytes(tiles-1), r.row()*unit.Bytes(last))}
}

// oneTile slices n bytes into a single tile.
func oneTile(d isa.Data, base, n unit.Bytes) isa.Slice {
	p := isa.Contiguous(base, n)
	return isa.Slice{Data: d, Tile: p, Last: p}
}

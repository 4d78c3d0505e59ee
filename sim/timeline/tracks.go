package timeline

import (
	"cmp"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/activity"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// partNames are the names of the tracks of each part; where parts are classed, the class of data is appended.
var partNames = [activity.PartCount]string{
	"", "Decode", "Array", "Vector", "Loads", "Stores", "Exchanges", "Transfers", "Link waits",
}

// Ranks of the tracks of a core: parts in their order, with a rank for each class of data.
const (
	partRank  = 100
	classRank = int(isa.DataCount)
	spaceRank = 99
)

// tracks numbers and describes tracks. The track of a part is made when its first span is written.
type tracks struct {
	p     *packets
	last  uint64
	cores []uint64 // parents
	rows  map[trackGroup][]uint64
}

// trackGroup identifies the tracks of one part of a core, and of one class of data where the part is classed.
type trackGroup struct {
	core uint8
	part activity.Part
	data isa.Data
}

func (t *tracks) add(d descriptor) uint64 {
	t.last++
	d.id = t.last
	t.p.track(d)
	return t.last
}

// row returns the nth track of a group.
func (t *tracks) row(at trackGroup, n int) uint64 {
	all := t.rows[at]
	if n == len(all) {
		name := partNames[at.part]
		if classed(at.part) {
			name += ": " + at.data.String()
		}
		rank := partRank + int(at.part)*classRank + int(at.data)
		all = append(all, t.add(descriptor{parent: t.cores[at.core], name: name, rank: rank}))
		if t.rows == nil {
			t.rows = map[trackGroup][]uint64{}
		}
		t.rows[at] = all
	}
	return all[n]
}

// classed reports whether a part has a track for each class of data.
func classed(p activity.Part) bool {
	return p == activity.Load || p == activity.Store || p == activity.Transfer || p == activity.Crossing
}

// nests reports whether the spans of a part nest or follow each other in the order in which they were recorded.
func nests(p activity.Part) bool {
	return p == activity.Front || p == activity.Decode || p == activity.Array || p == activity.Vector
}

// spans writes the spans of a step.
func (w *Writer) spans(s *Step) {
	groups := map[trackGroup][]*activity.Span{}
	for i := range s.Recording.Spans {
		x := &s.Recording.Spans[i]
		at := trackGroup{core: x.Core, part: x.Part}
		if classed(x.Part) {
			at.data = x.Data
		}
		groups[at] = append(groups[at], x)
	}
	var order []trackGroup
	for at := range groups {
		order = append(order, at)
	}
	slices.SortFunc(order, func(a, b trackGroup) int {
		return cmp.Or(cmp.Compare(a.core, b.core), cmp.Compare(a.part, b.part), cmp.Compare(a.data, b.data))
	})
	for _, at := range order {
		switch {
		case at.part == activity.Front:
			w.nested(s, w.steps, groups[at])
		case nests(at.part):
			w.nested(s, w.tracks.row(at, 0), groups[at])
		default:
			w.spread(s, at, groups[at])
		}
	}
}

// nested writes spans to one track. Spans of tiles follow the span of their op and lie inside it.
func (w *Writer) nested(s *Step, track uint64, all []*activity.Span) {
	var outer *activity.Span
	for i, x := range all {
		if outer != nil && x.Op != outer.Op {
			w.p.close(w.ns(w.now+outer.To), track)
			outer = nil
		}
		w.open(s, track, x)
		if outer == nil && i+1 < len(all) && all[i+1].Op == x.Op && all[i+1].Tile != activity.Whole {
			outer = x
			continue
		}
		w.p.close(w.ns(w.now+x.To), track)
	}
	if outer != nil {
		w.p.close(w.ns(w.now+outer.To), track)
	}
}

// spread writes spans to as few tracks as possible.
func (w *Writer) spread(s *Step, at trackGroup, all []*activity.Span) {
	slices.SortStableFunc(all, func(a, b *activity.Span) int { return cmp.Compare(a.From, b.From) })
	var free []unit.Cycles // for each row, the cycle from which on it is free
	for _, x := range all {
		n := slices.IndexFunc(free, func(c unit.Cycles) bool { return c <= x.From })
		if n < 0 {
			n = len(free)
			free = append(free, 0)
		}
		free[n] = x.To
		track := w.tracks.row(at, n)
		w.open(s, track, x)
		w.p.close(w.ns(w.now+x.To), track)
	}
}

// open begins a span with its arguments.
func (w *Writer) open(s *Step, track uint64, x *activity.Span) {
	label := s.Recording.Labels[x.Op]
	a := w.arguments[:0]
	if label.Layer >= 0 {
		a = append(a, Argument{Name: "layer", Value: int64(label.Layer)})
	}
	switch {
	case x.Tile != activity.Whole:
		a = append(a, Argument{Name: "tile", Value: int64(x.Tile)})
	case x.Part == activity.Array || x.Part == activity.Vector:
		a = append(a, Argument{Name: "tiles", Value: int64(x.Count)})
	case x.Part == activity.Load || x.Part == activity.Store:
		a = append(a, Argument{Name: "transfers", Value: int64(x.Count)})
	}
	if x.Busy > 0 {
		a = append(a, Argument{Name: "busy", Value: int64(x.Busy)})
	}
	if x.Bytes > 0 {
		a = append(a, Argument{Name: "bytes", Value: int64(x.Bytes)})
	}
	w.arguments = a
	name := s.Recording.Operators[label.Operator]
	w.p.open(w.ns(w.now+x.From), track, name, a)
}

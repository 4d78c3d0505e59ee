package dram

import "slices"

// firstHorizon is how many clocks Next looks ahead at first. Each further look goes twice as far.
const firstHorizon = 512

// Next predicts which transfers complete next, should no other come, without changing the state. Where every walk has
// been accepted it is Settle. Where several queues still feed, it looks ahead no further than to the first completion:
// the transfer that follows on that will most likely change all later ones, and to predict each of them every time
// would cost as many times more as there are transfers.
func (s *System) Next() []Done { return s.next(firstHorizon) }

// next is Next with another first horizon.
func (s *System) next(horizon int64) []Done {
	active := false
	for i := range s.groups {
		active = active || s.groups[i].active > 0
	}
	if !active {
		return s.Settle()
	}
	clones := make([]group, len(s.groups))
	for i := range s.groups {
		clones[i] = s.groups[i].clone()
		clones[i].channel.takeDone() // the certain ones have been collected
	}
	flights := slices.Clone(s.flights)
	s.settled = s.settled[:0]
	var later []Done // of reads whose data come after the horizon: a write may still come before them
	limit := s.accepted
	for ; len(s.settled) == 0; horizon *= 2 {
		limit += horizon
		for i := range clones {
			g := &clones[i]
			g.run(limit)
			for _, c := range g.channel.takeDone() {
				k := slices.IndexFunc(flights, func(f flight) bool { return f.tag == c.tag })
				f := &flights[k]
				f.done.Clock = max(f.done.Clock, c.clock)
				if f.left -= len(g.members); f.left == 0 {
					later = append(later, f.done)
				}
			}
		}
		later = slices.DeleteFunc(later, func(d Done) bool {
			if d.Clock <= limit {
				s.settled = append(s.settled, d)
			}
			return d.Clock <= limit
		})
	}
	sortDone(s.settled)
	return s.settled
}

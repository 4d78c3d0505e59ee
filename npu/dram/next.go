package dram

import "slices"

// firstLook is how many clocks Next looks ahead at first.
const firstHorizon = 512

// Next predicts the completion of those transfers that are complete next, should no other come, without changing the state.
// Where every walk has been accepted it is Settle. Where several queues still feed, it looks ahead only as far as it has to:
// what comes after the first completion will most likely be changed by the transfer that follows on it, and to predict all
// that is outstanding each time costs as many times more as there are transfers.
func (s *System) Next() []Done {
	active := false
	for i := range s.groups {
		active = active || s.groups[i].active > 0
	}
	if !active {
		return s.Settle()
	}
	twins := make([]group, len(s.groups))
	for i := range s.groups {
		twins[i] = s.groups[i].clone()
		twins[i].channel.takeDone() // what became certain has been collected
	}
	flights := slices.Clone(s.flights)
	s.settled = s.settled[:0]
	limit := s.accepted
	for look := int64(firstHorizon); len(s.settled) == 0; look *= 2 {
		limit += look
		for i := range twins {
			g := &twins[i]
			g.run(limit)
			for _, m := range g.channel.takeDone() {
				k := slices.IndexFunc(flights, func(f flight) bool { return f.tag == m.tag })
				f := &flights[k]
				f.done.Clock = max(f.done.Clock, m.clock)
				if f.left -= len(g.members); f.left == 0 {
					s.settled = append(s.settled, f.done)
				}
			}
		}
	}
	sortDone(s.settled)
	return s.settled
}

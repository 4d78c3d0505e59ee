package routing

import "github.com/pmpdsim/pmpdsim/workloads"

// Recorded are the experts that the tokens of one sequence took.
type Recorded struct {
	perToken int
	place    []int   // of each layer among those with experts, or -1
	ids      [][]int // of each position: layer by layer
}

// NewRecorded returns the router of a sequence: of each position the experts of each layer that has some, layer by layer.
func NewRecorded(m *workloads.Model, ids [][]int) *Recorded {
	r := &Recorded{perToken: m.Experts.PerToken, ids: ids}
	sparse := 0
	for l := range m.Layers {
		if !m.Sparse(l) {
			r.place = append(r.place, -1)
			continue
		}
		r.place = append(r.place, sparse)
		sparse++
	}
	return r
}

// Experts appends the experts that the token at a position took, whatever its sequence. Positions behind the last, with
// which a graph fills its last chunk of a prompt up, repeat the sequence.
func (r *Recorded) Experts(list []int, layer int, t Token) []int {
	ids := r.ids[t.Position%len(r.ids)]
	at := r.place[layer] * r.perToken
	return append(list, ids[at:at+r.perToken]...)
}

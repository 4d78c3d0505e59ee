package routing

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// Recorded are the experts that the tokens of one sequence took. They may become known while others ask for those of
// earlier tokens.
type Recorded struct {
	perToken int
	sparse   int     // layers with experts
	place    []int   // of each layer among those with experts, or -1
	ids      [][]int // of each position that there will be: layer by layer; nil: not known yet
	known    int     // positions; for the caller of Add alone
}

// NewRecorded returns the router of a sequence of so many positions, none of which is known.
func NewRecorded(m *workloads.Model, positions int) *Recorded {
	r := &Recorded{perToken: m.Experts.PerToken, ids: make([][]int, positions)}
	for l := range m.Layers {
		if !m.Sparse(l) {
			r.place = append(r.place, -1)
			continue
		}
		r.place = append(r.place, r.sparse)
		r.sparse++
	}
	return r
}

// Add says which experts the next tokens took: for each of them those of each layer that has some, layer by layer.
func (r *Recorded) Add(tokens int, ids []int) error {
	each := r.sparse * r.perToken
	if len(ids) != tokens*each {
		return fmt.Errorf("experts: %d of %d tokens; accepted: %d, which is tokens × layers with experts × experts of a token",
			len(ids), tokens, tokens*each)
	}
	if left := len(r.ids) - r.known; tokens > left {
		return fmt.Errorf("experts: those of %d tokens, where %d of %d positions are left; accepted: a pass of the job", tokens, left, len(r.ids))
	}
	for own := range slices.Chunk(ids, each) {
		r.ids[r.known] = own
		r.known++
	}
	return nil
}

// Known returns how many positions are.
func (r *Recorded) Known() int { return r.known }

// Experts appends the experts that the token at a known position took, whatever its sequence.
func (r *Recorded) Experts(list []int, layer int, t Token) []int {
	at := r.place[layer] * r.perToken
	return append(list, r.ids[t.Position][at:at+r.perToken]...)
}

package cpu

import (
	"cmp"
	"math"
	"slices"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// mixture is what a pass makes in a layer with experts. A token has a slot for each expert that it takes, one token's after
// another's; up and activated have a row for each slot while the experts are at work.
type mixture struct {
	routing          [][]float32 // a router's logits
	chosen           []int       // expert of each slot
	weight           []float32   // of each slot
	expertsOut       [][]float32 // what the expert of each slot has made
	shared, sharedBy [][]float32 // what the shared expert has made, and the logit of its weight

	taken [][]int // chosen, of each layer with experts so far
}

// products multiplies what each slot reads with a matrix of its expert. Slots of one expert share the work of unpacking.
func (s *step) products(op gpu.Op, at precision.Assignment) error {
	block := s.blocks[op.Layer]
	matrices, out, read, each := block.ExpertsUp, &s.up, s.h, op.Experts
	if op.Place == gpu.PlaceExpertsDown {
		matrices, out, read, each = block.ExpertsDown, &s.expertsOut, s.activated, 1
	}
	bits := op.RowBits(at)
	results := make([][]float32, len(s.chosen))
	for expert := range matrices {
		var slots []int
		var in [][]float32
		for slot, e := range s.chosen {
			if e == expert {
				slots, in = append(slots, slot), append(in, s.weighed(op, slot, read[slot/each]))
			}
		}
		if len(slots) == 0 {
			continue
		}
		y, err := s.multiply(&matrices[expert], bits, in)
		if err != nil {
			return err
		}
		for i, slot := range slots {
			results[slot] = y[i]
		}
	}
	*out = results
	return nil
}

// weighed is what the expert of a slot reads, times the slot's weight in families that weigh that.
func (s *step) weighed(op gpu.Op, slot int, x []float32) []float32 {
	if !s.model.WeighInputs || op.Place != gpu.PlaceExpertsUp {
		return x
	}
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = half(v * s.weight[slot])
	}
	return out
}

// route chooses the experts of each token by the router's logits.
func (s *step) route(op gpu.Op) {
	s.chosen, s.weight = nil, nil
	var bias []float64
	for _, b := range s.blocks[op.Layer].RouterBias {
		bias = append(bias, float64(s.value[b]))
	}
	for _, logits := range s.routing {
		chosen, weight := chooseExperts(s.model, logits, bias)
		s.chosen = append(s.chosen, chosen...)
		for _, w := range weight {
			s.weight = append(s.weight, float32(w))
		}
	}
	s.taken = append(s.taken, s.chosen)
}

// chooseExperts returns the experts that a token takes, highest score first, of equal ones the first, and their weights. A
// bias counts for the choice alone.
func chooseExperts(m *weights.Model, logits []float32, bias []float64) (chosen []int, weight []float64) {
	e := m.Experts
	if m.SparseMixer > 0 {
		return mixSparsely(logits, e.PerToken, m.SparseMixer)
	}
	scores := make([]float64, len(logits))
	for i, l := range logits {
		scores[i] = float64(l)
		chosen = append(chosen, i)
	}
	switch e.Scoring {
	case workloads.SoftmaxAll:
		workloads.Softmax(scores)
	case workloads.SigmoidAll:
		for i, v := range scores {
			scores[i] = 1 / (1 + math.Exp(-v))
		}
	case workloads.SoftmaxChosen:
	}
	by := slices.Clone(scores)
	for i, b := range bias {
		by[i] += b
	}
	if e.Groups > 0 {
		leaveGroups(e, by)
	}
	slices.SortStableFunc(chosen, func(a, b int) int { return cmp.Compare(by[b], by[a]) })
	chosen = chosen[:e.PerToken]
	total := 0.0
	for _, i := range chosen {
		weight = append(weight, scores[i])
		total += scores[i]
	}
	switch {
	case e.Scoring == workloads.SoftmaxChosen:
		workloads.Softmax(weight)
	case m.ExpertsOfOne:
		for i := range weight {
			weight[i] /= total
		}
	}
	for i := range weight {
		weight[i] *= cmp.Or(m.RoutedScale, 1)
	}
	return chosen, weight
}

// leaveGroups puts the experts out of reach of the choice that are not in the groups with the largest scores: the largest of
// their experts (deepseek_v2), or the two largest together (deepseek_v3, whose scores are sigmoids).
func leaveGroups(e *workloads.Experts, by []float64) {
	size := len(by) / e.Groups
	count := 1
	if e.Scoring == workloads.SigmoidAll {
		count = 2
	}
	scores, order := make([]float64, e.Groups), make([]int, e.Groups)
	for g := range scores {
		own := slices.Sorted(slices.Values(by[g*size : (g+1)*size]))
		for _, v := range own[max(0, size-count):] {
			scores[g] += v
		}
		order[g] = g
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	for _, g := range order[min(e.TopGroups, e.Groups):] {
		for i := g * size; i < (g+1)*size; i++ {
			by[i] = math.Inf(-1)
		}
	}
}

// mixSparsely takes the largest logit, with the weight that it has in a softmax over those within twice the noise of it,
// and goes on with the others (transformers' sparsemixer, without training).
func mixSparsely(logits []float32, count int, noise float64) (chosen []int, weight []float64) {
	for range count {
		best := -1
		for i, l := range logits {
			if !slices.Contains(chosen, i) && (best < 0 || l > logits[best]) {
				best = i
			}
		}
		most, sum := float64(logits[best]), 0.0
		for i, l := range logits {
			v := float64(l)
			if !slices.Contains(chosen, i) && (most-v)/max(math.Abs(v), most) <= 2*noise {
				sum += math.Exp(v - most)
			}
		}
		chosen, weight = append(chosen, best), append(weight, 1/sum)
	}
	return chosen, weight
}

// combine adds up what a token's experts have made, by their weights, and what the shared expert has made.
func (s *step) combine(op gpu.Op) {
	s.down = make([][]float32, len(s.h))
	for r := range s.down {
		out := make([]float32, op.Out)
		for slot := r * op.Experts; slot < (r+1)*op.Experts; slot++ {
			weight := s.weight[slot]
			if s.model.WeighInputs {
				weight = 1 // it has been weighed
			}
			for i, v := range s.expertsOut[slot] {
				out[i] += weight * v
			}
		}
		if s.model.Experts.Shared > 0 {
			by := float32(1)
			if s.model.Experts.SharedGate {
				by = float32(1 / (1 + math.Exp(-float64(s.sharedBy[r][0]))))
			}
			for i, v := range s.shared[r] {
				out[i] += by * v
			}
		}
		for i, v := range out {
			out[i] = half(v)
		}
		s.down[r] = out
	}
}

// takeRoutes returns the experts of a pass token by token, of each layer by layer, and forgets them.
func (s *step) takeRoutes() (all []int) {
	if len(s.taken) == 0 {
		return nil
	}
	each := s.model.Experts.PerToken
	for token := range len(s.taken[0]) / each {
		for _, layer := range s.taken {
			all = append(all, layer[token*each:(token+1)*each]...)
		}
	}
	s.taken = nil
	return all
}

package ops

import "github.com/pmpdsim/pmpdsim/workloads"

// experts adds the MLP of a block with experts. The shared expert, which needs no router, comes before the routed ones: an
// engine that fetches ahead has something to fetch while the router works.
//
//	router router_softmax top_k │ shared_expert.… │ experts.gate_proj experts.up_proj experts.silu_mul experts.down_proj experts_sum
//
// An operator of the experts stands for all of them: a token passes through it once for each expert that it takes.
func (s *step) experts(in Value) {
	m, e := s.m, s.m.Experts
	s.linear(m.RouterMatrix(), in, Routing)
	s.choose()
	reads := []Value{Routing, Experts}
	if e.Shared > 0 {
		s.feedForward("shared_expert.", m.SharedExpert(), in, SharedOut)
		if e.SharedGate {
			s.linear(m.SharedGateMatrix(), in, SharedBy)
			reads = append(reads, SharedBy)
		}
		reads = append(reads, SharedOut)
	}
	s.feedForward("experts.", m.Expert(), in, Experts)
	s.add(Op{Kind: Combine, Name: "experts_sum", Reads: reads, Makes: []Value{MLP}, Width: m.Hidden, Experts: e.PerToken})
}

// choose adds what a router does with its logits: scores, of all experts or of the chosen ones, and the choice, which
// finds the largest score once for each expert of a token, and in groups before that the largest of each group (deepseek_v3:
// the two largest).
func (s *step) choose() {
	e := s.m.Experts
	score := Op{Kind: Score, Name: "router_softmax", Reads: []Value{Routing}, Makes: []Value{Routing}, Width: e.Count}
	top := Op{Kind: TopK, Name: "top_k", Reads: []Value{Routing}, Makes: []Value{Routing}, Width: e.Count, Rounds: e.PerToken}
	if e.Groups > 0 {
		top.Rounds++
		if e.Scoring == workloads.SigmoidAll {
			top.Rounds++
		}
	}
	switch e.Scoring {
	case workloads.SoftmaxChosen:
		score.Width = e.PerToken
		s.add(top)
		s.add(score)
		return
	case workloads.SigmoidAll:
		score.Name = "router_sigmoid"
	}
	s.add(score)
	s.add(top)
}

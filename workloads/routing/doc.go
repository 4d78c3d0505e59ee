// Package routing says which experts each token takes: drawn from a distribution, or as a trace has them.
//
// # What it models
//
// A Router answers for a token, which is a position of a sequence, and a layer. A drawn answer is a function of the seed,
// the layer, the sequence and the position alone, so that it depends on no order and no number of workers. Experts of a
// token are drawn one after the other without replacement, with weights that fall with an expert's rank r as 1/r^s (Zipf's
// law; s = 0 is uniform). Ranks are a permutation of the experts, another in each layer. Where experts come in groups
// (deepseek_v2, deepseek_v3), the groups of a token are drawn first, by the sums of their weights.
//
// # What it leaves out
//
// That neighbouring tokens choose alike, and that layers do. A trace has it. Limits on the tokens of an expert (capacity):
// no token is dropped.
//
// # Adding one more
//
// A distribution: its Kind and its case in Parse, and a type with the method of Router.
package routing

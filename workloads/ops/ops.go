package ops

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// Kind says what an operator computes.
type Kind string

// The kinds of operators.
const (
	Embed       Kind = "embed"        // embedding row of each token
	Norm        Kind = "norm"         // RMSNorm or LayerNorm of the residual stream
	HeadNorm    Kind = "head-norm"    // the same of each head of q or k
	Linear      Kind = "linear"       // matrix of a block
	Rope        Kind = "rope"         // rotary position embedding of q and k
	HeadProduct Kind = "head-product" // of each head's values with rows of a matrix of its own
	KVAppend    Kind = "kv-append"    // K and V of the new tokens to the cache
	Scores      Kind = "scores"       // Q·Kᵀ
	ScoreCap    Kind = "score-cap"    // cap·tanh(x/cap) of the scores
	ScoreBias   Kind = "score-bias"   // ALiBi: a multiple of the distance, added to the scores
	Softmax     Kind = "softmax"      // over the positions that a token attends to
	Context     Kind = "context"      // P·V
	Activation  Kind = "activation"   // silu(gate)·up, gelu(fc1), relu(fc1)
	Residual    Kind = "residual"     // additions to the residual stream
	Head        Kind = "head"         // lm_head
	LogitCap    Kind = "logit-cap"    // cap·tanh(x/cap) of the logits
	Sample      Kind = "sample"       // argmax over the vocabulary
	Score       Kind = "score"        // softmax or sigmoids of a router's logits
	TopK        Kind = "top-k"        // the experts that each token takes
	Combine     Kind = "combine"      // weighted sum of what the experts yield
)

// Value is something that an operator makes and others read, one row for each token.
type Value string

// The values. A layer has the same as the one before it.
const (
	Stream    Value = "stream"    // the residual stream
	Normed    Value = "normed"    // what the last norm before a matrix has made of it
	Q         Value = "q"         // queries
	K         Value = "k"         // keys of the new tokens
	V         Value = "v"         // values of the new tokens
	QLatent   Value = "q-latent"  // compressed queries
	Latent    Value = "latent"    // compressed keys and values, and the key that all heads share
	Absorbed  Value = "absorbed"  // queries, to be multiplied with what the cache keeps of latent attention
	Gathered  Value = "gathered"  // what attention yields of that, before its values are expanded
	Cache     Value = "cache"     // keys and values of all positions
	Weighing  Value = "weighing"  // scores, and what softmax makes of them
	Attended  Value = "attended"  // what attention yields, before o_proj
	Attention Value = "attention" // what the attention half of a block adds to the stream
	Gate      Value = "gate"      // of a gated MLP
	Up        Value = "up"        // of a gated MLP; without a gate what fc1 yields
	Hidden    Value = "hidden"    // behind the activation
	MLP       Value = "mlp"       // what the MLP half of a block adds to the stream
	Logits    Value = "logits"    // of the last token
	Routing   Value = "routing"   // a router's logits, then which experts a token takes, with their weights
	SharedOut Value = "shared"    // what the shared expert yields
	SharedBy  Value = "shared-by" // what weights it
	Experts   Value = "experts"   // what a token's experts yield, one row for each
)

// SoftmaxMerge is the operator of an engine that shares out the positions of attention: it puts the partial results
// together. No model has it.
const SoftmaxMerge = "softmax_merge"

// Op is one operator of a step. Fields that its kind does not need are zero.
type Op struct {
	Name  string // "q_proj", the same in every layer
	Kind  Kind
	Layer int // -1 outside the blocks

	Reads []Value // of an activation or a residual that follows a product: the product's value last
	Makes []Value

	Width   int              // values of a token that pass through it
	Matrix  workloads.Linear // linear, head
	Experts int              // that a token takes: the matrix is one of as many as Matrix.Copies, and the op works once for each; 0: none
	Params  int64            // parameters that it reads besides a matrix: biases, norm weights; of embed one token's rows

	Heads, KVHeads, HeadDim int  // scores to context; Heads of a head norm
	Window                  int  // positions that a token attends to at most, 0: all
	Chunked                 bool // those of its chunk of so many that are before it

	Transposed bool // head product: over the rows of the matrix, not over its columns

	Rounds int // top-k: times that the largest of a token's values is found

	Last bool // of a prompt only the last token counts
}

// FollowsProduct reports whether o works element by element on what the operator before it made, a product: it can be
// computed on parts of it.
func (o *Op) FollowsProduct(before *Op) bool {
	return (o.Kind == Activation || o.Kind == Residual) && before.Kind == Linear && o.Reads[len(o.Reads)-1] == before.Makes[0]
}

// Size is what an operator comes to in a pass.
type Size struct {
	Tokens   int   // that it works on
	Context  int   // scores to context: cached positions that any of the tokens attends to
	Attended int64 // scores to context: sum over the tokens of the positions that each attends to, for one head
	MACs     int64 // multiply-accumulates, exact with causal masks and windows; vector functions have none
	Elements int64 // values that pass through a vector function; of a residual, additions
	Rows     int64 // norms, softmax, sample: vectors that are reduced
	Params   int64 // parameters read besides the matrix: biases, norm weights, embedding rows
}

// At returns what o comes to in a pass over so many new tokens with past positions in the cache.
func (o *Op) At(tokens, past int) Size {
	if o.Last {
		tokens = 1
	}
	n := int64(tokens)
	s := Size{Tokens: tokens, Params: o.Params}
	each := int64(max(1, o.Experts))
	switch o.Kind {
	case Linear, Head, HeadProduct:
		s.MACs = n * each * int64(o.Matrix.Out) * int64(o.Matrix.In)
	case Scores, ScoreCap, ScoreBias, Softmax, Context:
		s.Context, s.Attended = o.attended(tokens, past)
		if all := int64(o.Heads) * s.Attended; o.Kind == Scores || o.Kind == Context {
			s.MACs = all * int64(o.HeadDim)
		} else {
			s.Elements = all
		}
	case TopK:
		s.Elements = n * int64(o.Width) * int64(o.Rounds)
	case Combine:
		s.Elements = n * int64(o.Width) * int64(o.summands())
	case Residual:
		s.Elements = n * int64(o.Width) * int64(len(o.Reads)-1)
	case Embed:
		s.Elements, s.Params = n*int64(o.Width), n*o.Params
	case Norm, HeadNorm, Rope, KVAppend, Activation, LogitCap, Sample, Score:
		s.Elements = n * int64(o.Width)
	}
	switch o.Kind {
	case Norm, Sample, Score:
		s.Rows = n
	case TopK:
		s.Rows = n * int64(o.Rounds)
	case HeadNorm, Softmax:
		s.Rows = n * int64(o.Heads)
	}
	return s
}

// summands is how many rows a combine adds up for a token: one of each expert, and one of the shared expert.
func (o *Op) summands() int {
	if slices.Contains(o.Reads, SharedOut) {
		return o.Experts + 1
	}
	return o.Experts
}

// attended returns the cached positions that a pass touches, and the sum over its tokens of the positions that each attends
// to. Token i of the pass sees past+i+1 positions, itself included, or a window of them:
//
//	past 2, tokens 4, window 4:   3 4 4 4 of the positions 0…5: context 6, attended 15
func (o *Op) attended(tokens, past int) (context int, attended int64) {
	if o.Window > 0 && o.Chunked {
		return past + tokens - past/o.Window*o.Window, inChunks(past+tokens, o.Window) - inChunks(past, o.Window)
	}
	window := past + tokens
	if o.Window > 0 {
		window = min(window, o.Window)
	}
	growing := int64(max(0, min(tokens, window-past))) // tokens before the window is full
	attended = growing*int64(past) + growing*(growing+1)/2 + (int64(tokens)-growing)*int64(window)
	return min(past+tokens, window+tokens-1), attended
}

// inChunks is the sum of the positions that the first n tokens attend to in chunks of so many: 1 2 3 4 1 2 … of 4.
func inChunks(n, chunk int) int64 {
	whole, rest := int64(n/chunk), int64(n%chunk)
	return whole*int64(chunk)*int64(chunk+1)/2 + rest*(rest+1)/2
}

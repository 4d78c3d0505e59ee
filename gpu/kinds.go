package gpu

import "github.com/pmpdsim/pmpdsim/workloads"

// Kind is what an op computes, spelt as in the ops table of a trace.
type Kind string

// The kinds. x is the residual stream, h what a norm makes of it.
const (
	Embed       Kind = "embed"       // x = h = row of the embedding
	Add         Kind = "add"         // x += what the blocks before have made (Adds of them); h = x: no norm follows
	Normalise   Kind = "norm"        // x += what the blocks before have made (Adds of them); h = norm(x)
	ResultNorm  Kind = "result_norm" // norm of what a product has made, in its place; of q and k, of each of the Heads
	HeadProduct Kind = "head_gemv"   // of each head's values with its rows of a matrix
	Product     Kind = "gemv"        // matrix times vector, plus bias
	Rope        Kind = "rope"        // rotates q and k where the layer does that, appends k and v to the cache
	Attention   Kind = "attention"   // scores, softmax and context over a share of the positions each
	Merge       Kind = "merge"       // the shares of the positions together
	Activation  Kind = "activation"  // silu(gate)·up, gelu(fc1)
	Route       Kind = "route"       // which experts each token takes, and their weights
	Combine     Kind = "combine"     // weighted sum of what the experts have made
	LogitCap    Kind = "logit_cap"   // cap·tanh(x/cap) of the logits
	Choose      Kind = "choose"      // most likely token and what schedulers watch
)

// Place says which weights an op uses.
type Place string

// The places.
const (
	PlaceEmbedding   Place = "embed"
	PlaceInput       Place = "input_norm"
	PlaceQKV         Place = "qkv" // q, k and v, one below the other
	PlaceO           Place = "o"
	PlaceQ           Place = "q_proj" // of latent attention, apart; so are those that follow
	PlaceQA          Place = "q_a_proj"
	PlaceQB          Place = "q_b_proj"
	PlaceKVA         Place = "kv_a_proj_with_mqa"
	PlaceKB          Place = workloads.KeyExpansion
	PlaceVB          Place = workloads.ValueExpansion
	PlaceQANorm      Place = "q_a_norm"
	PlaceKVANorm     Place = "kv_a_norm"
	PlacePost        Place = "mlp_norm" // none in a parallel block
	PlaceUp          Place = "up"       // gate and up, one below the other, or fc1
	PlaceDown        Place = "down"     // down, or fc2
	PlaceQNorm       Place = "q_norm"
	PlaceKNorm       Place = "k_norm"
	PlaceAfterO      Place = "post_attention_norm" // of what o makes
	PlaceAfterDown   Place = "post_mlp_norm"       // of what down makes
	PlaceEmbedNorm   Place = "embed_norm"          // of x
	PlaceInO         Place = "attention_sub_norm"  // of what o reads
	PlaceInDown      Place = "mlp_sub_norm"        // of what down reads
	PlaceRouter      Place = "router"
	PlaceSharedUp    Place = "shared_up" // of the expert that every token takes
	PlaceSharedDown  Place = "shared_down"
	PlaceSharedGate  Place = "shared_gate" // what weights it
	PlaceExpertsUp   Place = "experts_up"  // of the experts that a token takes
	PlaceExpertsDown Place = "experts_down"
	PlaceFinal       Place = "final_norm"
	PlaceHead        Place = "lm_head"
)

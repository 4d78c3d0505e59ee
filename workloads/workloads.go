package workloads

import "github.com/pmpdsim/pmpdsim/workloads/formats"

// Family is a Hugging Face model_type.
type Family string

// The families that are understood.
const (
	Llama    Family = "llama"
	Mistral  Family = "mistral"
	Qwen2    Family = "qwen2"
	Qwen3    Family = "qwen3"
	Phi      Family = "phi"
	Phi3     Family = "phi3"
	StableLM Family = "stablelm"
	Gemma2   Family = "gemma2"

	Mixtral    Family = "mixtral"
	Qwen2MoE   Family = "qwen2_moe"
	Qwen3MoE   Family = "qwen3_moe"
	PhiMoE     Family = "phimoe"
	GraniteMoE Family = "granitemoe"
	DeepseekV2 Family = "deepseek_v2"
	DeepseekV3 Family = "deepseek_v3"
)

// Norm is the normalisation of a block.
type Norm string

// The normalisations.
const (
	RMSNorm         Norm = "rmsnorm"
	LayerNorm       Norm = "layernorm"
	LayerNormNoBias Norm = "layernorm-no-bias" // weights alone (cohere, mpt)
	LayerNormBare   Norm = "layernorm-bare"    // no parameters (olmo)
)

// Norms returns all normalisations.
func Norms() []Norm { return []Norm{RMSNorm, LayerNorm, LayerNormNoBias, LayerNormBare} }

// Params is the number of parameters of a norm over n values.
func (n Norm) Params(values int) int64 {
	switch n {
	case LayerNormBare:
		return 0
	case LayerNorm: // a weight each, and a bias
		return 2 * int64(values)
	case RMSNorm, LayerNormNoBias:
	}
	return int64(values)
}

// The kinds of norms of q and k beside "", one that all heads share.
const (
	OwnNorms  = "own"  // weights for each head, without a bias (cohere, stablelm)
	WideNorms = "wide" // all heads as one row (olmo2)
	BareNorms = "bare" // no weights, and only of heads that rotate (llama4)
)

// Activation is the function between the MLP's matrices.
type Activation string

// The activations.
const (
	Silu  Activation = "silu"
	Gelu  Activation = "gelu" // any of gelu, gelu_new, gelu_pytorch_tanh: they cost the same here
	Relu  Activation = "relu"
	Relu2 Activation = "relu2" // its square
)

// Activations returns all activations.
func Activations() []Activation { return []Activation{Silu, Gelu, Relu, Relu2} }

// Model is the shape of a decoder-only transformer.
type Model struct {
	Name         string     `json:"name"` // preset name, or the name given by the user
	Family       Family     `json:"family"`
	Layers       int        `json:"layers"`
	Hidden       int        `json:"hidden"`
	Heads        int        `json:"heads"`
	KVHeads      int        `json:"kv_heads"`
	HeadDim      int        `json:"head_dim"`
	FFN          int        `json:"ffn"`
	Vocab        int        `json:"vocab"`
	MaxPositions int        `json:"max_positions"`
	RotaryDim    int        `json:"rotary_dim"` // of HeadDim
	Norm         Norm       `json:"norm"`
	Activation   Activation `json:"activation"`
	GatedMLP     bool       `json:"gated_mlp"`    // gate, up, down; otherwise fc1, fc2
	Parallel     bool       `json:"parallel"`     // attention and MLP read the same normalised input
	BlockNorms   int        `json:"block_norms"`  // norms per block: 1 (parallel, shared), 2, or 4 (gemma2)
	QKNorm       bool       `json:"qk_norm"`      // norm of each q and k head (qwen3)
	QKVBias      bool       `json:"qkv_bias"`     //
	OBias        bool       `json:"o_bias"`       //
	MLPBias      bool       `json:"mlp_bias"`     //
	HeadBias     bool       `json:"head_bias"`    //
	Tied         bool       `json:"tied"`         // lm_head is the embedding matrix
	Softcap      bool       `json:"softcap"`      // attention and final logits are soft-capped (gemma2)
	Window       int        `json:"window"`       // sliding window, 0 for none
	WindowEvery  int        `json:"window_every"` // a layer in WindowEvery is windowed (gemma2: 2), 0 or 1 for all
	WindowFrom   int        `json:"window_from"`  // layers before it are not windowed (qwen2's max_window_layers)

	// What few families have.
	Experts          *Experts `json:"experts,omitzero"`           // nil: every token takes the one MLP of a block
	Latent           *Latent  `json:"latent,omitzero"`            // nil: keys and values are cached as they are
	LayerPattern     string   `json:"layer_pattern,omitzero"`     // a letter a layer, repeated: f full attention, w window, capitals do not rotate
	LearnedPositions int      `json:"learned_positions,omitzero"` // rows of an embedding of positions (gpt2)
	Chunked          bool     `json:"chunked,omitzero"`           // windows are chunks: a token attends to those of its own that are before it (llama4)
	ALiBi            bool     `json:"alibi,omitzero"`             // scores have a bias that grows with the distance (bloom)
	NormsBehind      bool     `json:"norms_behind,omitzero"`      // norms of what attention and MLP add, none before (olmo2)
	QKNormKind       string   `json:"qk_norm_kind,omitzero"`      // OwnNorms, WideNorms
	SubNorms         bool     `json:"sub_norms,omitzero"`         // norms before o_proj and down_proj (bitnet)
	EmbedNorm        bool     `json:"embed_norm,omitzero"`        // norm of the embedding (bloom)
	TextOf           string   `json:"text_of,omitzero"`           // model_type of the model that this is the text part of

	Source    string `json:"source,omitzero"`     // where the shape comes from
	PaperHigh int    `json:"paper_high,omitzero"` // the paper's precision pair for this model: decode starts here
	PaperLow  int    `json:"paper_low,omitzero"`  // and ends here
	Published int64  `json:"published,omitzero"`  // published parameter count, 0 if unknown
	Assumed   string `json:"-"`                   // sizes that the file does not say, which are those of the family's class

	Stored *formats.Stored `json:"stored,omitempty"` // formats of the file's weights; nil: it has none, or weights are not quantised
	Values string          `json:"-"`                // type of the file's weights that are not quantised (bfloat16); empty: it does not say
}

// Linear is one weight matrix of a block: Out×In.
type Linear struct {
	Name    string
	Out, In int
	Bias    bool
	Copies  int  // one for each expert; 0: it is the only one
	PerHead int  // rows that work on a head of their own, which tiles do not cut apart; 0: any rows may be a tile
	Fixed   bool // stays fp16 whatever the schedule: a router
}

// Count returns how many matrices of this shape a layer has.
func (l Linear) Count() int { return max(1, l.Copies) }

// Projections returns the block's attention projections in the order they are used, of either kind of attention.
func (m *Model) Projections() []Linear {
	if m.Latent != nil {
		return m.latentAttention()
	}
	all := m.Attention()
	return all[:]
}

// Attention returns the block's attention projections in the order they are used, where keys and values are cached as they
// are: q, k, v, o.
func (m *Model) Attention() [4]Linear {
	q, kv := m.Heads*m.HeadDim, m.KVHeads*m.HeadDim
	return [4]Linear{
		{Name: "q_proj", Out: q, In: m.Hidden, Bias: m.QKVBias},
		{Name: "k_proj", Out: kv, In: m.Hidden, Bias: m.QKVBias},
		{Name: "v_proj", Out: kv, In: m.Hidden, Bias: m.QKVBias},
		{Name: "o_proj", Out: m.Hidden, In: q, Bias: m.OBias},
	}
}

// MLP returns the matrices of a dense block's MLP in the order they are used.
func (m *Model) MLP() []Linear { return m.mlpOf("", m.FFN, 0) }

// mlpOf returns the matrices of an MLP with so many values between them, and how many copies a layer has of each.
func (m *Model) mlpOf(prefix string, width, copies int) []Linear {
	of := func(name string, out, in int) Linear {
		return Linear{Name: prefix + name, Out: out, In: in, Bias: m.MLPBias, Copies: copies}
	}
	if m.GatedMLP {
		return []Linear{of("gate_proj", width, m.Hidden), of("up_proj", width, m.Hidden), of("down_proj", m.Hidden, width)}
	}
	return []Linear{of("fc1", width, m.Hidden), of("fc2", m.Hidden, width)}
}

// KVWidth returns the number of values that one token adds to the K cache of one layer, and again to the V cache.
func (m *Model) KVWidth() int { return m.KVHeads * m.HeadDim }

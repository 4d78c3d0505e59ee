package workloads

import (
	"fmt"
	"slices"
)

// traits are a row of the table of families: what is fixed in a family, and the defaults of its configuration class in
// transformers 5.24.0 (src/transformers/models/<family>/configuration_<family>.py; biases, norms and block structure
// from modeling_<family>.py beside it), or in the code that its models bring along. The zero value is llama's block,
// without sizes.
type traits struct {
	family     Family
	also       []Family          // other names of it
	keys       map[string]string // names of keys that differ: what it says for what transformers' llama says
	size       size
	times      int // of hidden_size: default of intermediate_size, where it is no number
	norm       Norm
	eps        float64 // default of the norms' epsilon; 0: that of most
	activation string  // default of hidden_act; "": silu
	plain      bool    // fc1 and fc2 instead of gate, up and down
	tied       bool    // default of tie_word_embeddings
	kvHeads    int     // default of num_key_value_heads when the key is absent; 0: as many as heads
	headDim    int     // default of head_dim when the key is absent; 0: hidden_size / num_attention_heads
	positions  positions
	rotary     float64 // default of partial_rotary_factor; 0: 1
	partial    bool    // reads partial_rotary_factor
	rotaryDim  int     // default of rotary_dim, which it reads in place of partial_rotary_factor; 0: does not
	windowed   bool    // reads sliding_window
	window     int     // default of sliding_window; 0: none
	chunked    bool    // its windows are chunks
	flagged    bool    // sliding_window counts only with use_sliding_window
	pattern    string  // of layers (Model.LayerPattern), where the file says nothing
	typed      bool    // reads layer_types
	alternate  bool    // even layers have the window, odd ones do not
	still      bool    // layers without a window do not rotate, where others have one
	stretched  bool    // max_position_embeddings counts rope_scaling already
	eos        []int   // default of eos_token_id; empty: none
	biases     []bias
	reads      []string // keys of features that some families have
	experts    *expertKeys
	latent     *latentKeys // of its attention; nil: keys and values are not compressed
	block      func(*fields, *Model)
}

// size is what a model of the class has when its config.json does not say.
type size struct{ vocab, hidden, ffn, layers, heads, positions int }

// positions says how a family tells one position from another.
type positions int

const (
	rotated positions = iota // rotary embedding
	learned                  // a row for each position, added to the token's
	sloped                   // ALiBi: a bias of the scores that grows with the distance
)

// part says which matrices have a bias.
type part int

const (
	qkv part = 1 << iota
	out
	mlp
	head
)

// bias says which matrices have one: if a key says so, or always.
type bias struct {
	key    string // "": always
	absent bool   // what its absence means
	parts  part
}

// Families returns the model types that are understood.
func Families() []Family {
	var all []Family
	for _, t := range table() {
		all = append(all, t.family)
	}
	return all
}

// Aliases returns other names of a family: older ones, and those of classes that are its.
func Aliases(f Family) []Family {
	t, _ := traitsOf(f)
	return slices.Clone(t.also)
}

// OfClass returns what a config.json says that has a model_type alone: the defaults of the family's class.
func OfClass(f Family) (*Model, error) {
	return ParseConfig(string(f), "config.json", fmt.Appendf(nil, `{"model_type": %q}`, f))
}

// Wrappers returns the models whose text part is understood, where that does not say its family.
func Wrappers() []Family {
	var all []Family
	for _, w := range wrappers() {
		all = append(all, w.name)
	}
	return all
}

// traitsOf returns a family's row, found by any of its names.
func traitsOf(name Family) (traits, bool) {
	for _, t := range table() {
		if t.family == name || slices.Contains(t.also, name) {
			return t.filled(), true
		}
	}
	return traits{}, false
}

// filled puts llama's values in place of what a row leaves out.
func (t traits) filled() traits {
	if t.norm == "" {
		t.norm = RMSNorm
	}
	if t.activation == "" {
		t.activation = "silu"
	}
	if t.rotary == 0 {
		t.rotary = 1
	}
	return t
}

// has reports whether the family reads a key of a feature that others do not have.
func (t traits) has(key string) bool {
	return slices.Contains(t.reads, key) || slices.ContainsFunc(t.biases, func(b bias) bool { return b.key == key })
}

func table() []traits {
	return slices.Concat(llamas(), gemmas(), reordered(), gpts(), mixtures(), compressed())
}

package weights

import "github.com/pmpdsim/pmpdsim/workloads"

// The widths that planes give: the first n of Planes.
const (
	MinBits = 2
	Planes  = 8
	Half    = 16 // bits of the fp16 weights
)

// Model is what is to be run: the shape, and the numbers that do not change what it costs.
type Model struct {
	*workloads.Model
	workloads.Numerics

	ConfigSHA256 string // of config.json; empty for a preset's
}

// Matrix is Out×In.
type Matrix struct {
	Name    string
	Out, In int
	Half    []uint16             // [Out][In], binary16
	Planes  []uint32             // [Planes][Out][In/32], see the package comment; nil: not quantised
	Tables  [Planes + 1][]uint16 // Tables[n] is [Out][1<<n], binary16, n = MinBits to Planes
	Bias    []uint16             // [Out], binary16; nil: none
}

// Norm is the weights of a normalisation, binary16.
type Norm struct {
	Scale, Shift []uint16 // Shift is nil for RMSNorm
}

// Block is one layer.
type Block struct {
	Norms    map[string]Norm // by their operators (package ops): input_norm, mlp_norm and what else the family has
	QKV, O   Matrix
	Up, Down Matrix // gate and up, or fc1; down, or fc2; of a layer with experts nothing

	Latent map[string]*Matrix // of latent attention, in place of QKV, by their operators; nil: there is none

	// Of a layer with experts. Router and SharedGate stay in fp16. RouterBias is added to scores before the choice.
	RouterBias             []uint16
	Router, SharedGate     Matrix
	SharedUp, SharedDown   Matrix // of the expert that every token takes
	ExpertsUp, ExpertsDown []Matrix
}

// Ends is what lies outside the blocks. Embedding and head stay in fp16; a tied head shares its slice with the
// embedding.
type Ends struct {
	Embedding []uint16 // [Vocab][Hidden], binary16
	Positions []uint16 // [LearnedPositions][Hidden]; nil: there are none
	EmbedNorm Norm     // of the embedding; empty: there is none
	Norm      Norm
	Head      Matrix // not quantised
}

// Source yields the weights of a model. Blocks may be asked for in any order, once each or again.
type Source interface {
	Model() *Model
	Ends() (*Ends, error)
	Block(layer int) (*Block, error)
	// SHA256 identifies the weights in a trace: of the files, or of what random ones are made from.
	SHA256() (string, error)
	Close() error
}

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
	NormEps   float64
	RopeTheta float64
	RopeScale *RopeScale // nil: none
	EOS       []int      // tokens that end the answer

	ConfigSHA256 string // of config.json; empty for a preset's
}

// RopeScale is Llama 3.1's stretching of the lower frequencies (rope_scaling of type llama3).
type RopeScale struct{ Factor, Low, High, Original float64 }

// Matrix is Out×In.
type Matrix struct {
	Name    string
	Out, In int
	Half    []uint16             // [Out][In], binary16
	Planes  []uint32             // [Planes][Out][In/32], see the package comment; nil: not quantised
	Tables  [Planes + 1][]uint16 // Tables[n] is [Out][1<<n], binary16, n = MinBits to Planes
	Bias    []uint16             // [Out], binary16; nil: none
}

// Norm is the weights of a normalisation of Hidden values, binary16.
type Norm struct {
	Scale, Shift []uint16 // Shift is nil for RMSNorm
}

// Block is one layer. Post is empty where attention and MLP read the same normalised input.
type Block struct {
	Input, Post Norm
	QKV, O      Matrix
	Up, Down    Matrix // gate and up, or fc1; down, or fc2
}

// Ends is what lies outside the blocks. Embedding and head stay in fp16; a tied head shares its slice with the
// embedding.
type Ends struct {
	Embedding []uint16 // [Vocab][Hidden], binary16
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

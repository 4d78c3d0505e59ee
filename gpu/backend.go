package gpu

import (
	"errors"
	"io"
	"math"
	"time"

	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Backend is a model on a device.
type Backend interface {
	// Start makes an empty KV cache for a number of positions: those of the prompt and of all generated tokens. What a pass reads of
	// it has been stored as the cache says, the keys and values of the pass's own tokens, too. Only one sequence of a backend may
	// run at a time, unless it is a Scorer, which may have many; but one pass at a time.
	Start(positions int, cache formats.Cache) (Sequence, error)
	// About describes the backend. It never changes.
	About() About
	// Close frees the device, sequences included.
	Close() error
}

// Turn is what a sequence reads in a pass that several share.
type Turn struct {
	Sequence Sequence
	Tokens   []int
	All      bool // logits of every token; else of the last one
}

// Scorer is a backend that has several sequences at a time, and reads several tokens of each.
type Scorer interface {
	Backend
	// Score reads each turn's tokens behind what its sequence's cache holds, all at the same bits, and hands over the logits
	// ([vocabulary], rounded as Pass's) by turn and token. They do not depend on which sequences share the pass, and are
	// valid until each returns. In an empty cache the tokens are a prompt, else they yield what a Decode of each would: to the
	// bit on the CPU, but for the order of sums on a GPU, which reads several tokens as it reads a prompt's. After
	// an error, also one of each, the caches hold what they held before.
	Score(turns []Turn, at precision.Assignment, each func(turn, token int, logits []float32) error) error
}

// Sequence is one sequence at batch 1. Weight bits are 2 to 8, or 16 for the fp16 weights; the head has those always.
type Sequence interface {
	// Prefill reads the prompt at one precision.
	Prefill(ids []int, at precision.Assignment) (Pass, error)
	// Decode reads one token at the next position. The token is usually the one that the pass before yielded, which a
	// device still has; any other is put there first.
	Decode(token int, at precision.Assignment) (Pass, error)
	// State returns the state after the last pass.
	State(want Want) (State, error)
}

// End frees what sequences have on a device; they cannot be used then. A backend's Close does so, too.
func End(sequences ...Sequence) error {
	var all []error
	for _, s := range sequences {
		if c, ok := s.(io.Closer); ok {
			all = append(all, c.Close())
		}
	}
	return errors.Join(all...)
}

// Pass is the result of one pass. Times that were not measured are nil.
type Pass struct {
	Token   int     // most likely one; of equal ones the first
	PMax    float64 // its probability
	Entropy float64 // of the distribution, nats
	Margin  float64 // its logit minus the second
	LogP    float64 // ln PMax

	// Experts that the tokens take: token by token, of each layer by layer, the highest weight first (traces.EncodeExperts).
	Experts []int

	StepNS *int64  // on the device
	WallNS *int64  // on the host's clock
	OpNS   []int64 // of each of About's Ops, if this pass was sampled
}

// Check refuses a pass whose logits are not all numbers.
func (p *Pass) Check() error {
	if math.IsNaN(p.Entropy + p.PMax + p.LogP) {
		return errors.New("the logits are not all numbers: a weight is infinite or no number, or what is computed from them left the range of binary16 (±65504): " +
			"activations of this model may be that large")
	}
	return nil
}

// Want selects parts of a State, which can be large.
type Want struct {
	Logits, Cache bool
	Before        int // the cache is that of the block so many before the last
}

// State is logits and KV cache after a pass.
type State struct {
	Logits []float32 // [vocab]
	// The KV cache of the last block, or of the one that was wanted, keys rotated, [KV heads, positions, head dim] each: the values that its codes stand for.
	Keys, Values []float32
	Positions    int
}

// About describes the machine for a trace.
type About struct {
	Source  traces.Origin
	Mode    traces.Mode // empty on a CPU
	GPU     *traces.GPU
	Kernels *traces.Kernels
	Calib   *traces.Calib
	Ops     []Op                // of a decode pass: Launches; nil: Ops
	Launch  func(op int) Launch // of one of them; nil on a CPU
	Now     func() time.Duration
}

// Launch is the grid, in blocks, and the block, in threads, of an op on a GPU.
type Launch struct{ Grid, Block [3]int }

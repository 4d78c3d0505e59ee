package gpu

import (
	"time"

	"github.com/pmpdsim/pmpdsim/traces"
)

// Backend is a model on a device.
type Backend interface {
	// Start makes an empty KV cache for so many positions, prompt and generated tokens together. The sequences of a
	// backend take turns: one runs at a time.
	Start(positions int) (Sequence, error)
	// About says what runs. It does not change.
	About() About
	// Close frees the device, sequences included.
	Close() error
}

// Sequence is one sequence at batch 1. Weight bits are 2 to 8, or 16 for the fp16 weights.
type Sequence interface {
	// Prefill reads the prompt at one precision.
	Prefill(ids []int, bits int) (Pass, error)
	// Decode reads one token at the next position. The token is usually the one that the pass before yielded, which a device
	// still has; any other is put there first.
	Decode(token, bits int) (Pass, error)
	// State is what the last pass left behind.
	State(want Want) (State, error)
}

// Pass is what one pass yields. Times that were not measured are nil.
type Pass struct {
	Token   int     // most likely one; of equal ones the first
	PMax    float64 // its probability
	Entropy float64 // of the distribution, nats
	Margin  float64 // its logit minus the second
	LogP    float64 // ln PMax

	StepNS *int64  // on the device
	WallNS *int64  // as the host saw it
	OpNS   []int64 // of each of Ops, if this pass was taken apart
}

// Want chooses parts of a State: some are large.
type Want struct{ Logits, Cache bool }

// State is what a pass left behind.
type State struct {
	Logits []float32 // [vocab]
	// The KV cache of the last block, keys rotated, [KV heads, positions, head dim] each.
	Keys, Values []float32
	Positions    int
}

// About is what a trace says of the machine.
type About struct {
	Source  traces.Origin
	Mode    traces.Mode // empty on a CPU
	GPU     *traces.GPU
	Kernels *traces.Kernels
	Calib   *traces.Calib
	Launch  func(op int) Launch // of one of Ops; nil on a CPU
	Now     func() time.Duration
}

// Launch is how an op is put on a GPU.
type Launch struct{ Grid, Block [3]int }

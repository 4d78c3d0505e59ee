package traces

// Origin says what the records of a trace are worth: which machine produced them.
type Origin string

// The origins.
const (
	FromGPU       Origin = "gpu"       // measured on a GPU
	FromEmulation Origin = "emulated"  // the GPU kernels, run by the host emulation: tokens and signals hold, times do not
	FromCPU       Origin = "cpu"       // the decode engine on the CPU
	FromSynthesis Origin = "synthetic" // derived from a schedule: nothing was run
)

// Mode says how the steps of a GPU were launched.
type Mode string

// The modes.
const (
	Graph  Mode = "graph"  // one captured graph per precision
	Events Mode = "events" // with events between the kernels, for times per op
	Eager  Mode = "eager"  // kernel by kernel
)

// Stop says why a trace ends.
type Stop string

// The reasons.
const (
	StopEOS       Stop = "eos"       // the model ended its answer
	StopMax       Stop = "max"       // max_new tokens were there
	StopTruncated Stop = "truncated" // the recording was interrupted; what is there is good
)

// SamplingKind says where tok_in of a step comes from.
type SamplingKind string

// The kinds.
const (
	Greedy SamplingKind = "greedy" // the most likely token of the pass before
	Sample SamplingKind = "sample" // drawn from the distribution of the pass before
	Forced SamplingKind = "forced" // given from outside
)

// DType is the element type of raw features.
type DType string

// The element types.
const (
	F16  DType = "f16"
	BF16 DType = "bf16"
	F32  DType = "f32"
)

// Size returns the bytes of one element.
func (d DType) Size() int {
	if d == F32 {
		return 4
	}
	return 2
}

// UnmarshalText accepts the origins and nothing else.
func (v *Origin) UnmarshalText(text []byte) error {
	return choose(v, text, FromGPU, FromEmulation, FromCPU, FromSynthesis)
}

// UnmarshalText accepts the modes and nothing else.
func (v *Mode) UnmarshalText(text []byte) error { return choose(v, text, Graph, Events, Eager) }

// UnmarshalText accepts the reasons and nothing else.
func (v *Stop) UnmarshalText(text []byte) error {
	return choose(v, text, StopEOS, StopMax, StopTruncated)
}

// UnmarshalText accepts the sampling kinds and nothing else.
func (v *SamplingKind) UnmarshalText(text []byte) error {
	return choose(v, text, Greedy, Sample, Forced)
}

// UnmarshalText accepts the element types and nothing else.
func (v *DType) UnmarshalText(text []byte) error { return choose(v, text, F16, BF16, F32) }

// choose sets v to text if it is one of the values.
func choose[T ~string](v *T, text []byte, values ...T) error {
	if err := oneOf(string(text), values...); err != nil {
		return err
	}
	*v = T(text)
	return nil
}

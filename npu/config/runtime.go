package config

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Runtime is the software that hands a pass to the NPU piece by piece, and what it costs. A piece is what is dispatched
// at once: npu/compile cuts a pass into pieces by the class. The time of a dispatch is not hidden by the work of the
// piece before: it begins when that is complete, and the piece's own work begins when it is over.
//
//	ideal      one piece, which costs nothing
//	per-op     a piece is an operator with what is fused behind it: a driver call, or a job of the NPU's queue
//	graph      a piece is the operators of a layer: a compiled graph a layer, and one for what is before and behind
//	gpu-graph  a piece is an operator, as in per-op, but a kernel of a captured graph
type Runtime struct {
	Class        RuntimeClass      `yaml:"class" json:"class"`
	Dispatch     unit.Femtoseconds `yaml:"dispatch" json:"dispatch"`             // of a piece
	HostPerToken unit.Femtoseconds `yaml:"host_per_token" json:"host_per_token"` // after each decode pass: sampling, copies
	Prefetch     Prefetch          `yaml:"prefetch" json:"prefetch"`             // how far loads run ahead of dispatches

	// What a piece of a prefill takes instead of Dispatch: runtimes that change kernels, or sum up a graph anew, for it; 0s: Dispatch.
	PrefillDispatch unit.Femtoseconds `yaml:"prefill_dispatch,omitempty" json:"prefill_dispatch,omitempty" default:"0fs"`

	// What the activations of a product with weights, operands and results, take to be brought into the layout and the number
	// format of the array and back, fp16 a value; 0B/s: nothing.
	Conversion unit.BytesPerSecond `yaml:"conversion,omitempty" json:"conversion,omitempty" default:"0B/s"`
}

// OfPiece returns the time of dispatching a piece of a decode pass, or of a prefill.
func (r Runtime) OfPiece(decode bool) unit.Femtoseconds {
	if !decode && r.PrefillDispatch > 0 {
		return r.PrefillDispatch
	}
	return r.Dispatch
}

// IsZero reports whether the runtime costs nothing: results and fingerprints leave it out.
func (r Runtime) IsZero() bool { return r == Ideal.Default() }

// Default returns the runtime of a class with the class's own figures: what is left of measured decode passes after the
// simulated ones, divided by their pieces (docs/model.md, "Runtimes", has the devices and how well each fits). No class
// has a host of its own: fitted beside a dispatch, its time came out between -1.8 and +0.5 ms, as often below nothing
// as above it.
func (c RuntimeClass) Default() Runtime {
	switch c {
	case PerOp: // RK3588 24.5 us, RK3576 44.6 us (8 bits): the geometric mean
		return Runtime{Class: c, Dispatch: 33 * microsecond, Prefetch: PrefetchOp}
	case Graph: // AX650N 327 us, Kraken XDNA2 282 us, Snapdragon 8 Elite some 400 us a layer: the geometric mean
		return Runtime{Class: c, Dispatch: 330 * microsecond, Prefetch: PrefetchOp}
	case GPUGraph: // A100 with vLLM 9.1 us
		return Runtime{Class: c, Dispatch: 9 * microsecond, Prefetch: PrefetchOp}
	}
	return Runtime{Class: Ideal, Prefetch: PrefetchProgram}
}

const microsecond unit.Femtoseconds = 1e9

// mostDispatch bounds a dispatch and the host's time: more is a machine that hangs.
const mostDispatch = 1000 * 1000 * microsecond

// follow gives a runtime whose class is new the figures of that class, but those that are given.
func (r *Runtime) follow(was Runtime, given func(path string) bool) {
	if r.Class == "" {
		r.Class = Ideal
	}
	if r.Class == was.Class {
		return
	}
	d := r.Class.Default()
	if !given("runtime.dispatch") {
		r.Dispatch = d.Dispatch
	}
	if !given("runtime.host_per_token") {
		r.HostPerToken = d.HostPerToken
	}
	if !given("runtime.prefetch") {
		r.Prefetch = d.Prefetch
	}
	if !given("runtime.prefill_dispatch") {
		r.PrefillDispatch = d.PrefillDispatch
	}
	if !given("runtime.conversion") {
		r.Conversion = d.Conversion
	}
}

func (k *checker) runtime(r Runtime) {
	named(k, "runtime.class", r.Class, RuntimeClasses())
	k.time("runtime.dispatch", r.Dispatch)
	k.time("runtime.prefill_dispatch", r.PrefillDispatch)
	k.time("runtime.host_per_token", r.HostPerToken)
	named(k, "runtime.prefetch", r.Prefetch, Prefetches())
	k.rate("runtime.conversion", r.Conversion)
	if r.Class != Ideal {
		return
	}
	const others = "runtime.class per-op, graph or gpu-graph"
	if r.Dispatch != 0 {
		k.add("runtime.dispatch", fmt.Sprintf("%v, but a runtime of class ideal dispatches nothing; accepted: 0fs, or %s", r.Dispatch, others),
			"runtime.class")
	}
	if r.PrefillDispatch != 0 {
		k.add("runtime.prefill_dispatch", fmt.Sprintf("%v, but a runtime of class ideal dispatches nothing; accepted: 0fs, or %s", r.PrefillDispatch, others),
			"runtime.class")
	}
	if r.HostPerToken != 0 {
		k.add("runtime.host_per_token", fmt.Sprintf("%v, but a runtime of class ideal costs nothing; accepted: 0fs, or %s", r.HostPerToken, others),
			"runtime.class")
	}
	if r.Conversion != 0 {
		k.add("runtime.conversion", fmt.Sprintf("%v, but a runtime of class ideal converts nothing; accepted: 0B/s, or %s", r.Conversion, others),
			"runtime.class")
	}
	if r.Prefetch == PrefetchOp {
		k.add("runtime.prefetch", fmt.Sprintf("%s, but a pass of class ideal is one piece; accepted: program, or %s", r.Prefetch, others),
			"runtime.class")
	}
}

// time checks a time that may be nothing.
func (k *checker) time(path string, v unit.Femtoseconds) {
	if v < 0 || v > mostDispatch {
		k.add(path, fmt.Sprintf("%v is out of range; accepted: 0fs to %v", v, mostDispatch))
	}
}

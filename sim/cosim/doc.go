// Package cosim decodes models for real while the NPU simulates the same passes: the engine decides the precision of
// each pass, and the simulator follows as soon as it is known.
//
// # What it models
//
// Nothing of its own: gpu.Recorder decodes, sim/replay simulates. Run joins them by a channel of passes that never
// fills, so that the engine does not wait for the simulation and its times are those of a recording alone. Of a model with
// experts, the NPU takes those that the engine chooses; its prefill is simulated when the engine's is done.
//
// # What it leaves out
//
// Several models at once, and answers that end early: the simulation of a schedule needs to know how many tokens it is
// for, so that answers have as many tokens as the job says (gpu.Job.IgnoreEOS).
//
// # Contract
//
// A run's result is what sim/replay gives for the run's trace: same bytes.
package cosim

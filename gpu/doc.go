// Package gpu runs Progressive Mixed-Precision Decoding for real and writes down what happened: the traces that the
// simulator replays come from here.
//
// # What it models
//
// Nothing: it runs. A [Backend] holds a model's weights on a device, a [Sequence] is one sequence with its KV cache, and a
// pass of it reads tokens, appends their keys and values and says which token is most likely and how sure that is. Package
// gpu/cuda does this on an NVIDIA GPU, package gpu/cpu on the CPU with the same weights and the same rounding, for small
// models and as the reference. Weights come from package gpu/weights: nested bit-planes with a codebook per row, so that the
// first n planes are the n-bit model, beside the fp16 weights.
//
// [Ops] lists what one decode pass does, as data that every backend walks over and that becomes the ops table of the trace.
// A [Recorder] is the decode loop: prefill, then pass after pass at the precision that the schedule chooses from what it has
// seen so far. It is a traces.Source, so a live run is followed as a file is read.
//
//	weights ──► backend ──► Recorder ──► records ──► file, and the simulator (cosim)
//	                           ▲
//	            schedule ──────┘ signals of the passes done
//
// # What it leaves out
//
// Batches, sampling other than greedy, multi-GPU, tokenizers: a trace needs token numbers only.
//
// # Adding one more
//
// A backend implements Backend and Sequence and walks over Ops; the tests that hold gpu/cpu and gpu/cuda against each other
// take it, too. A family of models is a case in gpu/weights; an op that none has yet is a [Kind] with a case in each backend.
package gpu

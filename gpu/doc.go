// Package gpu runs Progressive Mixed-Precision Decoding for real and writes down what happened: the traces that the
// simulator replays come from here.
//
// # What it models
//
// Nothing: it runs. A [Backend] holds a model's weights on a device. A [Sequence] is one sequence with its KV cache: a
// pass reads tokens, appends their keys and values, and returns the most likely token with its probability. Package
// gpu/cuda does this on an NVIDIA GPU. Package gpu/cpu does it on the CPU with the same weights and the same rounding,
// for small models and as the reference. Weights come from package gpu/weights: nested bit-planes with a codebook per
// row, of which the first n planes are the n-bit model, and the fp16 weights. Package gpu/tokens turns the text of a
// prompt into token numbers and back.
//
// [Ops] lists what one decode pass does, as data: every backend walks over it, and it becomes the ops table of the
// trace. It is the model's list of operators (package workloads/ops), with operators merged that one kernel computes,
// so that measured times can be compared with the NPU's operator by operator (ops.Join). A [Recorder] is the decode
// loop: prefill, then pass after pass at the precision that the schedule chooses from the passes so far. It is a
// traces.Source, so the simulator can follow a live run as it reads a file.
//
//	weights ──► backend ──► Recorder ──► records ──► file, and the simulator (cosim)
//	                           ▲
//	            schedule ──────┘ signals of the passes done
//
// # What it leaves out
//
// Batches on a GPU (a [Scorer] there reads one sequence after the other), sampling other than greedy or by a temperature,
// several GPUs. The CPU runs passes of several sequences ([Scorer]), whose logits measures of quality are made of; a
// recording has one.
//
// # Adding one more
//
// A backend implements Backend and Sequence and walks over Ops; [Compare] checks it against another one. A model family
// is a case in gpu/weights. A new op is an operator in workloads/ops, its case in Ops, and a [Kind] with a case in
// gpu/cpu, gpu/cuda and [Table].
package gpu

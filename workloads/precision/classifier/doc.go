// Package classifier runs the network by which PMPD's learned scheduler decides how long high precision is needed, on
// the keys and values of a model's last block (SamsungLabs/PMPD @909cdf9,
// pmpd/modules/scheduler/kv_cache_scheduler.py).
//
// # What it models
//
// A Net has the weights of one model's classifier; a KV the cache that it reads. Both come from safetensors files: a
// Net under the names of PMPD's state dictionary, a KV as the recorder writes it beside a trace. The scores that come
// out are what a learned schedule decides on (precision.Signals.KV).
//
// # What it leaves out
//
// The loop of training, which is gpu/learn's: here are gradients. The network on the last hidden state
// (act_scheduler.py): its scores are recorded. What running a classifier costs on the NPU: precision.Cost.
//
// # Contract
//
// Scores is a pure function. Inputs and weights are fp32 as in PMPD, sums fp64; testdata/kv_classifier.py, in plain
// Python, gives the same to 1e-12. Gradients equal PyTorch's (gpu/learn/testdata/step.py).
//
// # Adding one more
//
// A network: a type with its own Read and Scores, and the signal that its scores become in precision.Signals.
package classifier

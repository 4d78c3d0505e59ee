// Package eval measures what lower precisions cost in quality: how a model under a schedule compares with its fp16 weights
// over the same text.
//
// # What it models
//
// Nothing: it measures. Two kinds of runs say different things:
//
//   - teacher-forced: the model reads a text that people wrote, whatever it would have said itself. Bits per token is how
//     surprised it is by the text; KL is how far its distribution is from fp16's after the same tokens; agreement is how often
//     the most likely token is the same.
//   - greedy: the model continues a prompt, token by token, reading its own. ROUGE-L and the exact prefix compare the
//     continuation with fp16's.
//
// A value is measured prompt by prompt; Bootstrap gives the mean over prompts and an interval around it. docs/quality.md
// defines the measures.
//
// # Contract
//
// Measures are pure functions. Oracles: rouge-score 0.1.2 and NumPy (testdata/measures.py).
package eval

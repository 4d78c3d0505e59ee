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
// Run evaluates schedules on the same prompts, many side by side. The prompt is read at prefill's bits; decode pass n reads token
// n of the continuation at the bits that the schedule gives it, asked as gpu.Recorder asks it: from the signals of the passes
// before. Bits of written continuations that are known in advance are read many tokens at a time.
//
// # What it leaves out
//
// Tasks with right answers: what is measured is how far a model is from its own fp16. Sampling. Answers have as many
// tokens as were asked for, also where the model would end them.
//
// # Contract
//
// Measures are pure functions; an outcome depends on its prompt, the schedule and the model alone, not on which prompts run
// together. Oracles: rouge-score 0.1.2 and NumPy for the measures (testdata/measures.py), NumPy for a model under a schedule
// (testdata/passes.py); gpu.Recorder, and passes token by token.
package eval

// Package learn teaches the classifier that PMPD's learned scheduler asks, for a model that runs here (arXiv 2410.13461;
// SamsungLabs/PMPD @909cdf9, pmpd/train).
//
// # What it models
//
// An [Example] is a prompt: what the classifier sees of the last block's cache after decode pass 1, and how good its
// continuation was with each of the four switch points (ROUGE-L against the continuation in fp16). The right class is the
// earliest switch that is as good as no switch at all, in three digits: PMPD's label. [Train] learns the classes: classes of the
// training part drawn equally often, cross entropy, Adam over sums of some examples, dropout of the attention, as in PMPD. A
// [Judgement] says how well it does on prompts that it has not seen, beside always guessing the most frequent class and beside
// switching at one point for all prompts.
//
//	prompts, decoded in fp16 and under each switch ──► Examples ──► Train ──► classifier.Net, Report
//
// # What differs from PMPD
//
//   - PMPD applies the cross entropy to scores that are softmaxed already; here to the scores themselves.
//   - PMPD trains on the cache of the prompt alone, and asks with one token more; here both have that token.
//   - Class-balanced means that examples of rarer classes are repeated until all classes are as frequent as the most frequent
//     one; what is left over after whole repetitions is drawn.
//
// # What it leaves out
//
// The search over hyperparameters (PMPD: 100 trials of hyperopt): they are options. The classifier of hidden states.
//
// # Contract
//
// The same examples and options give the same bytes, whatever the number of workers: slopes of examples are computed side by
// side and added up in order. testdata/step.py, in PyTorch, gives the same gradients and the same step of Adam to 1e-6.
package learn

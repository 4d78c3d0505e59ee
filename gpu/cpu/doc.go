// Package cpu runs passes on the CPU: the same ops, weights and KV cache as gpu/cuda, for small models and as the
// reference for the GPU's kernels.
//
// Values are rounded to binary16 where the kernels store them, and summed in fp32 as there. The order of the sums
// differs, and the kernels add a few products in binary16. Results therefore agree to some 1e-3, and tokens unless two
// are that close. The order of a sum is fixed, and products have the same bits on every machine ([dot]): results do not depend on
// the number of workers, nor on which sequences share a pass.
//
// Products are a library's scalar products over blocks of rows, which become fp32 once for all tokens of a pass (ADR 41): a
// prompt, a text that is read for its logits ([gpu.Scorer]) and many sequences side by side cost a fraction of as many passes of
// one token. Widths are unpacked once and kept, where memory allows ([Need]).
//
// It runs every family whose tensors package weights can name; tests hold its logits against those of transformers.
// It leaves out AVX-512 and the BLAS of the system; attention over a long cache is a loop over positions.
package cpu

// Package compile turns one prefill or one decode step of a model into an isa.Program for one NPU.
//
// It decides three things. Where everything lies in DRAM: an Image, built once per model and set of precisions, with
// nested bit-planes or packed codes (layout.go), one codebook region per precision, the fp16 parts, the KV cache and room
// for spilled activations. How each operator is cut into tiles that fit the scratchpad twice over, so that the DMA can
// fetch one while the array works on another. And what waits for what.
//
// In decode all activations stay on chip. In prefill they do if the working set of all tokens fits into half of the
// scratchpad; otherwise each operator reads its input from DRAM and writes its output there, operators unfused, and
// each matrix product keeps either a block of activations or a block of weights on chip, whichever moves fewer bytes. Spilled activations lie blocked by the
// tiles that made them, so that a tile's output is one contiguous write.
// Attention works in blocks of queries and chunks of context with online softmax when the scores of the whole context
// do not fit.
//
// Left out: fusion of vector operators into their neighbours, tiles cut along K, batches, more than one core.
package compile

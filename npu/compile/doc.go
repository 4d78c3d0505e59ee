// Package compile turns one prefill or one decode step of a model into an isa.Program for one NPU.
//
// It decides four things. Where everything lies in DRAM: an Image, built once per model and set of precisions, with
// nested bit-planes or packed codes (layout.go), one codebook region per precision, the fp16 parts, the KV cache of every
// sequence and core, and room for spilled activations. How each operator is cut into tiles that fit the scratchpad twice
// over, so that the DMA can fetch one while the array works on another (tiling.go, search.go). How cores share it
// (cores.go). And what waits for what.
//
// Activations stay on chip if the working set of all tokens of a prompt, or of all sequences of a batch, fits into half of the
// scratchpad; otherwise each operator reads its input from DRAM and writes its output there, and each matrix product keeps
// either blocks of activations or tiles of weights on chip, as a search over the legal tilings has it. Spilled activations
// lie blocked by the tiles that made them, so that a tile's output is one contiguous write. The cost model of the search decides only: what a
// tiling takes is simulated. A plan.Choice says what was decided and why.
//
// With fusion, functions element by element run behind the tiles of the product before them; without, each is an operator of
// its own. Attention works in blocks of queries and chunks of context with online softmax when the scores of the whole context
// do not fit.
//
// Left out: tiles cut along K, norms and conversions behind a product, orders of the operators other than the model's,
// sequences of different lengths in a batch.
package compile

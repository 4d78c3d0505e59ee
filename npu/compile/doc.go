// Package compile turns one prefill or one decode step of a model into an isa.Program for one NPU.
//
// # What it models
//
// It walks over the operators of the model (package workloads/ops) and decides four things:
//
//   - Where everything lies in DRAM: an image, built once per model and set of precisions, with nested bit-planes or packed
//     codes (layout.go), one codebook region per precision, the fp16 parts, the KV cache of every sequence and core, and room
//     for activations that do not fit on chip (activations.go).
//   - Which operators run as one, and where the cores exchange their parts (operators.go, cores.go).
//   - How each operator is cut into tiles that fit the scratchpad twice over, so that the DMA can fetch one while the array
//     works on another (tiling.go, search.go).
//   - What waits for what (program.go).
//
// Activations stay on chip if those of all tokens of a prompt, or of all sequences of a batch, fit into half of the
// scratchpad. Otherwise each operator reads its input from DRAM and writes its output there, and each matrix product
// keeps either blocks of activations or tiles of weights on chip: a search over the legal tilings chooses. Activations
// in DRAM are blocked by the tiles that made them, so that a tile's output is one contiguous write. The search's cost
// model only decides; the time of a tiling is simulated. A plan.Choice says what was decided and why.
//
// With fusion, functions element by element run behind the tiles of the product before them; without, each is an
// operator of its own. Attention works in blocks of queries and chunks of context, with online softmax when the scores
// of the whole context do not fit. The softmax of a chunk that the array takes at once runs behind it and counts for scores.
//
// Latent attention (latent.go) attends to expanded keys and values in a prompt, to what is cached in a decode pass, where the
// cores share positions or sequences instead of heads.
//
// # What it leaves out
//
// Tiles cut along K, norms and conversions behind a product, orders of the operators other than the model's, sequences
// of different lengths in a batch.
//
// # Contract
//
// A Compiler does not change after New. The same job gets the same programs.
//
// # Adding one more
//
// An operator of a model: its kind in builder.emit (program.go), and its weights in placeWeights (operators.go) and
// image.go. A layout of weights: layout.go, and its name in npu/config. An operator of the machine alone: a name in
// operators.go.
package compile

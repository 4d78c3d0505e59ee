// Package weights holds a model's weights as the decode engine runs them: fp16, and nested bit-planes with a codebook
// per row, of which the first n planes are the n-bit model (Any-Precision LLM, arXiv 2402.10517; PMPD, arXiv
// 2410.13461).
//
// A [Source] yields them block by block, from a folder with config.json and safetensors or PyTorch's checkpoints, or a
// GGUF file ([Open]), or random in the model's true shapes ([Random]), so that a model need not fit into the host's
// memory. Matrices that read the same vector lie one below the other: rows of q, k and v in one matrix, of gate and up
// in another. Every row is quantised by itself, so that changes nothing. [Sensitivities] may weigh its errors.
//
// # Layout
//
// Plane j holds bit 7-j of each 8-bit code, so the first n planes are the n-bit code. A plane is [rows][In/32] words of
// 32 bits. Within a row, columns come in groups of 1,024; a group of 32·L columns (L = 32, or what is left in the last
// one) is L words, one per lane of a warp. Lane l has the columns
//
//	column(p) = 1024·group + (p/8)·8L + 8l + p%8,  p = 0…31
//
// and column p is at bit 16·(p/4%2) + 4·(p%4) + p/8 of its word: one shift and mask yields eight codes in eight
// nibbles, whose activations are 16 consecutive bytes. In must be a multiple of 32.
//
// # What it leaves out
//
// Checkpoints that are quantised already (GPTQ, AWQ), but GGUF files and Any-Precision's; adapters; families whose tensors have
// no names here, which [Load] refuses. A backend may refuse more.
//
// # Contract
//
// A Source is plain data: the same block asked for twice has the same bytes, on every machine and with any number of
// processors. Values are finite. Random weights are the same wherever Go runs, which a test holds by their hash; change
// how they are made only together with randomVersion. Files must not change while they are open.
//
// Quantising takes about 0.5 ms a row of 4,096 columns, some 8 million weights a second on each core, so a quarter of an hour of
// one core for 7 billion; random weights take a tenth of that. A [Cache] keeps planes on disk, if there is one ([QuantiseBy]).
//
// # Adding one more
//
// A family of package workloads: the names of its tensors (namesOf in names.go), a case in
// gpu/cpu/testdata/transformers/make.py, which makes its golden, and lines in gpu/cpu/transformers_test.go that leave
// out what is its own. Saving its models (gputest/write.go) makes a line in TestFoldersHoldWhatWasWritten possible.
package weights

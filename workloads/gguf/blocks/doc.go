// Package blocks turns the blocks of a GGUF tensor into the numbers that they stand for.
//
// A block is 32 or 256 weights with their scales (package gguf has the sizes). What its bytes mean is ggml's:
// ggml-org/ggml, structs of src/ggml-common.h and dequantize_row_* of src/ggml-quants.c.
//
// # What it leaves out
//
// Types that look their weights up in a grid of vectors (IQ1 to IQ3), and integers, which hold no weights: [Reads] tells.
// Quantising.
//
// # Contract
//
// Values are those of gguf 0.19.0, llama.cpp's own library in Python, bit by bit: products and sums are rounded to binary32 in
// its order. A test compares all types.
//
// # Adding one more
//
// A row in table (blocks.go), and its function beside those of its kind.
package blocks

// Package gguf reads the container of GGUF files: llama.cpp's models, with their metadata and weights in one file.
//
//	"GGUF" | version | number of tensors | number of keys | keys with values | name, shape, type and place of each tensor | weights
//
// All numbers are little-endian (ggml-org/ggml, docs/gguf.md, versions 2 and 3). A tensor's weights are blocks of its type
// (Type), each with its scales. A model may be cut into several files (NAME-00001-of-00003.gguf); Open reads all of them.
//
// # What it leaves out
//
// Version 1 and files for big-endian machines, which are refused by name; what blocks hold (workloads/formats has the bits,
// package gpu/weights the values); nested arrays in metadata, which no model has.
//
// # Contract
//
// Open reads what is in front of the weights, up to the limit of its kind; values are read when they are looked at, a piece at
// a time. Lengths and counts of a file are checked against what is left of it before anything is made for them. Tensors
// neither overlap nor lie outside of the file. Errors name the file and the key or the tensor.
//
// # Adding one more
//
// A type of weights: a row in types.go, with the place of its layout in ggml.
package gguf

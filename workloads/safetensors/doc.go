// Package safetensors reads and writes arrays of numbers in the safetensors format, for model weights, classifiers and
// caches:
//
//	8 bytes: length n of the header | n bytes: header, JSON with name, type, shape and place of each tensor | values
//
// The parsing is that of github.com/nlpodyssey/safetensors, which refuses gaps, overlaps and sizes that do not fit.
//
// # What it leaves out
//
// Types other than F32, F16 and BF16; scalars of no dimension are tensors of one value; the header's metadata.
//
// # Contract
//
// Open maps a file: opening takes no longer for 100 GB than for 1 kB, and values are read when they are looked at. A
// tensor's values are valid until its file is closed. Errors name the file and the tensor.
//
// # Adding one more
//
// A type: a constant, its place in read and Size, and its conversions in At and New.
package safetensors

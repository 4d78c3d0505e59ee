// Package safetensors reads and writes arrays of numbers in the safetensors format, for model weights, classifiers and
// caches, in folders or among the files that the program carries:
//
//	8 bytes: length n of the header | n bytes: header, JSON with name, type, shape and place of each tensor | values
//
// The JSON is read by github.com/nlpodyssey/safetensors; gaps, overlaps and sizes that do not fit are refused.
//
// # What it leaves out
//
// Types other than F32, F16 and BF16, F8_E5M2, which is not written, and I32 as bytes; scalars of no dimension are tensors of one value; the header's metadata.
//
// # Contract
//
// Open reads a file's header: opening takes no longer for 100 GB than for 1 kB. Values are read when they are looked at, a
// piece at a time, from the file as it then is: one that was cut short in the meantime is an error, not a crash, which is why
// files are not mapped. Errors name the file and the tensor.
//
// # Adding one more
//
// A type: a constant, its place in read and Size, and its conversions in at and New.
package safetensors

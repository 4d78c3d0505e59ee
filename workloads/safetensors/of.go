package safetensors

import "io"

// Of returns a tensor of values that lie in another kind of file, from a place in it on, as a safetensors file has them:
// little-endian, the last index first. The shape has 1 or more each.
func Of(name, file string, t Type, shape []int, in io.ReaderAt, at int64) *Tensor {
	return &Tensor{Name: name, File: file, Type: t, Shape: shape, in: in, at: at}
}

package classifier

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
	"github.com/pmpdsim/pmpdsim/workloads/tiny"
)

// array is the values of one tensor.
type array struct {
	shape  []int
	values []float32
}

// ofTiny is the file in package tiny with the classifier of the model that the program carries.
const ofTiny = "learned.safetensors"

// open opens a file, or that of the model that the program carries by the model's name.
func open(path string) (*safetensors.File, error) {
	if path == workloads.TinyModel {
		return safetensors.OpenFS(tiny.Files(), ofTiny)
	}
	return safetensors.Open(path)
}

// read returns the tensors of a file by name, all of them and no others, and the file's SHA-256.
func read(path string, names ...string) (found []array, sha256 string, err error) {
	f, err := open(path)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = f.Close() }() // the values are copies
	for _, name := range names {
		i := slices.IndexFunc(f.Tensors, func(t *safetensors.Tensor) bool { return t.Name == name })
		if i < 0 {
			return nil, "", fmt.Errorf("%s: tensor %q is missing; accepted: %s", path, name, strings.Join(names, ", "))
		}
		values, err := f.Tensors[i].Values()
		if err != nil {
			return nil, "", err
		}
		found = append(found, array{f.Tensors[i].Shape, values})
	}
	for _, t := range f.Tensors {
		if !slices.Contains(names, t.Name) {
			return nil, "", t.Errorf("is not known; accepted: %s", strings.Join(names, ", "))
		}
	}
	sha256, err = f.SHA256()
	return found, sha256, err
}

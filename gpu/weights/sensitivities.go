package weights

import (
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// Sensitivities say how much each weight of a model matters: the mean of squared gradients of the loss over calibration text, the
// diagonal of Fisher's information, by which Any-Precision and SqueezeLLM (arXiv 2306.07629) weigh what quantising changes. They
// are tensors of a safetensors file, by the names and in the shapes of those that they are about. As only ratios within a row
// matter (QuantiseOptions), a file may scale each tensor to what its type holds.
type Sensitivities struct {
	file    *safetensors.File
	tensors map[string]*safetensors.Tensor
}

// OpenSensitivities opens a file of them.
func OpenSensitivities(path string) (*Sensitivities, error) {
	return sensitivitiesOf(safetensors.Open(path))
}

// OpenSensitivitiesFS opens a file among those that the program carries.
func OpenSensitivitiesFS(in fs.FS, name string) (*Sensitivities, error) {
	return sensitivitiesOf(safetensors.OpenFS(in, name))
}

func sensitivitiesOf(file *safetensors.File, err error) (*Sensitivities, error) {
	if err != nil {
		return nil, err
	}
	s := &Sensitivities{file: file, tensors: map[string]*safetensors.Tensor{}}
	for _, t := range file.Tensors {
		s.tensors[t.Name] = t
	}
	return s, nil
}

// Path is what the file was opened by.
func (s *Sensitivities) Path() string { return s.file.Path }

// SHA256 is that of the file.
func (s *Sensitivities) SHA256() (string, error) { return s.file.SHA256() }

// Close closes the file.
func (s *Sensitivities) Close() error { return s.file.Close() }

// find returns the sensitivities of a tensor, by the name that the checkpoint has for it or that of transformers.
func (s *Sensitivities) find(f *folder, name string) *safetensors.Tensor {
	if t := s.tensors[f.called[name]]; t != nil {
		return t
	}
	return s.tensors[name]
}

// check compares the tensors with those of the model, and looks at all values that will be asked for. Those of matrices that stay
// in fp16 may be there.
func (s *Sensitivities) check(f *folder) error {
	known := map[string]bool{}
	for _, t := range f.model.Tensors() {
		known[t.Name], known[f.called[t.Name]] = true, true
	}
	known[f.model.names().head+".weight"] = true
	for _, name := range slices.Sorted(maps.Keys(s.tensors)) {
		if !known[name] {
			return s.tensors[name].Errorf("has no place in a %s model of %d layers; accepted: sensitivities of this model's weights", f.model.Family, f.model.Layers)
		}
	}
	for layer := range f.model.Layers {
		names := f.model.names().at(layer)
		for _, of := range f.model.shapes(layer) {
			if of.fixed {
				continue
			}
			for expert := range max(1, of.copies) {
				for _, p := range f.model.pieces(names, &of, expert) {
					if p.stacked > 0 && expert > 0 {
						continue // it was looked at with the first
					}
					if err := s.checkTensor(f, p.weight(of.in)); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// checkTensor looks at the sensitivities of one tensor of the model.
func (s *Sensitivities) checkTensor(f *folder, want Tensor) error {
	t := s.find(f, want.Name)
	if t == nil {
		return fmt.Errorf("%s: tensor %q is missing; accepted: sensitivities of all matrices of the model's blocks", s.file.Path, want.Name)
	}
	if !slices.Equal(t.Shape, want.Shape) {
		return t.Errorf("has the shape %v; accepted: %v, that of the weights", t.Shape, want.Shape)
	}
	return split(t.Len(), 1<<12, func(from, to int) error {
		return t.Floats(from, to, func(at int, values []float32) error {
			for i, v := range values {
				if x := float64(v); !(x >= 0) || math.IsInf(x, 1) {
					return t.Refuse(at+i, v, "finite numbers that are not negative")
				}
			}
			return nil
		})
	})
}

// matrix reads those of a matrix, in the order of its rows.
func (s *Sensitivities) matrix(f *folder, m *Matrix, pieces []piece, expert int) ([]float32, error) {
	all := make([]float32, 0, m.Out*m.In)
	for _, p := range pieces {
		t := s.find(f, p.weight(m.In).Name)
		if t == nil {
			return nil, fs.ErrClosed // check has seen it
		}
		from, to := 0, t.Len()
		if p.stacked > 0 {
			from, to = expert*p.rows*m.In, (expert+1)*p.rows*m.In
		}
		values := make([]float32, to-from)
		err := split(len(values), 1<<12, func(low, high int) error {
			return t.Floats(from+low, from+high, func(at int, some []float32) error {
				copy(values[at-from:], some)
				return nil
			})
		})
		if err != nil {
			return nil, err
		}
		if p.columns {
			values = transposed(values, m.In)
		}
		all = append(all, arranged(&p, values, m.In)...)
	}
	return all, nil
}

package weights

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// Tensor is one array of a model by the name that transformers gives it, without its values.
type Tensor struct {
	Name  string
	Shape []int
}

// piece is a tensor that has rows of a matrix.
type piece struct {
	name    string
	rows    int
	bias    bool
	order   func(row int) int // where a row lies; nil: at its place
	columns bool              // it has a row for each input
	shift   string            // of the bias; "": that of the tensor
	all     int               // rows that it has; 0: those of the matrix
	bare    bool              // its name has no .weight
	stacked int               // it has the rows of so many experts, one after another; 0: of one matrix
}

// pieces are the tensors of a matrix, of an expert where there are several, from its top row to its bottom.
func (m *Model) pieces(n names, s *shape, expert int) []piece {
	if f, ok := n.fused[s.name]; ok {
		p := piece{name: f.name, rows: s.out, bias: s.bias, columns: n.columns || f.columns, stacked: s.copies,
			bare: f.columns}
		if f.order != nil {
			p.order = f.order(m)
		}
		if f.all != nil {
			p.all = f.all(m)
		}
		return []piece{p}
	}
	var all []piece
	for _, p := range s.parts {
		name := strings.ReplaceAll(n.parts[p.Name], "%e", fmt.Sprint(expert))
		all = append(all, piece{name: name, rows: p.Out, bias: p.Bias, columns: n.columns,
			shift: n.parts[p.Name+".bias"]})
	}
	return all
}

// weight is the tensor of a piece's weights.
func (p *piece) weight(in int) Tensor {
	t := Tensor{p.name + ".weight", []int{max(p.rows, p.all), in}}
	switch {
	case p.columns && p.stacked > 0:
		t.Shape = []int{p.stacked, in, p.rows}
	case p.columns:
		t.Shape = []int{in, p.rows}
	case p.stacked > 0:
		t.Shape = []int{p.stacked, p.rows, in}
	}
	if p.bare {
		t.Name = p.name
	}
	return t
}

// biases is the name of the tensor of a piece's bias.
func (p *piece) biases() string { return cmp.Or(p.shift, p.name+".bias") }

// NormShape is a norm of a block before there are values.
type NormShape struct {
	Operator string // package ops' name
	Width    int
	Shift    bool
	Heads    int // that have weights of their own; 0: those of the norm are one vector
}

// Norms are those of a layer that have weights, in the order of its operators.
func (m *Model) Norms(layer int) []NormShape {
	var all []NormShape
	for _, o := range ops.Step(m.Model) {
		if o.Layer != layer || o.Kind != ops.Norm && o.Kind != ops.HeadNorm || o.Params == 0 {
			continue
		}
		s := NormShape{Operator: o.Name, Width: o.Width / max(1, o.Heads)}
		if o.Kind == ops.HeadNorm && m.QKNormKind == workloads.OwnNorms {
			s.Width, s.Heads = o.Width, o.Heads
		}
		s.Shift = o.Params == 2*int64(s.Width)
		all = append(all, s)
	}
	return all
}

// tensors are those of a norm: weights, and shifts.
func (s *NormShape) tensors(name string) (scale, shift []Tensor) {
	switch {
	case strings.Contains(name, "%h"):
		for head := range s.Heads {
			scale = append(scale, Tensor{strings.ReplaceAll(name, "%h", fmt.Sprint(head)) + ".weight",
				[]int{s.Width / s.Heads}})
		}
	case s.Heads > 0:
		scale = append(scale, Tensor{name + ".weight", []int{s.Heads, s.Width / s.Heads}})
	case s.Width > 0:
		scale = append(scale, Tensor{name + ".weight", []int{s.Width}})
	}
	if s.Shift {
		shift = append(shift, Tensor{name + ".bias", []int{s.Width}})
	}
	return scale, shift
}

// wide is a norm of the residual stream outside the blocks. It may have no weights.
func (m *Model) wide(operator string) NormShape {
	s := NormShape{Operator: operator, Shift: m.Norm == workloads.LayerNorm}
	if m.Norm.Params(m.Hidden) > 0 {
		s.Width = m.Hidden
	}
	return s
}

// Tensors returns all that the model has, but a tied head: the embeddings, the blocks one after another, the final norm,
// the head. In a block, norms come first in the order of its operators, then the parts of its matrices from the top row
// to the bottom, in the order of Block; a bias follows its matrix, a shift its norm.
func (m *Model) Tensors() []Tensor {
	n := m.names()
	list := []Tensor{{n.embedding + ".weight", []int{m.Vocab, m.Hidden}}}
	norm := func(name string, s NormShape) {
		scale, shift := s.tensors(name)
		list = append(append(list, scale...), shift...)
	}
	if m.LearnedPositions > 0 {
		list = append(list, Tensor{n.positions + ".weight", []int{m.LearnedPositions, m.Hidden}})
	}
	if m.EmbedNorm {
		norm(n.embedNorm, m.wide("embed_norm"))
	}
	for layer := range m.Layers {
		names := n.at(layer)
		for _, s := range m.Norms(layer) {
			norm(names.parts[s.Operator], s)
		}
		for _, s := range m.shapes(layer) {
			for expert := range max(1, s.copies) {
				for _, p := range m.pieces(names, &s, expert) {
					t := p.weight(s.in)
					if p.stacked > 0 && expert > 0 || p.all > 0 && list[len(list)-1].Name == t.Name {
						continue // it is there already
					}
					list = append(list, t)
					if p.bias {
						list = append(list, Tensor{p.biases(), []int{p.rows}})
					}
				}
			}
		}
	}
	norm(n.norm, m.wide("final_norm"))
	if !m.Tied {
		list = append(list, Tensor{n.head + ".weight", []int{m.Vocab, m.Hidden}})
	}
	if m.HeadBias {
		list = append(list, Tensor{n.head + ".bias", []int{m.Vocab}})
	}
	return list
}

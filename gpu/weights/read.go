package weights

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// adopt gives the tensors of a folder the names that their family has: those of a model without its head, which lack the
// first part, and those of the text part of a multimodal one, whose other parts are left out.
func (f *folder) adopt() {
	first, _, _ := strings.Cut(f.model.names().embedding, ".")
	under := []string{"language_model.", "model.language_model."}
	multimodal := f.model.TextOf != ""
	_, whole := f.tensors[f.model.names().embedding+".weight"]
	f.called = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(f.tensors)) {
		t, to := f.tensors[name], name
		switch {
		case name == f.model.names().head+".weight":
		case multimodal && strings.HasPrefix(name, under[1]):
			to = first + "." + strings.TrimPrefix(name, under[1])
		case multimodal && strings.HasPrefix(name, under[0]):
			to = strings.TrimPrefix(name, under[0])
		case multimodal && (!whole || !strings.HasPrefix(name, first+".")):
			to = ""
		case !whole:
			to = first + "." + name
		}
		delete(f.tensors, name)
		if to != "" {
			f.tensors[to], f.called[to] = t, name
		}
	}
}

// follows reports whether a tensor holds what follows from config.json: angles, masks. Files of older versions have them.
func follows(name string) bool {
	for _, end := range []string{".rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias", ".attention.bias",
		".attention.masked_bias",
		".attn.causal_mask"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// reader keeps the first error of many tensors.
type reader struct {
	*folder
	err   error
	stack map[string][]uint16 // of all experts
}

func (r *reader) values(name string) []uint16 {
	if r.err != nil {
		return nil
	}
	t, ok := r.tensors[name]
	if !ok {
		r.err = fmt.Errorf("tensor %q: the weights are closed", name) // Open has seen it
		return nil
	}
	var out []uint16
	out, r.err = halves(t)
	return out
}

// matrix reads the rows of a matrix from top to bottom.
func (r *reader) matrix(to *Matrix, pieces []piece, expert int) {
	for _, p := range pieces {
		to.Half = append(to.Half, arranged(&p, r.rows(&p, to.In, expert), to.In)...)
		if p.bias {
			to.Bias = append(to.Bias, arranged(&p, r.values(p.biases()), 1)...)
		}
	}
}

// rows reads the values of a piece as they lie.
func (r *reader) rows(p *piece, in, expert int) []uint16 {
	name := p.weight(in).Name
	if p.stacked == 0 {
		values := r.values(name)
		if p.columns && r.err == nil {
			return transposed(values, in)
		}
		return values
	}
	if r.stack[p.name] == nil {
		if r.stack == nil {
			r.stack = map[string][]uint16{}
		}
		r.stack[p.name] = r.values(name)
	}
	if r.err != nil {
		return nil
	}
	size := p.rows * in
	values := r.stack[p.name][expert*size : (expert+1)*size]
	if p.columns {
		return transposed(values, in)
	}
	return values
}

// transposed turns rows by inputs into rows by outputs.
func transposed[T any](values []T, in int) []T {
	out := make([]T, len(values))
	rows := len(values) / in
	for i, v := range values {
		out[i%rows*in+i/rows] = v
	}
	return out
}

// arranged puts rows of so many values into the order of the matrix.
func arranged[T any](p *piece, values []T, in int) []T {
	if p.order == nil || len(values) == 0 {
		return values
	}
	out := make([]T, 0, len(values))
	for row := range p.rows {
		from := p.order(row) * in
		out = append(out, values[from:from+in]...)
	}
	return out
}

func (r *reader) norm(name string, s NormShape) (n Norm) {
	scale, shift := s.tensors(name)
	for _, t := range scale {
		n.Scale = append(n.Scale, r.values(t.Name)...)
	}
	for _, t := range shift {
		n.Shift = append(n.Shift, r.values(t.Name)...)
	}
	return n
}

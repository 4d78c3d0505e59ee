package formats

import (
	"fmt"
	"slices"
	"strings"
)

// Stored says in which formats a model's file holds its matrices. What it does not name has the default if it is a matrix of a
// block, else it is fp16.
type Stored struct {
	Method  string `json:"method"`           // of quantisation: gptq, awq, …; or gguf
	Default Format `json:"default,omitzero"` // of the matrices of blocks
	Parts   []Part `json:"parts,omitempty"`  // exceptions
	Unread  string `json:"unread,omitempty"` // why the formats are not known: the file's precision cannot be taken
}

// Part is a matrix of some layers.
type Part struct {
	Matrix string `json:"matrix"`         // by its name in workloads; Head, Embedding
	First  int    `json:"first,omitzero"` // layer
	Last   int    `json:"last,omitzero"`
	Format Format `json:"format,omitzero"`
}

// Matrices outside of blocks. Their layer is Outside.
const (
	Head      = "lm_head"
	Embedding = "embed_tokens"
	Outside   = -1
)

// At returns the format of a matrix of a layer. A model without a file's formats has fp16.
func (s *Stored) At(layer int, matrix string) Format {
	if s == nil || s.Unread != "" {
		return Format{}
	}
	for i := range s.Parts {
		if p := &s.Parts[i]; p.Matrix == matrix && (layer == Outside || p.First <= layer && layer <= p.Last) {
			return p.Format
		}
	}
	if layer == Outside {
		return Format{}
	}
	return s.Default
}

// Collect finds out which format each matrix has: those of each layer's list, then those outside. The format that most matrices
// of blocks have becomes the default.
func Collect(method string, layers int, matrices func(layer int) []string, at func(layer int, matrix string) Format) *Stored {
	s := &Stored{Method: method}
	count := map[Format]int{}
	last := map[string]int{} // part of a matrix that goes on, if the next layer has its format
	cells := make([]map[string]Format, layers)
	for l := range layers {
		cells[l] = map[string]Format{}
		for _, m := range matrices(l) {
			f := at(l, m)
			cells[l][m] = f
			if count[f]++; count[f] > count[s.Default] {
				s.Default = f
			}
		}
	}
	for l := range layers {
		for _, m := range matrices(l) {
			f := cells[l][m]
			i, open := last[m]
			switch {
			case f == s.Default:
				delete(last, m)
			case open && s.Parts[i].Format == f:
				s.Parts[i].Last = l
			default:
				last[m] = len(s.Parts)
				s.Parts = append(s.Parts, Part{m, l, l, f})
			}
		}
	}
	for _, m := range []string{Embedding, Head} {
		if f := at(Outside, m); !f.IsFP16() {
			s.Parts = append(s.Parts, Part{Matrix: m, Format: f})
		}
	}
	return s
}

// Formats returns the formats that any matrix has, the default first.
func (s *Stored) Formats() []Format {
	all := []Format{s.Default}
	for _, p := range s.Parts {
		if !slices.Contains(all, p.Format) {
			all = append(all, p.Format)
		}
	}
	return all
}

// String says in words what the file holds.
func (s *Stored) String() string {
	if s.Unread != "" {
		return s.Method
	}
	var texts []string
	for _, f := range s.Formats() {
		text := f.String()
		if f.Name != "" && !f.IsFP16() {
			text = f.Name
		} else if !f.IsFP16() {
			text = fmt.Sprintf("%d bits, %s", f.Bits, text)
		}
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return s.Method + ": " + strings.Join(texts, "; ")
}

// Check returns an error if a file cannot hold such matrices.
func (s *Stored) Check() error {
	const most = 1 << 16
	if s == nil {
		return nil
	}
	if s.Method == "" || len(s.Parts) > most {
		return fmt.Errorf("stored: method %q with %d parts; accepted: a name, and at most %d", s.Method, len(s.Parts), most)
	}
	if err := s.Default.Check(); err != nil {
		return fmt.Errorf("stored: %w", err)
	}
	for _, p := range s.Parts {
		if p.Matrix == "" || p.First < 0 || p.Last < p.First {
			return fmt.Errorf("stored: matrix %q of layers %d to %d; accepted: a name, and layers in rising order", p.Matrix, p.First, p.Last)
		}
		if err := p.Format.Check(); err != nil {
			return fmt.Errorf("stored: %s: %w", p.Matrix, err)
		}
	}
	return nil
}

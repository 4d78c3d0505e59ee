package calibrate

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Choice is a width that a matrix may have, and what quality it costs there.
type Choice struct {
	Bits int
	Loss float64
}

// Losses are the choices of each matrix of a model, from the fewest bits to the most. Losses of matrices add up.
type Losses struct {
	model    *workloads.Model
	matrices []sensitive
}

// sensitive is a matrix with its choices.
type sensitive struct {
	layer    int
	name     string
	elements int64
	choices  []Choice
}

// LossHeader is the first line of a file of losses.
const LossHeader = "layer,matrix,bits,loss"

// ReadLosses reads a file of losses of a model: CSV with the header layer,matrix,bits,loss and a row for each width
// that a matrix may have.
func ReadLosses(path string, m *workloads.Model) (*Losses, error) {
	data, err := files.Read(path, files.Precisions)
	if err != nil {
		return nil, err
	}
	return parseLosses(path, data, m)
}

// NewLosses has the matrices of a model, and nothing that is known of them.
func NewLosses(m *workloads.Model) *Losses {
	s := &Losses{model: m}
	for l := range m.Layers {
		for _, x := range m.Matrices(l) {
			if !x.Fixed {
				s.matrices = append(s.matrices, sensitive{layer: l, name: x.Name, elements: int64(x.Count()) * int64(x.Out) * int64(x.In)})
			}
		}
	}
	return s
}

func parseLosses(name string, data []byte, m *workloads.Model) (*Losses, error) {
	s := NewLosses(m)
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = 4
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w; accepted: CSV with the header %s", name, err, LossHeader)
	}
	if len(rows) == 0 || strings.Join(rows[0], ",") != LossHeader {
		return nil, fmt.Errorf("%s:1: another header, or none; accepted: %s", name, LossHeader)
	}
	for i, row := range rows[1:] {
		if err := s.add(row); err != nil {
			return nil, fmt.Errorf("%s: row %d: %w", name, i+2, err)
		}
	}
	for i := range s.matrices {
		x := &s.matrices[i]
		if len(x.choices) == 0 {
			return nil, fmt.Errorf("%s: there is no row of layer %d, %s; accepted: at least one for each matrix of %s", name, x.layer, x.name, m.Name)
		}
		slices.SortFunc(x.choices, func(a, b Choice) int { return a.Bits - b.Bits })
	}
	return s, nil
}

func (s *Losses) add(row []string) error {
	layer, err := strconv.Atoi(row[0])
	at := slices.IndexFunc(s.matrices, func(x sensitive) bool { return x.layer == layer && x.name == row[1] })
	if err != nil || at < 0 {
		return fmt.Errorf("layer %q, matrix %q: %s has no such matrix whose bits change; accepted: its layers from 0 to %d, and their matrices, such as %s",
			row[0], row[1], s.model.Name, s.model.Layers-1, s.matrices[0].name)
	}
	bits, err := strconv.Atoi(row[2])
	if err != nil || !slices.Contains(precision.WeightBits(), bits) {
		return fmt.Errorf("bits %q: weights cannot have these; accepted: 2 to 8, 16", row[2])
	}
	loss, err := strconv.ParseFloat(row[3], 64)
	if err != nil || math.IsNaN(loss) || math.IsInf(loss, 0) {
		return fmt.Errorf("loss %q: no number; accepted: a finite number, the more the worse", row[3])
	}
	x := &s.matrices[at]
	if slices.ContainsFunc(x.choices, func(c Choice) bool { return c.Bits == bits }) {
		return fmt.Errorf("layer %d, %s at %d bits: given twice; accepted: each once", layer, row[1], bits)
	}
	x.choices = append(x.choices, Choice{bits, loss})
	return nil
}

// Assigned is an assignment that a search has found.
type Assigned struct {
	Schedule    precision.Schedule `json:"schedule"` // with rules that give the matrices these bits
	Loss        float64            `json:"loss"`     // of all matrices together
	AverageBits float64            `json:"avg_weight_bits"`
	Bytes       int64              `json:"weight_bytes"` // of all matrices, scales and codebooks apart
	Raised      int                `json:"raised"`       // times that a matrix got more bits
}

// Limit is what an assignment must keep to: a loss at most, or average bits at most. The other one is infinite.
type Limit struct{ Loss, Bits float64 }

// Assign searches an assignment within a limit. All matrices begin with the fewest bits that they have a row for. Then, again
// and again, that matrix gets that many more bits which save most loss for a byte, the first in the order of the model among equals,
// until the loss is within its limit, or nothing that saves any fits within the bits. The last raise to a loss is the one of the
// fewest bytes that gets there.
func (s *Losses) Assign(limit Limit) (*Assigned, error) {
	now := make([]int, len(s.matrices))
	var elements, bits int64 // bits: of all elements together
	for _, x := range s.matrices {
		elements += x.elements
		bits += x.elements * int64(x.choices[0].Bits)
	}
	if least := float64(bits) / float64(elements); least > limit.Bits {
		return nil, fmt.Errorf("the fewest bits of all matrices are %.4g on average, more than %.4g; accepted: a bound of at least these", least, limit.Bits)
	}
	out := &Assigned{}
	for loss := s.loss(now); loss > limit.Loss || !math.IsInf(limit.Bits, 1); loss = s.loss(now) {
		fits := func(more int64) bool { return float64(bits+more)/float64(elements) <= limit.Bits }
		best, last := s.raises(now, fits, loss-limit.Loss)
		if best == nil {
			break
		}
		if last != nil && best.saved >= loss-limit.Loss {
			best = last
		}
		bits += best.more
		now[best.matrix] = best.to
		out.Raised++
	}
	if out.Loss = s.loss(now); out.Loss > limit.Loss {
		return nil, fmt.Errorf("no assignment has a loss of at most %.4g: what more bits save ends at %.4g; accepted: a bound of at least this", limit.Loss,
			out.Loss)
	}
	i := -1
	at := precision.Assign(s.model, func(int, string) int { i++; return s.matrices[i].choices[now[i]].Bits })
	out.AverageBits, out.Bytes = at.Average(s.model), (bits+7)/8
	out.Schedule = precision.ScheduleOf(s.model, at)
	return out, nil
}

// raise gives a matrix another of its choices.
type raise struct {
	matrix, to int
	more       int64 // bits of its elements
	saved      float64
}

func (r *raise) merit() float64 { return r.saved / float64(r.more) }

// raises returns, of those that fit, the raise that saves most loss for a byte, and the one of the fewest bytes that saves as much
// as is wanted, if that is finite. They are nil if there is none.
func (s *Losses) raises(now []int, fits func(more int64) bool, wanted float64) (best, last *raise) {
	for i := range s.matrices {
		x := &s.matrices[i]
		from := x.choices[now[i]]
		for k := now[i] + 1; k < len(x.choices); k++ {
			r := &raise{i, k, x.elements * int64(x.choices[k].Bits-from.Bits), from.Loss - x.choices[k].Loss}
			if r.saved <= 0 || !fits(r.more) {
				continue
			}
			if best == nil || r.merit() > best.merit() {
				best = r
			}
			if !math.IsInf(wanted, -1) && r.saved >= wanted && (last == nil || r.more < last.more || r.more == last.more && r.saved > last.saved) {
				last = r
			}
		}
	}
	return best, last
}

// loss is that of all matrices together, in the order of the model.
func (s *Losses) loss(now []int) (sum float64) {
	for i, k := range now {
		sum += s.matrices[i].choices[k].Loss
	}
	return sum
}

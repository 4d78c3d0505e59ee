package traces

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Plan says in a header what a run of a model under a schedule with bits of its own may use: its precisions, that of prefill,
// and where rules give matrices bits of their own a table of assignments.
func (h *Header) Plan(m *workloads.Model, s precision.Schedule, gen int) error {
	all, err := s.Possible(m, gen)
	if err != nil {
		return err
	}
	base := s.PrefillAt(precision.Assignment{}).Max()
	widths := append([]int{base}, s.Bits...)
	for _, at := range all {
		widths = append(widths, at.Widths()...)
	}
	slices.SortFunc(widths, func(a, b int) int { return b - a })
	h.Precisions, h.PrefillBits = slices.Compact(widths), base
	if len(s.Rules) > 0 {
		for _, at := range all {
			if text := at.String(); !slices.Contains(h.Assignments, text) {
				h.Assignments = append(h.Assignments, text)
			}
		}
		h.PrefillAssignment = h.Index(base, all[0])
	}
	h.Scheduler = SchedulerOf(s, gen)
	h.Version = h.needs()
	return nil
}

// needs is the version of the format that has what a header says.
func (h *Header) needs() int {
	if len(h.Assignments) > 0 || h.Model.Experts != nil || h.Model.Latent != nil {
		return 2
	}
	if q := h.Quant; q != nil && (q.KVCache != "" || q.SeedBits != nil || q.SensitivitySHA256 != "") {
		return 2
	}
	return 1
}

// Index is what stands beside the bits of a pass: the place of its assignment in the header, or nothing where all matrices have
// these bits.
func (h *Header) Index(bits int, at precision.Assignment) *int {
	if at == precision.Uniform(bits) {
		return nil
	}
	place := slices.Index(h.Assignments, at.String())
	if place < 0 {
		panic(fmt.Sprintf("traces: the assignment %s is not in the header", at))
	}
	return &place
}

// precisions returns the table of assignments.
func (h *Header) precisions() []precision.Assignment {
	all := make([]precision.Assignment, len(h.Assignments))
	for i, text := range h.Assignments {
		var err error
		if all[i], err = precision.ParseAssignment(text); err != nil {
			panic("traces: " + err.Error()) // the header was checked
		}
	}
	return all
}

// PrefillAt returns the weight precision of prefill.
func (t *Trace) PrefillAt() precision.Assignment {
	if i := t.Header.PrefillAssignment; i != nil {
		return t.Header.precisions()[*i]
	}
	return precision.Uniform(t.Header.PrefillBits)
}

// Precisions returns the weight precision of each decode pass; element i is step i, decode pass i+1.
func (t *Trace) Precisions() []precision.Assignment {
	table := t.Header.precisions()
	all := make([]precision.Assignment, len(t.Steps))
	for i, s := range t.Steps {
		if all[i] = precision.Uniform(s.WBits); s.Assignment != nil {
			all[i] = table[*s.Assignment]
		}
	}
	return all
}

// checkAssignments checks the table of a header against its model and its precisions.
func checkAssignments(h *Header) *Error {
	if h.Version < h.needs() {
		key := "assignments"
		switch {
		case h.Model.Experts != nil:
			key = "model.experts"
		case h.Model.Latent != nil:
			key = "model.latent"
		case len(h.Assignments) > 0:
		case h.Quant.KVCache != "":
			key = "quant.kv_cache"
		case h.Quant.SeedBits != nil:
			key = "quant.seed_bits"
		default:
			key = "quant.sensitivity_sha256"
		}
		return fault(key, "version 2", "version %d has no such key", h.Version)
	}
	m := h.Model.model()
	for i, text := range h.Assignments {
		key := "assignments" + index(i)
		at, err := precision.ParseAssignment(text)
		if err != nil {
			return fault(key, "precisions by layer and matrix", "%v", err)
		}
		if err := at.Fits(m); err != nil {
			return fault(key, "those of the header's model", "%v", err)
		}
		for _, bits := range at.Widths() {
			if err := h.precision(key, bits); err != nil {
				return err
			}
		}
		if slices.Contains(h.Assignments[:i], text) {
			return fault(key, "each once", "the assignment stands there twice")
		}
	}
	return h.assignment("prefill_assignment", h.PrefillAssignment)
}

// assignment checks a place in the table; nil is none.
func (h *Header) assignment(key string, place *int) *Error {
	switch {
	case place == nil || *place < len(h.Assignments):
		return nil
	case len(h.Assignments) == 0:
		return fault(key, "no such key", "the header has no assignments")
	}
	return fault(key, fmt.Sprintf("0 to %d", len(h.Assignments)-1), "the header has no assignment %d", *place)
}

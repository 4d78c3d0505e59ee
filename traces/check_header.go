package traces

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// checkHeader checks what one field of a header alone cannot say.
func checkHeader(h *Header) *Error {
	if h.Format != Format {
		return fault("format", Format, "%q is another format", clip(h.Format))
	}
	if h.Version < Oldest || h.Version > Version {
		return fault("version", versions(), "version %d is not written", h.Version)
	}
	for _, check := range []func(*Header) *Error{
		checkPrecisions, checkShape, checkAssignments, checkOrigin, checkPrompt, checkScheduler, checkCache,
	} {
		if err := check(h); err != nil {
			return err
		}
	}
	return nil
}

// versions are those that are read and written.
func versions() string { return fmt.Sprintf("%d, %d", Oldest, Version) }

func checkPrecisions(h *Header) *Error {
	if len(h.Precisions) == 0 {
		return fault("precisions", bitWidths, "the list is empty")
	}
	for i := 1; i < len(h.Precisions); i++ {
		if h.Precisions[i] >= h.Precisions[i-1] {
			return fault("precisions", "from the highest down, each once", "%d follows %d", h.Precisions[i], h.Precisions[i-1])
		}
	}
	return h.precision("prefill_bits", h.PrefillBits)
}

// precision checks that bits is one of the header's precisions.
func (h *Header) precision(key string, bits int) *Error {
	if slices.Contains(h.Precisions, bits) {
		return nil
	}
	return fault(key, list(h.Precisions), "%d is not one of the header's precisions", bits)
}

// list writes numbers as an error lists them.
func list(numbers []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ", "), "[]")
}

func checkShape(h *Header) *Error {
	m := &h.Model
	if m.Heads%m.KVHeads != 0 {
		return fault("model.kv_heads", "a divisor of heads", "%d heads do not share %d key-value heads", m.Heads, m.KVHeads)
	}
	if m.RotaryDim > m.HeadDim {
		return fault("model.rotary_dim", fmt.Sprintf("0 to %d", m.HeadDim), "%d is more than head_dim", m.RotaryDim)
	}
	for _, part := range []measure{{"window_every", m.WindowEvery != nil}, {"window_from", m.WindowFrom != nil}} {
		if part.there && m.Window == nil {
			return fault("model."+part.key, "only beside window", "there is no window")
		}
	}
	return checkExpertShape(m)
}

// checkOrigin checks that a header claims no more than its source can know.
func checkOrigin(h *Header) *Error {
	switch h.Source {
	case FromGPU:
		if h.GPU == nil {
			return fault("gpu", "", "the key is missing and is required where source is gpu")
		}
	case FromCPU, FromSynthesis:
		for _, claim := range []measure{{"gpu", h.GPU != nil}, {"kernels", h.Kernels != nil}, {"mode", h.Mode != ""}} {
			if claim.there {
				return fault(claim.key, "source gpu or emulated", "the key stands in a trace of source %s", h.Source)
			}
		}
		if h.Source == FromSynthesis && h.Calib != nil {
			return unmeasured("calib")
		}
	}
	if h.GPU != nil && h.GPU.SMMHzSeen != nil && len(h.GPU.SMMHzSeen) != 2 {
		return fault("gpu.sm_mhz_seen", "the lowest and the highest", "the list has %d elements", len(h.GPU.SMMHzSeen))
	}
	return nil
}

// unmeasured is the fault of a synthetic trace that claims to have measured something.
func unmeasured(key string) *Error {
	return fault(key, "no such key", "a synthetic trace measured nothing")
}

func checkPrompt(h *Header) *Error {
	if ids := h.Prompt.IDs; ids != nil && len(ids) != h.Prompt.Tokens {
		return fault("prompt.ids", "one per token", "the list has %d elements for %d tokens", len(ids), h.Prompt.Tokens)
	}
	for i, id := range h.Prompt.IDs {
		if err := h.token("prompt.ids"+index(i), &id); err != nil {
			return err
		}
	}
	return nil
}

// token checks a token id against the vocabulary; nil is a token that was not recorded.
func (h *Header) token(key string, id *int) *Error {
	if id == nil || *id < h.Model.Vocab {
		return nil
	}
	return fault(key, fmt.Sprintf("0 to %d", h.Model.Vocab-1), "token %d is not in the vocabulary", *id)
}

func checkScheduler(h *Header) *Error {
	s := &h.Scheduler
	if kind, _, _ := strings.Cut(s.Spec, ":"); s.Spec != "" {
		kind, _, _ = strings.Cut(kind, ",")
		if kind != string(s.Kind) {
			return fault("scheduler.spec", "a schedule of kind "+string(s.Kind), "%q is another kind", clip(s.Spec))
		}
	}
	p := s.Params
	if p == nil {
		return nil
	}
	for i, bits := range p.Bits {
		if err := h.precision("scheduler.params.bits"+index(i), bits); err != nil {
			return err
		}
	}
	for i := 1; i < len(p.SwitchAt); i++ {
		if p.SwitchAt[i] < p.SwitchAt[i-1] {
			return fault("scheduler.params.switch_at", "steps in order", "%d follows %d", p.SwitchAt[i], p.SwitchAt[i-1])
		}
	}
	if s.Kind == precision.KindStatic && (len(p.Bits) == 0 || len(p.SwitchAt) != len(p.Bits)-1) {
		return fault("scheduler.params", "bits, and one switch_at less than bits", "%d bits and %d switches do not fit",
			len(p.Bits), len(p.SwitchAt))
	}
	return nil
}

// planned returns the precision that the header's schedule itself fixes for step i, or 0 if it fixes none.
func (h *Header) planned(i int) int {
	p := h.Scheduler.Params
	switch {
	case h.Scheduler.Kind == precision.KindFP16:
		return 16
	case p == nil || len(p.Bits) == 0:
		return 0
	case h.Scheduler.Kind == precision.KindUniform:
		return p.Bits[0]
	case h.Scheduler.Kind == precision.KindStatic:
		at := 0
		for _, s := range p.SwitchAt {
			if i >= max(s, 1) { // the first decode pass is always at the first precision
				at++
			}
		}
		return p.Bits[at]
	}
	return 0
}

package traces

import (
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// ExpertShape says which experts the blocks of a model have (workloads.Experts).
type ExpertShape struct {
	Count      int        `json:"count" rule:"positive"`
	PerToken   int        `json:"per_token" rule:"positive"`
	Width      int        `json:"width" rule:"positive"`
	Shared     *int       `json:"shared,omitzero" rule:"positive"`
	SharedGate bool       `json:"shared_gate"`
	Scoring    string     `json:"scoring" rule:"scoring"`
	RouterBias bool       `json:"router_bias"`
	Groups     *int       `json:"groups,omitzero" rule:"positive"`
	TopGroups  *int       `json:"top_groups,omitzero" rule:"positive"`
	Dense      []int      `json:"dense,omitzero"`
	X          Extensions `json:"-"`
}

func expertsOf(e *workloads.Experts) *ExpertShape {
	if e == nil {
		return nil
	}
	return &ExpertShape{Count: e.Count, PerToken: e.PerToken, Width: e.Width, Shared: some(e.Shared), SharedGate: e.SharedGate,
		Scoring: string(e.Scoring), RouterBias: e.RouterBias, Groups: some(e.Groups), TopGroups: some(e.TopGroups), Dense: e.Dense}
}

// model is the inverse of expertsOf.
func (e *ExpertShape) model() *workloads.Experts {
	if e == nil {
		return nil
	}
	return &workloads.Experts{Count: e.Count, PerToken: e.PerToken, Width: e.Width, Shared: orZero(e.Shared), SharedGate: e.SharedGate,
		Scoring: workloads.Scoring(e.Scoring), RouterBias: e.RouterBias, Groups: orZero(e.Groups), TopGroups: orZero(e.TopGroups), Dense: e.Dense}
}

// idBytes is what the number of an expert takes in a list of them.
func idBytes(count int) int {
	if count <= 256 {
		return 1
	}
	return 2
}

// EncodeExperts writes the experts that the tokens of a pass take, as the fields experts of passes have them: the numbers
// of each token, of each of its layers with experts, highest weight first. Count is how many experts a layer has. Where they
// do not fit into a line there is no text.
func EncodeExperts(ids []int, count int) string {
	raw := make([]byte, 0, len(ids)*idBytes(count))
	for _, id := range ids {
		raw = append(raw, byte(id))
		if idBytes(count) == 2 {
			raw = append(raw, byte(id>>8))
		}
	}
	const rest = 1 << 20 // what else the line has, its times above all
	if base64.StdEncoding.EncodedLen(len(raw)) > most().Line-rest {
		return ""
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// DecodeExperts is the inverse of EncodeExperts.
func DecodeExperts(text string, count int) ([]int, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, err
	}
	size := idBytes(count)
	if len(raw)%size != 0 {
		return nil, fmt.Errorf("%d bytes are no multiple of %d", len(raw), size)
	}
	ids := make([]int, len(raw)/size)
	for i := range ids {
		if ids[i] = int(raw[i*size]); size == 2 {
			ids[i] |= int(raw[i*size+1]) << 8
		}
	}
	return ids, nil
}

// sparse returns how many layers of the model have experts.
func (s *Shape) sparse() int { return s.Layers - len(s.Experts.Dense) }

// keyExperts is the field of a pass that says which experts its tokens took.
const keyExperts = "experts"

// checkExperts checks the experts that a pass over so many tokens says.
func (c *checker) checkExperts(text string, tokens int) *Error {
	e := c.header.Model.Experts
	switch {
	case text == "":
		return nil
	case e == nil:
		return fault("experts", "no such key", "the model has no experts")
	}
	ids, err := DecodeExperts(text, e.Count)
	if err != nil {
		return fault("experts", "standard base64 with padding", "%v", err)
	}
	if want := tokens * c.header.Model.sparse() * e.PerToken; len(ids) != want {
		return fault("experts", fmt.Sprintf("%d: tokens × layers with experts × per_token", want), "the text holds the numbers of %d experts", len(ids))
	}
	for i, id := range ids {
		own := ids[i-i%e.PerToken : i]
		if id >= e.Count || slices.Contains(own, id) {
			return fault("experts", fmt.Sprintf("different numbers from 0 to %d", e.Count-1), "expert %d stands at place %d", id, i)
		}
	}
	return nil
}

// checkExpertShape checks what one field alone cannot say.
func checkExpertShape(m *Shape) *Error {
	e := m.Experts
	if e == nil {
		return nil
	}
	if e.PerToken > e.Count {
		return fault("model.experts.per_token", fmt.Sprintf("1 to %d", e.Count), "%d are more than there are", e.PerToken)
	}
	for i, l := range e.Dense {
		if l >= m.Layers || i > 0 && l <= e.Dense[i-1] {
			return fault("model.experts.dense", fmt.Sprintf("layers from 0 to %d, in order", m.Layers-1), "layer %d stands at place %d", l, i)
		}
	}
	if len(e.Dense) >= m.Layers {
		return fault("model.experts.dense", "fewer layers than there are", "no layer has experts")
	}
	return nil
}

// Router returns the experts that the tokens took, for a model with the same layers and experts: nil if no pass says which.
func (t *Trace) Router(m *workloads.Model) (*routing.Recorded, error) {
	e := t.Header.Model.Experts
	if e == nil || t.Prefill == nil {
		return nil, nil
	}
	if x := m.Experts; x == nil || x.Count != e.Count || x.PerToken != e.PerToken || m.Layers != t.Header.Model.Layers || !slices.Equal(x.Dense, e.Dense) {
		return nil, fmt.Errorf("%s: the experts that its tokens took are those of %s, not of %s; accepted: a model with the same layers and experts, "+
			"or --experts uniform, zipf", t.Name, t.Header.Model.Name, m.Name)
	}
	taken := routing.NewRecorded(m, t.Prefill.Tokens+len(t.Steps))
	missing := 0
	take := func(pass, text string, tokens int) error {
		if text == "" {
			missing++
			return nil
		}
		ids, err := DecodeExperts(text, e.Count)
		if err == nil {
			err = taken.Add(tokens, ids)
		}
		if err != nil {
			return fmt.Errorf("%s: %s: %w", t.Name, pass, err)
		}
		return nil
	}
	if err := take("prefill", t.Prefill.Experts, t.Prefill.Tokens); err != nil {
		return nil, err
	}
	for _, s := range t.Steps {
		if err := take(fmt.Sprintf("step %d", s.I), s.Experts, 1); err != nil {
			return nil, err
		}
	}
	switch {
	case missing == len(t.Steps)+1:
		return nil, nil
	case missing > 0:
		return nil, fmt.Errorf("%s: %d of %d passes do not say which experts their tokens took; accepted: a trace in which all do, or --experts uniform, zipf",
			t.Name, missing, len(t.Steps)+1)
	}
	return taken, nil
}

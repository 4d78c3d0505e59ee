package result

import "github.com/pmpdsim/pmpdsim/npu/isa"

// Experts is what a run of a model with experts touched of them.
type Experts struct {
	Routing  string   `json:"routing"`   // which experts tokens take, as --experts has it
	Count    int      `json:"count"`     // routed experts of a layer
	PerToken int      `json:"per_token"` // that a token takes
	Prefill  *Touched `json:"prefill,omitempty"`
	Decode   *Touched `json:"decode,omitempty"`
}

// Touched is how many routed experts of a layer a pass reads, over the layers that have some and the passes of a phase.
type Touched struct {
	Mean  float64 `json:"mean"`
	Least int     `json:"min"`
	Most  int     `json:"max"`
}

// TouchedOf returns the counts of a phase; nil where there are none.
func TouchedOf(t isa.Touched) *Touched {
	if t.Layers == 0 {
		return nil
	}
	return &Touched{Mean: float64(t.Sum) / float64(t.Layers), Least: t.Least, Most: t.Most}
}

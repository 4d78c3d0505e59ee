package gpu

import (
	"fmt"
	"math"

	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Agreement is how a pass of one backend compares with that of another over the same tokens.
type Agreement struct {
	Pass        string // "prefill", "decode"
	Bits        int
	Positions   int     // in the cache after it
	Logits      float64 // ‖got − want‖ / ‖want‖
	Cache       float64 // the same of the last block's keys and values
	Token, Want int
	Margin      float64 // of the wanted token
	Signals     float64 // largest difference of p_max, entropy, margin and log-probability
	Steep       bool    // q and k have large biases
}

// What two backends that round to binary16 at the same places may differ by: sums in another order are a unit in the
// last place apart here and there, 2^-11 of the value, and that adds up over some dozen ops. A wrong index or a missing
// term is off by tenths.
const (
	mostLogits  = 0.01
	mostSignals = 0.1
)

// steep is how much further logits and signals may be off with biases of weights.Biased: where k is 300 and q 100, a unit in the last
// place of one k, 1/4, is 25/√head_dim of a score, so e² of a probability, and now and then a sum in another order turns such a unit.
// Of 224 passes of drawn models, which else differ from the CPU by 0.0005 to 0.002 of their logits, two are off by 0.02 then.
const steep = 10

// Wrong describes the first difference that is too large; empty: none.
func (a *Agreement) Wrong() string {
	logits, signals := mostLogits, mostSignals
	if a.Steep {
		logits, signals = steep*logits, steep*signals
	}
	switch {
	case !(a.Logits <= logits): // NaN, too
		return fmt.Sprintf("logits are off by %.4f of their size; accepted: up to %g", a.Logits, logits)
	case !(a.Cache <= mostLogits):
		return fmt.Sprintf("keys and values are off by %.4f of their size; accepted: up to %g", a.Cache, mostLogits)
	case !(a.Signals <= signals):
		return fmt.Sprintf("signals are off by %.4f; accepted: up to %g", a.Signals, signals)
	case a.Token != a.Want && a.Margin > signals:
		return fmt.Sprintf("token %d instead of %d, which leads by %.3f", a.Token, a.Want, a.Margin)
	}
	return ""
}

// Compare runs a prompt and decode passes on two backends that hold the same weights, both fed with the tokens of the
// first. The first of the precisions is that of prefill; each other is a decode pass. Whoever is named in seen gets each
// pass as soon as it is compared, and ends the comparison with an error.
func Compare(want, got Backend, prompt []int, precisions []precision.Assignment, seen ...func(Agreement) error) ([]Agreement, error) {
	var s [2]Sequence
	for i, b := range []Backend{want, got} {
		var err error
		if s[i], err = b.Start(len(prompt)+len(precisions), formats.Cache{}); err != nil {
			return nil, err
		}
	}
	var all []Agreement
	token := 0
	for i, at := range precisions {
		a := Agreement{Pass: "decode", Bits: at.Max(), Positions: len(prompt) + i}
		var passes [2]Pass
		for k := range s {
			var err error
			if i == 0 {
				a.Pass = "prefill"
				passes[k], err = s[k].Prefill(prompt, at)
			} else {
				passes[k], err = s[k].Decode(token, at)
			}
			if err != nil {
				return all, err
			}
		}
		if err := a.compare(s, passes); err != nil {
			return all, err
		}
		token = passes[0].Token
		all = append(all, a)
		for _, tell := range seen {
			if err := tell(a); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// compare fills in what both sequences say of a pass; the first is right.
func (a *Agreement) compare(s [2]Sequence, p [2]Pass) error {
	var states [2]State
	for k := range s {
		var err error
		if states[k], err = s[k].State(Want{Logits: true, Cache: true}); err != nil {
			return err
		}
	}
	a.Want, a.Token, a.Margin = p[0].Token, p[1].Token, p[0].Margin
	a.Logits = off(states[0].Logits, states[1].Logits)
	a.Cache = max(off(states[0].Keys, states[1].Keys), off(states[0].Values, states[1].Values))
	for _, v := range [][2]float64{{p[0].PMax, p[1].PMax}, {p[0].Entropy, p[1].Entropy}, {p[0].Margin, p[1].Margin}, {p[0].LogP, p[1].LogP}} {
		a.Signals = max(a.Signals, math.Abs(v[0]-v[1]))
	}
	return nil
}

// off returns the norm of the difference relative to the norm of want; NaN if the lengths differ.
func off(want, got []float32) float64 {
	if len(want) != len(got) {
		return math.NaN()
	}
	var difference, size float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		difference += d * d
		size += float64(w) * float64(w)
	}
	return math.Sqrt(difference / size)
}

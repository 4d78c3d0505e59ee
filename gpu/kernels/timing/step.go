package timing

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// Step is a decode step's time in microseconds.
type Step struct {
	Products  float64 // with the head
	Attention float64
	Small     float64 // norms, rotations, activations, merges, the choice of the token
	Gaps      float64 // of the nodes of the graph
	Nodes     int
}

// Total is the whole step, in microseconds.
func (s Step) Total() float64 { return s.Products + s.Attention + s.Small + s.Gaps }

// Times of small kernels in microseconds, as the review took them [A].
const (
	embedUS      = 1.0
	normUS       = 1.5
	norm2US      = 1.7 // that adds two results
	ropeUS       = 0.9
	activationUS = 0.5
	chooseUS     = 3.5
)

// mergeUS puts splits of the positions together: by eights to find the largest, then by fours to add.
func mergeUS(splits int) float64 { return float64((splits+7)/8)*0.25 + float64(splits)/4*0.25 + 0.3 }

// pricing says how long products and attention take, in nanoseconds.
type pricing struct {
	product   func(bits, n, k int) (float64, error)
	attention func(m *workloads.Model, splits, positions int) (float64, error)
}

// Step returns how long a decode step takes with so many positions in the cache and matrices of so many bits; the head is
// binary16. The nodes are those of gpu.Ops, which the graph is made of.
func (m Machine) Step(model *workloads.Model, bits, positions int) (Step, error) {
	return m.step(model, bits, positions, pricing{m.Product, m.attention})
}

func (m Machine) step(model *workloads.Model, bits, positions int, price pricing) (s Step, err error) {
	splits := kernels.Splits(model.KVHeads, model.MaxPositions, m.Multiprocessors)
	known := map[[3]int]float64{}
	for _, op := range gpu.Ops(model) {
		s.Nodes++
		switch op.Kind {
		case gpu.Product:
			of := [3]int{bits, op.Out, op.In}
			if op.Place == gpu.PlaceHead {
				of[0] = 16
			}
			if _, ok := known[of]; !ok {
				if known[of], err = price.product(of[0], of[1], of[2]); err != nil {
					return s, err
				}
			}
			s.Products += (known[of] - m.RampNS) / 1000
		case gpu.Attention:
			ns, err := price.attention(model, splits, positions)
			if err != nil {
				return s, err
			}
			s.Attention += ns / 1000
		case gpu.Embed:
			s.Small += embedUS
		case gpu.Normalise:
			s.Small += normUS
			if op.Adds == 2 && op.Layer >= 0 {
				s.Small += norm2US - normUS
			}
		case gpu.Rope:
			s.Small += ropeUS
		case gpu.Merge:
			s.Small += mergeUS(splits)
		case gpu.Activation:
			s.Small += activationUS
		case gpu.Choose:
			s.Small += chooseUS
		default:
			return s, fmt.Errorf("timing: %s: no time for %s; the kernels have none for it", model.Name, op.Kind)
		}
	}
	s.Gaps = float64(s.Nodes+1) * m.GapUS // and that before the graph
	return s, nil
}

// What attention takes besides its turns, and in each turn until products, shuffles and exponentials have followed one
// another, in nanoseconds, as the review took them [A].
const (
	attentionNS = 1200
	turnNS      = 150
)

// attention is the longest share of the positions that a block has, turn by turn.
func (m Machine) attention(model *workloads.Model, splits, positions int) (float64, error) {
	l := kernels.Attention(model.Heads, model.KVHeads, splits)
	code, err := kernels.Compiled(Target, l.Kernel)
	if err != nil {
		return 0, err
	}
	main := code.Main()
	lanes := 4 // a key
	for lanes*8 < model.HeadDim {
		lanes *= 2
	}
	warps := l.Block[0] / 32
	keys := main.Streamed() / (2 * 16 * lanes) * warps // a turn of a block: keys and values, 16 bytes a lane
	if keys == 0 {
		return 0, fmt.Errorf("timing: %s has no loop that streams keys", l.Kernel)
	}
	chunk := (positions + splits) / splits // with the new one
	turns := (chunk + keys - 1) / keys
	w := walker{turns: turns, turn: float64(main.Streamed())}
	for range turns {
		w.loop(main)
		w.ops[len(w.ops)-1].afterNS = turnNS
	}
	ns := m.run(launch{blocks: l.Grid[0] * l.Grid[1], warps: warps, resident: resident(code, l.Block[0]), ops: w.ops})
	return ns - m.RampNS + attentionNS, nil
}

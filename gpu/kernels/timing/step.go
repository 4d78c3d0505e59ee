package timing

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// Step is a decode step's time in microseconds.
type Step struct {
	Products  float64 // with the head, and with the norms before them
	Attention float64
	Small     float64 // the embedding, the choice of the token, what becomes of products' results
	Gaps      float64 // of the nodes of the graph
	Nodes     int     // kernels
}

// Total is the whole step, in microseconds.
func (s Step) Total() float64 { return s.Products + s.Attention + s.Small + s.Gaps }

// Times of small kernels in microseconds, as the review took them, and what is inside others in nanoseconds [A].
const (
	embedUS  = 1.0
	chooseUS = 3.5
	l2NS     = 300          // of a load that the L2 cache answers
	normNS   = 2*l2NS + 100 // x, its sums by barriers of a block, the norm's weights
	thenNS   = l2NS         // what a result is added to, or turned by
	countNS  = 700          // a block's share to memory, and the count of the blocks that have done so
)

// Step returns how long a decode step takes with so many positions in the cache and matrices of so many bits; the head
// is binary16. The nodes are those of gpu.Launches, which the graph is made of. That a kernel may begin before the one
// before it has ended, where the driver can do so, is not counted.
func (m Machine) Step(model *workloads.Model, bits, positions int) (s Step, err error) {
	known := map[[3]int]float64{}
	for _, op := range gpu.Launches(model) {
		s.Nodes++
		switch op.Kind {
		case gpu.Product:
			of := [3]int{bits, op.Out, op.In}
			if op.Place == gpu.PlaceHead {
				of[0] = 16
			}
			if _, ok := known[of]; !ok {
				if known[of], err = m.product(of[0], op); err != nil {
					return s, err
				}
			}
			s.Products += (known[of] - m.RampNS) / 1000
			if op.Then != "" {
				s.Small += thenNS / 1000.
			}
		case gpu.Attention:
			ns, err := m.attention(model, positions)
			if err != nil {
				return s, err
			}
			s.Attention += ns / 1000
		case gpu.Embed:
			s.Small += embedUS
		case gpu.Choose:
			s.Small += chooseUS
		default:
			return s, fmt.Errorf("timing: %s: no time for %s; the kernels have none for it", model.Name, op.Kind)
		}
	}
	s.Gaps = float64(s.Nodes+1) * m.GapUS // and that before the graph
	return s, nil
}

func (m Machine) product(bits int, op gpu.Op) (float64, error) {
	l := kernels.Gemv(bits, op.Out, op.In)
	if op.Norm != "" {
		l = kernels.NormGemv(bits, op.Out, op.In)
	}
	of, err := product(l, bits, op.Out, op.In)
	if err != nil {
		return 0, err
	}
	return m.run(of), nil
}

// What attention takes besides its turns, and in each turn until products, shuffles and exponentials have followed one
// another, in nanoseconds, as the review took them [A].
const (
	attentionNS = 1200
	turnNS      = 150
)

// attention is the longest share of the positions that a block has, turn by turn, and the shares together.
func (m Machine) attention(model *workloads.Model, positions int) (float64, error) {
	splits := kernels.Splits(model.KVHeads, positions+1, m.Multiprocessors) // with the new one
	l := kernels.Attention(model.Heads, model.KVHeads, model.HeadDim, splits)
	code, err := kernels.Compiled(Target, l.Kernel)
	if err != nil {
		return 0, err
	}
	main := code.Main()
	lanes := 8 // a key
	if model.HeadDim > 64 {
		lanes = 16
	}
	warps := l.Block[0] / 32
	keys := main.Streamed() / (2 * 16 * lanes) * warps // a turn of a block: keys and values, 16 bytes a lane
	if keys == 0 {
		return 0, fmt.Errorf("timing: %s has no loop that streams keys", l.Kernel)
	}
	chunk := (positions + splits) / splits
	turns := (chunk + keys - 1) / keys
	w := walker{turns: turns, turn: float64(main.Streamed())}
	for range turns {
		w.loop(main)
		w.ops[len(w.ops)-1].afterNS = turnNS
	}
	ns := m.run(launch{blocks: l.Grid[0] * l.Grid[1], warps: warps, resident: resident(code, l), ops: w.ops})
	if splits > 1 {
		ns += countNS + l2NS*float64((splits+7)/8) // eight shares at a time
	}
	return ns - m.RampNS + attentionNS, nil
}

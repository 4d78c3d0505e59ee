package cpu_test

import (
	"slices"
	"testing"

	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// rounded has fp16 weights that are those of another source at the bits of an assignment: unpacked entry by entry, as the
// reference does.
type rounded struct {
	weights.Source
	at precision.Assignment
}

// part is the rows of a matrix of the model.
type part struct {
	name string
	rows int
}

func (r *rounded) Block(layer int) (*weights.Block, error) {
	b, err := r.Source.Block(layer)
	if err != nil {
		return nil, err
	}
	m := r.Model()
	q, kv := m.Heads*m.HeadDim, m.KVWidth()
	block := *b
	block.QKV = r.dense(layer, b.QKV, part{"q_proj", q}, part{"k_proj", kv}, part{"v_proj", kv})
	block.O = r.dense(layer, b.O, part{"o_proj", m.Hidden})
	if m.GatedMLP {
		block.Up = r.dense(layer, b.Up, part{"gate_proj", m.FFN}, part{"up_proj", m.FFN})
		block.Down = r.dense(layer, b.Down, part{"down_proj", m.Hidden})
	} else {
		block.Up, block.Down = r.dense(layer, b.Up, part{"fc1", m.FFN}), r.dense(layer, b.Down, part{"fc2", m.Hidden})
	}
	return &block, nil
}

func (r *rounded) dense(layer int, w weights.Matrix, parts ...part) weights.Matrix {
	half := make([]uint16, 0, w.Out*w.In)
	row := 0
	for _, p := range parts {
		bits := r.at.At(layer, p.name)
		for range p.rows {
			for c := range w.In {
				half = append(half, float16.Fromfloat32(float32(entry(&w, bits, row, c))).Bits())
			}
			row++
		}
	}
	w.Half = half
	return w
}

// TestAPassHasTheBitsOfEachMatrix decodes under assignments, and again with fp16 weights that hold what each matrix is at its bits:
// both must agree to the last bit.
func TestAPassHasTheBitsOfEachMatrix(t *testing.T) {
	gputest.Numbers(t)
	for _, family := range gputest.Families() {
		t.Run(family, func(t *testing.T) {
			src := gputest.Random(t, family, 3)
			m := src.Model()
			n := 0
			at := precision.Assign(m.Model, func(int, string) int { n++; return 2 + n%7 }) // 2 to 8, each different from the next
			prompt := gputest.Prompt(m, 6)
			mixed, same := open(t, src, 2), open(t, &rounded{src, at}, 1)
			var passes [2]gpu.Pass
			for i, s := range []gpu.Sequence{mixed, same} {
				at := []precision.Assignment{at, precision.Uniform(weights.Half)}[i]
				pass, err := s.Prefill(prompt, at)
				for range 4 {
					if err != nil {
						t.Fatal(err)
					}
					pass, err = s.Decode(pass.Token, at)
				}
				if err != nil {
					t.Fatal(err)
				}
				passes[i] = pass
			}
			got, err := mixed.State(gpu.Want{Logits: true, Cache: true})
			if err != nil {
				t.Fatal(err)
			}
			want, err := same.State(gpu.Want{Logits: true, Cache: true})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Logits, want.Logits) || !slices.Equal(got.Keys, want.Keys) || !slices.Equal(got.Values, want.Values) ||
				passes[0].Token != passes[1].Token || passes[0].PMax != passes[1].PMax {
				t.Errorf("%+v, want %+v", passes[0], passes[1])
			}
			uniform := open(t, src, 1)
			if _, err := uniform.Prefill(prompt, precision.Uniform(5)); err != nil {
				t.Fatal(err)
			}
			if other, err := uniform.State(gpu.Want{Logits: true}); err != nil || slices.Equal(other.Logits, got.Logits) {
				t.Errorf("the same logits at 5 bits, %v: the assignment changes nothing", err)
			}
		})
	}
}

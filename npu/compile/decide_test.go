package compile

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// kvClassifier is PMPD's KV classifier for a model after so many positions.
func kvClassifier(m *workloads.Model, positions int) *Decide {
	h, d := m.KVHeads, m.HeadDim
	return &Decide{Cache: true, OtherWeights: 4 * unit.Bytes(3*h*d+4), VectorElements: 2*int64(h*d*positions) + 100, Products: []precision.Product{
		{M: positions, N: h * h, K: d, Weights: true}, {M: h * h, N: d, K: positions}, {M: 1, N: h * d, K: h * d, Weights: true},
		{M: 1, N: 4, K: h * d, Weights: true}}}
}

func TestDeciding(t *testing.T) {
	const prompt = 40
	for _, name := range []string{"phi-1.5", "llama-3.2-1b", "gemma-2-2b"} {
		for _, cores := range []int{1, 4} {
			for _, batch := range []int{1, 3} {
				t.Run(fmt.Sprintf("%s on %d cores, batch %d", name, cores, batch), func(t *testing.T) {
					m, c := loaded(t, name), preset(t)
					c.Cores = cores
					d := kvClassifier(m, prompt+1)
					job := Job{Config: c, Model: m, Precisions: uniforms(3, 4), Prompt: prompt, Passes: 8, Batch: batch}
					plain, err := New(job)
					if err != nil {
						t.Fatal(err)
					}
					job.Decide = d
					k, err := New(job)
					if err != nil {
						t.Fatal(err)
					}
					before, err := plain.Decode(prompt, uniform(4), uniform(4))
					if err != nil {
						t.Fatal(err)
					}
					p, err := k.DecodeDeciding(prompt, uniform(4), uniform(4))
					if err != nil {
						t.Fatal(err)
					}
					if err := p.Validate(c.Scratchpad.Size-p.Static, c.Cores); err != nil {
						t.Fatal(err)
					}
					n := len(before.Ops)
					if !reflect.DeepEqual(before.Ops, p.Ops[:n]) {
						t.Error("the pass itself is another one")
					}
					checkDecision(t, k, d, p.Ops[n:], batch)
					if got := k.Footprint().Total() - plain.Footprint().Total(); got < d.weights() || got >= d.weights()+stripe {
						t.Errorf("occupies %v more DRAM, the scheduler has %v", got, d.weights())
					}
				})
			}
		}
	}
	t.Run("without a scheduler it is a decode pass", func(t *testing.T) {
		k := compiler(t, preset(t), "phi-1.5", prompt, 9, 4)
		a, err := k.Decode(prompt, uniform(4), uniform(4))
		if err != nil {
			t.Fatal(err)
		}
		b, err := k.DecodeDeciding(prompt, uniform(4), uniform(4))
		if err != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%v", err)
		}
	})
}

// checkDecision counts what the ops of a decision move and compute.
func checkDecision(t *testing.T, k *Compiler, d *Decide, ops []isa.Op, batch int) {
	t.Helper()
	var weights, cache unit.Bytes
	var macs, elements int64
	for i := range ops {
		o := &ops[i]
		if k.Operators()[o.Operator] != "scheduler" || o.Kind != isa.Sample || o.Core != 0 || len(o.Deps) == 0 {
			t.Errorf("%+v", o)
		}
		each(o, func(s *isa.Slice, w isa.Pattern, _ bool) {
			switch s.Data {
			case isa.Params:
				weights += w.Bytes()
			case isa.KVRead:
				cache += w.Bytes()
			default:
				t.Errorf("%s: %v", o.Name, s.Data)
			}
			if end := w.Base + w.Bytes(); w.Base < 0 || w.Bytes() <= 0 || end > k.image.end {
				t.Errorf("%s: walks to %d of %d", o.Name, end, k.image.end)
			}
		})
		for tile := range o.Tiles {
			macs += o.WorkAt(tile).MACs()
			elements += o.WorkAt(tile).Elements
		}
	}
	if weights != d.weights() {
		t.Errorf("reads %v of weights, the scheduler has %v", weights, d.weights())
	}
	values := 2 * int64(k.model.KVWidth()) * 41 * int64(batch)
	slots := unit.Bytes(2 * batch * min(k.cfg.Cores, k.model.KVHeads))
	if least := k.cfg.KV.Bits.Of(values); cache < least || cache >= least+slots*stripe {
		t.Errorf("reads %v of the cache, which is %v of whole stripes for %d slots", cache, least, slots)
	}
	want := int64(0)
	for _, p := range d.Products {
		halves := int64(1)
		if p.Weights {
			halves = 2 // a 32-bit weight goes through the array as two of 16 bits
		}
		want += halves * int64(p.M*batch) * int64(p.N) * int64(p.K)
	}
	if macs != want {
		t.Errorf("%d MACs, want %d", macs, want)
	}
	if elements != d.VectorElements*int64(batch) {
		t.Errorf("%d values through the vector unit, want %d", elements, d.VectorElements*int64(batch))
	}
}

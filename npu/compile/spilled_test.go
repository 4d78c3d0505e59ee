package compile

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// Where activations of a prefill lie in DRAM, each value is written once and read as often as an operator needs it:
// queries once, whatever chunks of the context they are held against; queries and keys by what rotates or norms them,
// and back.
func TestSpilledQueriesAndKeys(t *testing.T) {
	for _, c := range []struct {
		model  string
		cores  string
		tokens int
	}{{"llama-3.2-1b", "cores=1", 4096}, {"llama-3.2-1b", "cores=2", 2000}, {"qwen3-8b", "cores=1", 1500}} {
		m := loaded(t, c.model)
		k := compiler(t, changed(t, c.cores), c.model, c.tokens, 2, 4)
		p, err := k.Prefill(c.tokens, uniform(4))
		if err != nil {
			t.Fatal(err)
		}
		read, written := map[string]unit.Bytes{}, map[string]unit.Bytes{}
		for i := range p.Ops {
			o := &p.Ops[i]
			each(o, func(s *isa.Slice, w isa.Pattern, store bool) {
				switch {
				case s.Data == isa.ActRead:
					read[p.Operators[o.Operator]] += w.Bytes()
				case s.Data == isa.ActWrite && store:
					written[p.Operators[o.Operator]] += w.Bytes()
				}
			})
		}
		q := fp16.Of(int64(c.tokens) * int64(m.Heads*m.HeadDim) * int64(m.Layers))
		both := q + fp16.Of(int64(c.tokens)*int64(m.KVWidth())*int64(m.Layers))
		if read["scores"] != q {
			t.Errorf("%s, %s: scores read %v of queries, want %v", c.model, c.cores, read["scores"], q)
		}
		norms := ops.Fused("q_norm", "k_norm")
		for _, name := range []string{"rope", norms} {
			if name == norms && !m.QKNorm {
				continue
			}
			if read[name] != both || written[name] != both {
				t.Errorf("%s, %s: %s reads %v and writes %v, want %v", c.model, c.cores, name, read[name], written[name], both)
			}
		}
	}
}

package compile

import (
	"maps"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// TestVectorWorkEqualsTheModelsOperators counts the elements of each function in a decode pass of every family: the model's
// operators, which know no machine, say how many there are.
func TestVectorWorkEqualsTheModelsOperators(t *testing.T) {
	programs(t, func(t *testing.T, k *Compiler, p *isa.Program, past int) {
		if p.Tokens != 1 {
			return
		}
		m := k.model
		norm := isa.FnRMSNorm
		if m.Norm != workloads.RMSNorm {
			norm = isa.FnLayerNorm
		}
		embed := isa.FnCopy
		if m.LearnedPositions > 0 {
			embed = isa.FnAdd
		}
		activation := map[workloads.Activation][2]isa.Fn{workloads.Silu: {isa.FnSilu, isa.FnSiluMul}, workloads.Gelu: {isa.FnGelu, isa.FnGeluMul},
			workloads.Relu: {isa.FnRelu, isa.FnReluMul}, workloads.Relu2: {isa.FnRelu2, isa.FnRelu2Mul}}[m.Activation]
		gate := 0
		if m.GatedMLP {
			gate = 1
		}
		want := map[isa.Fn]int64{}
		for _, o := range ops.Step(m) {
			fn, ok := map[ops.Kind]isa.Fn{ops.Embed: embed, ops.Norm: norm, ops.HeadNorm: norm, ops.Rope: isa.FnRope, ops.ScoreCap: isa.FnSoftcap,
				ops.ScoreBias: isa.FnAdd, ops.Softmax: isa.FnSoftmax, ops.Activation: activation[gate], ops.Residual: isa.FnAdd,
				ops.LogitCap: isa.FnSoftcap, ops.Sample: isa.FnArgmax}[o.Kind]
			if ok {
				want[fn] += o.At(1, past).Elements
			}
			if o.Matrix.Bias {
				want[isa.FnBias] += int64(o.Matrix.Out)
			}
		}
		got := map[isa.Fn]int64{}
		for i := range p.Ops {
			o := &p.Ops[i]
			for tile := range o.Tiles {
				w := o.WorkAt(tile)
				if o.Unit == isa.Vector {
					got[w.Fn] += w.Elements
				}
				for _, fn := range w.Then {
					got[fn] += int64(w.M) * int64(w.N) * int64(w.Repeat)
				}
			}
		}
		for _, fn := range []isa.Fn{isa.FnNone, isa.FnConvert, isa.FnSoftmaxMerge} { // of the machine alone
			delete(got, fn)
		}
		if !maps.Equal(got, want) {
			t.Errorf("elements by function %v, the model has %v", got, want)
		}
	})
}

// TestBytesOfGemma3ByHand: of 26 layers 22 see 512 positions, the token's own included, which is on chip, and four see all.
func TestBytesOfGemma3ByHand(t *testing.T) {
	m, err := workloads.ParseConfig("gemma-3-1b", "config.json", []byte(`{"model_type": "gemma3_text", "hidden_size": 1152, "intermediate_size": 6912,
		"num_hidden_layers": 26, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256, "vocab_size": 262144, "sliding_window": 512}`))
	if err != nil {
		t.Fatal(err)
	}
	const past = 2000
	k := compilerOf(t, preset(t), m, past, 20, 4)
	p, err := k.Decode(past, uniform(4), uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	var read [isa.DataCount]unit.Bytes
	for i := range p.Ops {
		each(&p.Ops[i], func(s *isa.Slice, w isa.Pattern, _ bool) { read[s.Data] += w.Bytes() })
	}
	const (
		row     = 256                                                  // a key, or a value, of one head at 8 bits
		kv      = 2 * row * (22*511 + 4*past)                          // 9,851,904
		blocks  = 26 * (1152*(4*256+2*256+4*256) + 3*1152*6912)        // 697,958,400 weights
		weights = blocks / 2                                           // at 4 bits
		head    = 2 * 262144 * 1152                                    // the embedding, in fp16
		params  = 2 * (26*(4*1152+2*256) + 1152 + 1152)                // norms, and a row of the embedding
		books   = 26 * (4*256 + 2*256 + 1152 + 2*6912 + 1152) * 2 << 4 // 16 values a row
	)
	if rest := read[isa.KVRead] - kv; rest < 0 || rest > 2*26*stripe {
		t.Errorf("%v of cache, want %d and at most a stripe for each layer's keys and values", read[isa.KVRead], kv)
	}
	if got := read[isa.Weights]; got < weights || float64(got) > 1.01*weights {
		t.Errorf("%v of weights, want %d", got, weights)
	}
	for d, want := range map[isa.Data]unit.Bytes{isa.HeadWeights: head, isa.Params: params, isa.Codebooks: books} {
		if read[d] != want {
			t.Errorf("%v of %v, want %v", read[d], d, want)
		}
	}
}

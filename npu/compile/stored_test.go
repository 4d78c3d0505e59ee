package compile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// withFormat is Llama-2-7B with a file's format.
func withFormat(t testing.TB, at func(layer int, matrix string) formats.Format) *workloads.Model {
	t.Helper()
	m := *loaded(t, "llama-2-7b")
	var names []string
	for _, l := range append(attentionOf(&m), m.MLP()...) {
		names = append(names, l.Name)
	}
	m.Stored = formats.Collect("test", m.Layers, func(int) []string { return names }, at)
	return &m
}

// traffic is what a decode pass reads of a class, and of matrices by the name of their ops.
func traffic(t testing.TB, c *config.Config, m *workloads.Model, bits unit.Bits) (k *Compiler, data map[isa.Data]unit.Bytes, work map[string]isa.Work) {
	t.Helper()
	k, err := New(Job{Config: c, Model: m, Precisions: uniforms(bits), Prompt: 64, Passes: 7})
	if err != nil {
		t.Fatal(err)
	}
	p, err := k.Decode(70, uniform(bits), uniform(bits))
	if err != nil {
		t.Fatal(err)
	}
	data, work = map[isa.Data]unit.Bytes{}, map[string]isa.Work{}
	for i := range p.Ops {
		o := &p.Ops[i]
		each(o, func(s *isa.Slice, w isa.Pattern, _ bool) { data[s.Data] += w.Bytes() })
		if o.Unit == isa.Array {
			_, name, _ := strings.Cut(o.Name, ".")
			name, _, _ = strings.Cut(name, "+")
			work[fmt.Sprintf("%d.%s", o.Layer, name)] = o.Last
		}
	}
	return k, data, work
}

// Weights of Llama-2-7B's blocks: 32 layers of 4 x 4096 x 4096 + 3 x 4096 x 11008.
const blockWeights = 32 * (4*4096*4096 + 3*4096*11008) // 6,476,005,376

// By hand, for GPTQ with 4 bits and groups of 128: 3,238,002,688 bytes of codes and a scale of 2 bytes for each of 50,593,792
// groups. An NPU whose own default is another one, or that counts no codebooks, reads the file's.
func TestAPassReadsTheFormatOfTheModelsFile(t *testing.T) {
	gptq := formats.Format{Bits: 4, Group: 128, Scale: 16}
	asymmetric := formats.Format{Bits: 4, Group: 128, Scale: 16, Zero: 4}
	block := func(f formats.Format) func(int, string) formats.Format {
		return func(l int, _ string) formats.Format {
			if l == formats.Outside {
				return formats.Format{}
			}
			return f
		}
	}
	for _, c := range []struct {
		name   string
		set    []string
		at     func(int, string) formats.Format
		bits   unit.Bits
		codes  unit.Bytes
		scales unit.Bytes
		group  int
		zero   bool
	}{
		{"GPTQ", nil, block(gptq), 4, blockWeights / 2, blockWeights / 128 * 2, 128, false},
		{"on an NPU with another default", []string{"weights.group=32"}, block(gptq), 4, blockWeights / 2, blockWeights / 128 * 2, 128, false},
		{"on an NPU that counts no codebooks", []string{"count.codebooks=false"}, block(gptq), 4, blockWeights / 2, blockWeights / 128 * 2, 128, false},
		{"packed", []string{"weights.layout=packed"}, block(gptq), 4, blockWeights / 2, blockWeights / 128 * 2, 128, false},
		{"with zero points, at 3 bits", nil, block(asymmetric), 3, blockWeights / 8 * 3, blockWeights / 128 * 19 / 8, 128, true},
		{"fp8 in blocks", nil, block(formats.Format{Bits: 8, Group: 128, Rows: 128, Scale: 32}), 8, blockWeights, blockWeights / 4096, 128, false},
		{"a ternary model with a scale a matrix", nil, block(formats.Named("TERNARY")), 2, blockWeights / 4, 0, 0, false},
		{"TQ1_0: 52 bytes for 256 weights, and 2", nil, block(formats.Named("TQ1_0")), 2, blockWeights / 256 * 52, blockWeights / 256 * 2, 256, false},
		{"Q4_K: 128 bytes for 256 weights, and 16", nil, block(formats.Named("Q4_K")), 4, blockWeights / 2, blockWeights / 256 * 16, 32, true},
		{"a file of fp16 values", []string{"weights.group=64"}, block(formats.Format{}), 4, blockWeights / 2, blockWeights / 64 * 2, 64, false},
		{"16 bits", nil, block(gptq), 16, blockWeights * 2, 0, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, data, work := traffic(t, changed(t, c.set...), withFormat(t, c.at), c.bits)
			near := func(what string, got, want unit.Bytes) { // turns of planes are whole bursts, bytes of rows are whole
				if got < want || float64(got) > 1.03*float64(want) {
					t.Errorf("%s: %d bytes, want %d or a little more", what, got, want)
				}
			}
			near("codes", data[isa.Weights], c.codes)
			near("scales", data[isa.Codebooks], c.scales)
			if w := work["0.down_proj"]; w.Bits != c.bits || w.ZeroPoints != c.zero || c.group > 0 && w.Group != c.group {
				t.Errorf("down_proj is %+v", w)
			}
			f := k.Footprint()
			if stored := f.Planes + f.FP16 + f.Codebooks - 2*2*32000*4096; float64(stored) > 1.03*float64(c.codes+c.scales) || stored < c.codes+c.scales {
				t.Errorf("footprint %+v, of the blocks %d, want %d", f, stored, c.codes+c.scales)
			}
		})
	}
}

// Matrices of one shape with different formats have tiles and scales of their own.
func TestMatricesHaveFormatsOfTheirOwn(t *testing.T) {
	q4, q6 := formats.Format{Bits: 4, Group: 128, Scale: 16}, formats.Format{Bits: 4, Group: 32, Scale: 16, Zero: 4}
	m := withFormat(t, func(l int, name string) formats.Format {
		switch {
		case l == formats.Outside:
			return formats.Format{}
		case name == "v_proj" && l%2 == 0:
			return q6
		}
		return q4
	})
	_, data, work := traffic(t, preset(t), m, 4)
	const v = 16 * 4096 * 4096
	if got, want := data[isa.Codebooks], unit.Bytes((blockWeights-v)/128*2+v/32*20/8); got != want {
		t.Errorf("scales take %d bytes, want %d", got, want)
	}
	if a, b := work["0.v_proj"], work["1.v_proj"]; a.Group != 32 || b.Group != 128 || !a.ZeroPoints || b.ZeroPoints {
		t.Errorf("v_proj is %+v and %+v", a, b)
	}
}

// A file of mixed types, as llama.cpp's Q4_K_M has them: Q6_K for lm_head, and for v_proj and down_proj of half the layers, Q4_K for all
// else. By hand, in blocks of 256 weights: 144 bytes of Q4_K (128 of codes), 210 of Q6_K (192). What the model occupies is
// what its tensors have in the file.
func TestAPassAsTheFileStoresIt(t *testing.T) {
	half := func(l int) bool { return l%2 == 0 }
	more := func(l int, name string) bool {
		return name == formats.Head || half(l) && (name == "v_proj" || name == "down_proj")
	}
	m := withFormat(t, func(l int, name string) formats.Format {
		if more(l, name) {
			return formats.Named("Q6_K")
		}
		return formats.Named("Q4_K")
	})
	at := precision.Assign(m, func(l int, name string) int { return int(m.Stored.At(l, name).Width()) })
	k, err := New(Job{Config: preset(t), Model: m, Precisions: []precision.Assignment{at}, Prompt: 64, Passes: 7, AsStored: true})
	if err != nil {
		t.Fatal(err)
	}
	p, err := k.Decode(70, at, at)
	if err != nil {
		t.Fatal(err)
	}
	data := map[isa.Data]unit.Bytes{}
	for i := range p.Ops {
		each(&p.Ops[i], func(s *isa.Slice, w isa.Pattern, _ bool) { data[s.Data] += w.Bytes() })
	}
	const (
		vocabulary = 32000 * 4096 / 256                               // blocks of the head, and of the embedding
		six        = 16 * (4096*4096 + 4096*11008) / 256              // of v_proj and down_proj
		four       = blockWeights/256 - six                           // of the rest
		codes      = four*128 + six*192                               // 3,477,078,016 bytes
		scales     = four*16 + six*18 + vocabulary*18                 //
		norms      = (2*32 + 1) * 4096 * 2                            //
		file       = four*144 + (six+vocabulary)*210 + vocabulary*144 // of the tensors, without norms
	)
	near := func(what string, got, want unit.Bytes) {
		if got < want || float64(got) > 1.02*float64(want) {
			t.Errorf("%s: %d bytes, want %d or a little more", what, got, want)
		}
	}
	near("codes", data[isa.Weights], codes)
	near("head", data[isa.HeadWeights], vocabulary*192)
	near("scales", data[isa.Codebooks], scales)
	near("row of the embedding, and norms", data[isa.Params], 4096/256*144+norms)
	f := k.Footprint()
	near("footprint", f.Planes+f.FP16+f.Codebooks, file+norms)

	tied := *withFormat(t, func(int, string) formats.Format { return formats.Named("Q4_K") })
	tied.Tied = true
	at = precision.Uniform(4)
	if k, err = New(Job{Config: preset(t), Model: &tied, Precisions: []precision.Assignment{at}, Prompt: 64, Passes: 7, AsStored: true}); err != nil {
		t.Fatal(err)
	}
	if f := k.Footprint(); f.Planes+f.FP16+f.Codebooks > (blockWeights/256+vocabulary)*144*102/100+norms {
		t.Errorf("a tied head has a copy of its own: %+v", f)
	}
}

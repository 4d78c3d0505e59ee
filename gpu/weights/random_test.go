package weights_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"testing"

	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// tiny is a model of a family small enough for every test; columns of 32 to 1,120, so with and without full groups.
func tiny(family workloads.Family, change func(*weights.Model)) *weights.Model {
	shape := &workloads.Model{
		Name: "tiny-" + string(family), Family: family, Layers: 3, Hidden: 96, Heads: 6, KVHeads: 2, HeadDim: 16, RotaryDim: 16,
		FFN: 1120, Vocab: 320, MaxPositions: 256, Norm: workloads.RMSNorm, Activation: workloads.Silu, GatedMLP: true, BlockNorms: 2,
	}
	m := &weights.Model{Model: shape, Numerics: workloads.Numerics{NormEps: 1e-5, RopeTheta: 10_000, EOS: []int{2}}}
	switch family {
	case workloads.Phi:
		shape.Norm, shape.Activation, shape.GatedMLP = workloads.LayerNorm, workloads.Gelu, false
		shape.Parallel, shape.BlockNorms, shape.RotaryDim = true, 1, 8
		shape.QKVBias, shape.OBias, shape.MLPBias, shape.HeadBias = true, true, true, true
	case workloads.StableLM:
		shape.Norm, shape.RotaryDim = workloads.LayerNorm, 4
		m.EOS = []int{0}
	case workloads.Qwen2:
		shape.QKVBias, shape.Tied = true, true
		m.EOS = nil
	case workloads.Qwen3:
		shape.QKNorm = true
		m.EOS = nil
	case workloads.Phi3:
		shape.RotaryDim = 8
		m.EOS = nil
	case workloads.Gemma2:
		shape.Activation, shape.BlockNorms, shape.Softcap, shape.Tied = workloads.Gelu, 4, true, true
		shape.Window, shape.WindowEvery = 32, 2
		m.NormOne, m.EmbedScale, m.ScoreScale, m.ScoreCap, m.LogitCap, m.EOS = true, math.Sqrt(96), 1/math.Sqrt(24), 50, 30, nil
	}
	if change != nil {
		change(m)
	}
	return m
}

func random(t testing.TB, m *weights.Model, seed uint64) weights.Source {
	t.Helper()
	s, err := weights.Random(m, seed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func block(t testing.TB, s weights.Source, layer int) *weights.Block {
	t.Helper()
	b, err := s.Block(layer)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ends(t testing.TB, s weights.Source) *weights.Ends {
	t.Helper()
	e, err := s.Ends()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func matrices(b *weights.Block) []*weights.Matrix {
	return []*weights.Matrix{&b.QKV, &b.O, &b.Up, &b.Down}
}

func value(h uint16) float64 { return float64(float16.Frombits(h).Float32()) }

func TestRandomWeightsAreThoseOfTheSeed(t *testing.T) {
	m := tiny(workloads.Phi, nil)
	a, b, other := random(t, m, 1), random(t, m, 1), random(t, m, 2)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	first := block(t, a, 1)
	runtime.GOMAXPROCS(3)
	if !reflect.DeepEqual(first, block(t, b, 1)) || !reflect.DeepEqual(first, block(t, a, 1)) {
		t.Error("a block differs when it is asked for again")
	}
	if !reflect.DeepEqual(ends(t, a), ends(t, b)) || gputest.Sum(a) != gputest.Sum(b) {
		t.Error("the same seed yields other weights")
	}
	if reflect.DeepEqual(first, block(t, other, 1)) || reflect.DeepEqual(first, block(t, a, 2)) || gputest.Sum(a) == gputest.Sum(other) {
		t.Error("another seed or layer yields the same weights")
	}
}

// The sum was made on amd64; a machine on which it differs makes other weights from a seed that a trace names.
func TestRandomWeightsAreTheSameOnEveryMachine(t *testing.T) {
	h := sha256.New()
	put := func(data any) {
		if err := binary.Write(h, binary.LittleEndian, data); err != nil {
			t.Fatal(err)
		}
	}
	for _, family := range []workloads.Family{workloads.Llama, workloads.Phi, workloads.Qwen2} {
		s := random(t, tiny(family, nil), 7)
		e := ends(t, s)
		put(e.Embedding)
		put(e.Norm.Scale)
		put(e.Head.Half)
		b := block(t, s, 2)
		put(b.Norms["input_norm"].Shift)
		for _, m := range matrices(b) {
			put(m.Half)
			put(m.Planes)
			put(m.Bias)
			for n := weights.MinBits; n <= weights.Planes; n++ {
				put(m.Tables[n])
			}
		}
	}
	const want = "79eab92228bb2eab09745389bd1c0a145ac3e9a9a7c156ced7f415f1319aadad"
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("sha256 %s, want %s", got, want)
	}
}

// Erfinv may differ in its last bits between machines: no quantile lies so close to the middle of two fp32 numbers.
func TestQuantilesDoNotHangOnLastBits(t *testing.T) {
	for i := range 256 {
		q := math.Sqrt2 * math.Erfinv((2*float64(i)+1)/256-1)
		if float32(q*(1-1e-12)) != float32(q*(1+1e-12)) {
			t.Errorf("quantile %d of 256, %v, rounds to one of two", i, q)
		}
	}
}

func TestRandomMatricesAreEightBitModelsOfTheRightSpread(t *testing.T) {
	m := tiny(workloads.Llama, nil)
	for i, mat := range matrices(block(t, random(t, m, 3), 0)) {
		row, codes := make([]uint16, mat.In), make([]uint8, mat.In)
		seen, sum := map[uint8]bool{}, 0.0
		before := math.Inf(1)
		for n := weights.MinBits; n <= weights.Planes; n++ {
			squares := 0.0
			for r := range mat.Out {
				mat.Row(r, n, codes, row)
				for c, h := range row {
					d := value(h) - value(mat.Half[r*mat.In+c])
					squares += d * d
					if n == weights.Planes {
						seen[codes[c]] = true
						sum += value(h) * value(h)
					}
				}
			}
			if squares >= before || (n == weights.Planes) != (squares == 0) {
				t.Errorf("%s: squared error %g with %d bits, %g with one fewer", mat.Name, squares, n, before)
			}
			before = squares
		}
		want := 1 / math.Sqrt(float64(mat.In))
		if i == 0 { // q and k have 8 of 10 heads
			want *= math.Sqrt(0.8*1.5*1.5 + 0.2)
		}
		if i%2 == 1 {
			want /= math.Sqrt(2 * float64(m.Layers))
		}
		got := math.Sqrt(sum / float64(mat.Out*mat.In))
		if math.Abs(got/want-1) > 0.05 || len(seen) != 256 {
			t.Errorf("%s: rms %g with %d codes, want %g with 256", mat.Name, got, len(seen), want)
		}
	}
}

func TestRandomNormsAndBiases(t *testing.T) {
	for _, family := range []workloads.Family{workloads.Llama, workloads.Phi, workloads.StableLM, workloads.Qwen2} {
		m := tiny(family, nil)
		s := random(t, m, 4)
		b, e := block(t, s, 0), ends(t, s)
		layered := m.Norm == workloads.LayerNorm
		for name, got := range map[string]bool{
			"post norm": (b.Norms["mlp_norm"].Scale != nil) != m.Parallel, "shift": (b.Norms["input_norm"].Shift != nil) == layered,
			"qkv bias": (b.QKV.Bias != nil) == m.QKVBias, "o bias": (b.O.Bias != nil) == m.OBias,
			"up bias": (b.Up.Bias != nil) == m.MLPBias, "down bias": (b.Down.Bias != nil) == m.MLPBias,
			"head bias": (e.Head.Bias != nil) == m.HeadBias, "tied": (&e.Embedding[0] == &e.Head.Half[0]) == m.Tied,
		} {
			if !got {
				t.Errorf("%s: %s is not as the model says", family, name)
			}
		}
		negative := 0
		for _, h := range e.Norm.Scale {
			if v := value(h); math.Abs(math.Abs(v)-1) > 0.5 {
				t.Errorf("%s: final norm has %g", family, v)
			} else if v < 0 {
				negative++
			}
		}
		if (negative > 0) != m.Tied {
			t.Errorf("%s: %d negative scales in the final norm, tied=%t", family, negative, m.Tied)
		}
	}
}

func BenchmarkRandom(b *testing.B) {
	for _, name := range []string{"vicuna-7b", "phi-1.5"} {
		m, err := weights.Load(name)
		if err != nil {
			b.Fatal(err)
		}
		s := random(b, m, 1)
		b.Run(fmt.Sprintf("%s/block", name), func(b *testing.B) {
			n := 0
			for b.Loop() {
				for _, m := range matrices(block(b, s, 0)) {
					n += m.Out * m.In
				}
			}
			b.ReportMetric(float64(n)/1e6/b.Elapsed().Seconds(), "Mweights/s")
		})
		b.Run(fmt.Sprintf("%s/ends", name), func(b *testing.B) {
			for b.Loop() {
				ends(b, s)
			}
		})
	}
}

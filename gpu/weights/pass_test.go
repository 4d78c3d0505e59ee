package weights_test

import (
	"math"
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/gputest"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// pass is a decode pass in float64, as slow as it is plain: it says what random weights make of tokens.
type pass struct {
	model  *weights.Model
	ends   *weights.Ends
	blocks []*weights.Block
	bits   int
	keys   [][][]float64 // by layer and position
	values [][][]float64
	stream []float64 // rms of the residual stream after each block
}

func newPass(t testing.TB, m *weights.Model, bits int) *pass {
	s := random(t, m, 11)
	p := &pass{model: m, ends: ends(t, s), bits: bits, keys: make([][][]float64, m.Layers), values: make([][][]float64, m.Layers)}
	for layer := range m.Layers {
		p.blocks = append(p.blocks, block(t, s, layer))
	}
	return p
}

func product(m *weights.Matrix, bits int, x []float64) []float64 {
	out, row, codes := make([]float64, m.Out), make([]uint16, m.In), make([]uint8, m.In)
	for r := range out {
		m.Row(r, bits, codes, row)
		for i, h := range row {
			out[r] += value(h) * x[i]
		}
		if m.Bias != nil {
			out[r] += value(m.Bias[r])
		}
	}
	return out
}

func rms(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v / float64(len(x))
	}
	return math.Sqrt(sum)
}

func (p *pass) norm(n weights.Norm, x []float64) []float64 {
	mean := 0.0
	if n.Shift != nil {
		for _, v := range x {
			mean += v / float64(len(x))
		}
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v - mean
	}
	scale := 1 / math.Sqrt(rms(out)*rms(out)+p.model.NormEps)
	for i := range out {
		out[i] *= scale * value(n.Scale[i])
		if n.Shift != nil {
			out[i] += value(n.Shift[i])
		}
	}
	return out
}

func (p *pass) rotate(x []float64, position int) {
	half := p.model.RotaryDim / 2
	for i := range half {
		sin, cos := math.Sincos(float64(position) * math.Pow(p.model.RopeTheta, -float64(i)/float64(half)))
		x[i], x[i+half] = x[i]*cos-x[i+half]*sin, x[i+half]*cos+x[i]*sin
	}
}

func (p *pass) attention(layer int, qkv []float64) []float64 {
	m := p.model
	d, kv := m.HeadDim, m.KVWidth()
	q, k, v := qkv[:m.Heads*d], qkv[m.Heads*d:m.Heads*d+kv], qkv[m.Heads*d+kv:]
	position := len(p.keys[layer])
	for h := range m.Heads {
		p.rotate(q[h*d:], position)
	}
	for h := range m.KVHeads {
		p.rotate(k[h*d:], position)
	}
	p.keys[layer], p.values[layer] = append(p.keys[layer], k), append(p.values[layer], v)
	out := make([]float64, m.Heads*d)
	for h := range m.Heads {
		from := h / (m.Heads / m.KVHeads) * d
		total := 0.0
		for t, key := range p.keys[layer] {
			score := 0.0
			for i := range d {
				score += q[h*d+i] * key[from+i]
			}
			w := math.Exp(score / math.Sqrt(float64(d)))
			total += w
			for i := range d {
				out[h*d+i] += w * p.values[layer][t][from+i]
			}
		}
		for i := range d {
			out[h*d+i] /= total
		}
	}
	return out
}

func (p *pass) mlp(b *weights.Block, x []float64) []float64 {
	up := product(&b.Up, p.bits, x)
	h := make([]float64, p.model.FFN)
	for i := range h {
		g := up[i]
		if p.model.GatedMLP {
			h[i] = g / (1 + math.Exp(-g)) * up[len(h)+i]
		} else {
			h[i] = 0.5 * g * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(g+0.044715*g*g*g)))
		}
	}
	return product(&b.Down, p.bits, h)
}

// read returns the most likely next token and its probability.
func (p *pass) read(token int) (int, float64) {
	m := p.model
	x := make([]float64, m.Hidden)
	for i := range x {
		x[i] = value(p.ends.Embedding[token*m.Hidden+i])
	}
	add := func(y []float64) {
		for i, v := range y {
			x[i] += v
		}
	}
	p.stream = p.stream[:0]
	for layer, b := range p.blocks {
		h := p.norm(b.Norms["input_norm"], x)
		add(product(&b.O, p.bits, p.attention(layer, product(&b.QKV, p.bits, h))))
		if !m.Parallel {
			h = p.norm(b.Norms["mlp_norm"], x)
		}
		add(p.mlp(b, h))
		p.stream = append(p.stream, rms(x))
	}
	logits := product(&p.ends.Head, weights.Half, p.norm(p.ends.Norm, x))
	most, sum := slices.Max(logits), 0.0
	for _, l := range logits {
		sum += math.Exp(l - most)
	}
	return slices.Index(logits, most), 1 / sum
}

// A schedule that watches how sure the model is has something to watch: probabilities are neither flat nor all 1, tokens
// change, nothing explodes, and fewer bits agree less often with fp16 on the tokens that fp16 chose.
func TestRandomModelsAreSureNowAndThen(t *testing.T) {
	gputest.Numbers(t)
	const steps = 60
	for _, family := range []workloads.Family{workloads.Llama, workloads.Phi, workloads.StableLM, workloads.Qwen2} {
		t.Run(string(family), func(t *testing.T) {
			m := tiny(family, func(m *weights.Model) { m.Layers, m.FFN, m.Vocab = 6, 256, 1024 })
			full := newPass(t, m, weights.Half)
			tokens, sure := []int{17}, []float64{}
			for range steps {
				next, p := full.read(tokens[len(tokens)-1])
				tokens, sure = append(tokens, next), append(sure, p)
				if least, most := slices.Min(full.stream), slices.Max(full.stream); least < 0.1 || most > 3 {
					t.Fatalf("the residual stream has rms %.2g", full.stream)
				}
			}
			agree := map[int]int{}
			for _, bits := range []int{8, 4, 3, 2} {
				p := newPass(t, m, bits)
				for i, token := range tokens[:steps] {
					if next, _ := p.read(token); next == tokens[i+1] {
						agree[bits]++
					}
				}
			}
			distinct := slices.Sorted(slices.Values(tokens))
			distinct = slices.Compact(distinct)
			slices.Sort(sure)
			low, middle, high := sure[steps/10], sure[steps/2], sure[steps*9/10]
			t.Logf("p_max %.2f %.2f %.2f (10, 50, 90 of 100), %d distinct tokens of %d, agreement %v, rms %.2f", low, middle, high,
				len(distinct), steps, agree, full.stream)
			if low > 0.5 || high < 0.6 || high-low < 0.25 || len(distinct) < steps/4 {
				t.Error("not like text")
			}
			if agree[8] != steps || agree[4] == steps || agree[4] < agree[3] || agree[3] < agree[2] {
				t.Error("agreement does not follow precision")
			}
		})
	}
}

package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/bits"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// How random weights are spread. Shapes and bytes are those of the real model; values are such that a decode pass is like one
// of a trained model in what schedulers watch.
const (
	// queryKey makes q and k larger than 1: scores have a deviation of its square, 2.25, so that of T positions a head attends to
	// about T/exp(2.25²), one in 160 (the inverse of the sum of squared weights), and what is said depends on the context.
	queryKey = 1.5
	// embedding is about what all blocks together add to the residual stream: a token's own vector does not drown.
	embedding = 0.25
	// headGain: logits are V independent normal numbers, a random energy model (Derrida 1981), in which the probability of the
	// most likely one is 0 in the limit below a deviation of sqrt(2 ln V) and anything from 0 to 1 above. At 1.5 times that
	// the expected sum of squared probabilities is 1 - 1/1.5, a third.
	headGain = 1.5
	// Per-channel variety of norms, biases and rows.
	normSpread = 0.1
	biasSpread = 0.05
	rowSpread  = 0.5 // scale of rows: 1 - half of it to 1 + half of it
)

// randomVersion is part of the identity of random weights: it changes when the same seed yields other values.
const randomVersion = "pmpdsim random weights 1"

// random is a Source of values that are computed where they are needed: a pure function of shape, seed, tensor and position
// in integers and single roundings, so that every machine makes the same bytes.
type random struct {
	model  *Model
	seed   uint64
	sha256 string
	normal [256]float64 // quantiles of the normal distribution at (i+½)/256, as fp32
}

var _ Source = (*random)(nil)

// Random yields weights in a model's true shapes. Each 8-bit code is uniformly distributed and each codebook has the quantiles
// of a normal distribution, so the fp16 model is the 8-bit model, and fewer bits approximate it.
func Random(m *Model, seed uint64) (Source, error) {
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("random weights of %s: %w", m.Name, err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("random weights of %s: %w", m.Name, err)
	}
	shape := *m.Model
	shape.Name, shape.Source, shape.PaperHigh, shape.PaperLow, shape.Published = "", "", 0, 0, 0
	text, err := json.Marshal(struct {
		Version string
		Seed    uint64
		Shape   workloads.Model
	}{randomVersion, seed, shape})
	if err != nil {
		panic("weights: a model's shape as JSON: " + err.Error())
	}
	sum := sha256.Sum256(text)
	r := &random{model: m, seed: seed, sha256: hex.EncodeToString(sum[:])}
	for i := range r.normal {
		// By way of fp32, so that the last bits of a machine's Erfinv cannot count.
		r.normal[i] = float64(float32(math.Sqrt2 * math.Erfinv((2*float64(i)+1)/256-1)))
	}
	return r, nil
}

func (r *random) Model() *Model           { return r.model }
func (r *random) SHA256() (string, error) { return r.sha256, nil }
func (r *random) Close() error            { return nil }

// stream is the random numbers of one tensor, by position: splitmix64 (Steele, Lea, Flood 2014) started at a hash of seed
// and name.
type stream uint64

func (r *random) stream(name string) stream {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // of a hash: never an error
	return stream(mix(r.seed ^ mix(h.Sum64())))
}

func (s stream) at(i int) uint64 { return mix(uint64(s) + uint64(i+1)*0x9e37_79b9_7f4a_7c15) }

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58_476d_1ce4_e5b9
	z = (z ^ z>>27) * 0x94d0_49bb_1331_11eb
	return z ^ z>>31
}

// Ends returns embedding, final norm and head.
func (r *random) Ends() (*Ends, error) {
	m := r.model
	log2 := bits.Len(uint(m.Vocab)) // of V, from above: a logarithm would differ between machines
	logits := headGain * math.Sqrt(2*math.Ln2*float64(log2)) / math.Sqrt(float64(m.Hidden))
	e := &Ends{
		Norm: r.norm("final_norm", m.wide("final_norm"), m.Tied),
		Head: Matrix{Name: "lm_head", Out: m.Vocab, In: m.Hidden},
	}
	if m.Tied {
		e.Head.Half = r.halves("embed", m.Vocab, m.Hidden, logits)
		e.Embedding = e.Head.Half
	} else {
		e.Embedding = r.halves("embed", m.Vocab, m.Hidden, embedding)
		e.Head.Half = r.halves("lm_head", m.Vocab, m.Hidden, logits)
	}
	if m.LearnedPositions > 0 {
		e.Positions = r.halves("positions", m.LearnedPositions, m.Hidden, embedding)
	}
	if m.EmbedNorm {
		e.EmbedNorm = r.norm("embed_norm", m.wide("embed_norm"), false)
	}
	if m.HeadBias {
		e.Head.Bias = r.vector("lm_head.bias", m.Vocab, 0, biasSpread)
	}
	return e, nil
}

// Block returns one layer.
func (r *random) Block(layer int) (*Block, error) {
	m := r.model
	if layer < 0 || layer >= m.Layers {
		return nil, fmt.Errorf("layer %d; accepted: 0 to %d", layer, m.Layers-1)
	}
	prefix := fmt.Sprintf("L%d.", layer)
	b := &Block{Norms: map[string]Norm{}}
	for _, s := range m.Norms(layer) {
		name := s.Operator
		if name == "mlp_norm" {
			name = "post_norm" // what version 1 of random weights calls it
		}
		b.Norms[s.Operator] = r.norm(prefix+name, s, false)
	}
	for _, s := range m.shapes(layer) {
		scale := 1 / math.Sqrt(float64(s.in)) // what reads values around 1 yields values around 1
		gained := 0                           // rows of q and k
		switch s.name {
		case "o", "down", "shared_down", "experts_down":
			scale /= math.Sqrt(float64(2 * m.Layers)) // GPT-2: 2·layers results are added up
		case qkvMatrix:
			gained = (m.Heads + m.KVHeads) * m.HeadDim
		}
		for i, to := range b.to(&s) {
			name := s.called(layer, i)
			if s.fixed {
				*to = Matrix{Name: name, Out: s.out, In: s.in, Half: r.halves(name, s.out, s.in, scale)}
				if s.bias {
					to.Bias = r.vector(name+".bias", s.out, 0, biasSpread)
				}
				continue
			}
			*to = r.matrix(name, s, scale, gained)
		}
	}
	b.correct(m)
	return b, nil
}

// norm has scales near 1. Those of both signs are for the final norm before a tied head: the residual stream has the
// embedding of the token that was read in it, which would always predict itself. Norms of q and k make them as large as
// matrices make them elsewhere.
func (r *random) norm(name string, s NormShape, signs bool) Norm {
	mean := 1.0
	if s.Operator == "q_norm" || s.Operator == "k_norm" {
		mean = queryKey
	}
	n := Norm{Scale: r.vector(name, s.Width, mean, normSpread)}
	if s := r.stream(name + ".sign"); signs {
		for i := range n.Scale {
			n.Scale[i] ^= uint16(s.at(i)>>63) << 15
		}
	}
	if r.model.NormOne {
		for i, h := range n.Scale {
			n.Scale[i] = half(value(h) - 1)
		}
	}
	if s.Shift {
		n.Shift = r.vector(name+".shift", s.Width, 0, biasSpread)
	}
	return n
}

func (r *random) vector(name string, n int, mean, deviation float64) []uint16 {
	s, out := r.stream(name), make([]uint16, n)
	for i := range out {
		out[i] = half(mean + float64(deviation*r.normal[s.at(i)>>56]))
	}
	return out
}

// rowScale is a scale with the variety of rows.
func (s stream) rowScale(row int, scale float64) float64 {
	u := float64(s.at(row)>>11) / (1 << 53)
	return scale * (1 - rowSpread/2 + float64(rowSpread*u))
}

// table fills the codebook of a row.
func (r *random) table(to []uint16, scale float64) {
	for i, q := range r.normal {
		to[i] = half(q * scale)
	}
}

// halves is a matrix that stays in fp16.
func (r *random) halves(name string, rows, in int, scale float64) []uint16 {
	values, scales := r.stream(name), r.stream(name+".scale")
	out := make([]uint16, rows*in)
	_ = split(rows, 1, func(from, to int) error { // no part fails
		table := make([]uint16, 256)
		for row := from; row < to; row++ {
			r.table(table, scales.rowScale(row, scale))
			for i := row * in; i < (row+1)*in; i += 8 { // in is a multiple of 32
				w := values.at(i / 8)
				for k := range 8 {
					out[i+k] = table[w>>(8*k)&255]
				}
			}
		}
		return nil
	})
	return out
}

// matrix is one of a block; the first rows of q and k are larger.
func (r *random) matrix(name string, s shape, scale float64, gained int) Matrix {
	m := Matrix{Name: name, Out: s.out, In: s.in, Half: make([]uint16, s.out*s.in)}
	m.allocate()
	values, scales := r.stream(name), r.stream(name+".scale")
	_ = split(len(m.Planes), 2, func(from, to int) error { // no part fails
		for i := from; i < to; i += 2 { // their number is a multiple of 8
			w := values.at(i / 2)
			m.Planes[i], m.Planes[i+1] = uint32(w), uint32(w>>32)
		}
		return nil
	})
	_ = split(m.Out, 1, func(from, to int) error {
		codes := make([]uint8, m.In)
		for row := from; row < to; row++ {
			rowScale := scales.rowScale(row, scale)
			if row < gained {
				rowScale *= queryKey
			}
			r.table(m.Tables[Planes][row<<Planes:(row+1)<<Planes], rowScale)
			m.means(row)
			m.Row(row, Planes, codes, m.Half[row*m.In:(row+1)*m.In])
		}
		return nil
	})
	if s.bias {
		m.Bias = r.vector(name+".bias", m.Out, 0, biasSpread)
	}
	return m
}

// means fills the lower codebooks of a row: each entry the mean of those of the 8-bit codebook that begin with its code,
// which are equally frequent. The sums are exact.
func (m *Matrix) means(row int) {
	var sums [1 << Planes]float64
	for c, v := range m.Tables[Planes][row<<Planes : (row+1)<<Planes] {
		sums[c] = value(v)
	}
	for n := Planes - 1; n >= MinBits; n-- {
		for c := range 1 << n {
			sums[c] = sums[2*c] + sums[2*c+1]
			m.Tables[n][row<<n+c] = half(sums[c] / float64(int(1)<<(Planes-n)))
		}
	}
}

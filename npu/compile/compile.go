package compile

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// Job is what a Compiler is made for.
type Job struct {
	Config     *config.Config
	Model      *workloads.Model
	Precisions []unit.Bits // every weight precision of the run, prefill included: 2 to 8, or 16
	Prompt     int         // tokens
	Generated  int         // tokens
	Stripe     unit.Bytes  // bytes of one interleave granule times the channels of the DRAM
}

// Compiler makes the programs of one run. It is immutable after New, and safe for concurrent use.
type Compiler struct {
	cfg   *config.Config
	model *workloads.Model
	image *Image
	tile  unit.Bytes // largest tile of a stream
	spill bool       // prefill keeps activations in DRAM
}

// New lays the model out in DRAM and checks that a step fits the scratchpad.
func New(j Job) (*Compiler, error) {
	c := &Compiler{cfg: j.Config, model: j.Model}
	c.tile = j.Config.TileBytes()
	half := j.Config.Scratchpad.Size / 2
	if need := c.static(1); need > half {
		return nil, fmt.Errorf("scratchpad.size: the activations of one token of %s take %v, more than half of %v",
			j.Model.Name, need, j.Config.Scratchpad.Size)
	}
	spilled := 0
	if c.spill = c.static(j.Prompt) > half; c.spill {
		spilled = j.Prompt
	}
	im, err := newImage(j.Config, j.Model, sortedPrecisions(j.Precisions), j.Prompt+j.Generated, spilled, j.Stripe)
	if err != nil {
		return nil, err
	}
	c.image = im
	return c, nil
}

// Footprint is what the run occupies in DRAM.
func (c *Compiler) Footprint() Footprint { return c.image.Footprint }

// Prefill is the pass over the whole prompt at one weight precision.
func (c *Compiler) Prefill(tokens int, bits unit.Bits) (*isa.Program, error) {
	b := c.builder(fmt.Sprintf("prefill of %d tokens at %d bits", tokens, bits), tokens, 0, bits)
	b.spill = c.spill
	return b.step()
}

// Decode is the pass that appends the token at position past (past positions are in the cache). If the precision of
// the pass before was another one, the program starts with a switch.
func (c *Compiler) Decode(past int, bits, before unit.Bits) (*isa.Program, error) {
	b := c.builder(fmt.Sprintf("decode at position %d, %d bits", past, bits), 1, past, bits)
	if bits != before {
		b.add(isa.Op{Name: fmt.Sprintf("switch %d>%d", before, bits), Kind: isa.Switch, Layer: -1, Unit: isa.Array,
			Work: isa.Work{Bits: bits}})
	}
	return b.step()
}

// static is the scratchpad that n tokens' activations take at their widest point, with fp16 values: residual and
// normalised input beside q, k, v and the attention's output, or beside the MLP's inner values; the logits of one token;
// one token's keys and values of all layers, which are written together.
func (c *Compiler) static(n int) unit.Bytes {
	m := c.model
	inner := max(2*m.Heads*m.HeadDim+2*m.KVWidth(), mlpWidth(m))
	late := c.cfg.KV.Bits.Of(2 * int64(m.KVWidth()) * int64(m.Layers))
	return max(fp16.Of(int64(n)*int64(2*m.Hidden+inner)), fp16.Of(int64(2*m.Hidden+m.Vocab))) + late + scoreBytes(c.cfg)
}

// mlpWidth is the number of values between the MLP's matrices.
func mlpWidth(m *workloads.Model) int {
	if m.GatedMLP {
		return 2 * m.FFN
	}
	return m.FFN
}

// scoreBytes is the part of the scratchpad set aside for attention scores and partial results.
func scoreBytes(c *config.Config) unit.Bytes { return c.Scratchpad.Size / 8 }

// builder makes one program.
type builder struct {
	*Compiler
	p      *isa.Program
	tokens int
	past   int
	bits   unit.Bits
	spill  bool
	late   []isa.Op // cache updates of a decode step
	err    error
}

func (c *Compiler) builder(name string, tokens, past int, bits unit.Bits) *builder {
	p := &isa.Program{Name: name, Bits: bits, Tokens: tokens, Context: past + tokens}
	p.Ops = make([]isa.Op, 0, 24*c.model.Layers+8)
	return &builder{Compiler: c, p: p, tokens: tokens, past: past, bits: bits}
}

// add appends an op and returns the list that depends on it.
func (b *builder) add(o isa.Op) []int {
	o.Tiles = max(o.Tiles, 1)
	if o.Last == (isa.Work{}) {
		o.Last = o.Work
	}
	b.p.Ops = append(b.p.Ops, o)
	return []int{len(b.p.Ops) - 1}
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("compile "+b.p.Name+": "+format, args...)
	}
}

// step emits the operators of the pass in order.
func (b *builder) step() (*isa.Program, error) {
	b.p.Static = b.static(b.tokens)
	if b.spill {
		b.p.Static = b.static(1)
	}
	m := b.model
	act, _ := placeActs(m, b.tokens, b.image.act, b.image.stripe)
	x := b.embed(act.x)
	for l := range m.Layers {
		x = b.block(l, act, x)
	}
	for _, o := range b.late {
		o.Deps = join(o.Deps, x)
		b.add(o)
	}
	n := b.vector(vec{name: "final_norm", kind: isa.Norm, layer: -1, fn: b.normFn(), width: m.Hidden, rows: 1,
		params: b.params(b.image.finalNorm, normBytes(m)), deps: x})
	h := n
	if b.cfg.Count.Head {
		h = b.head(n)
		if m.Softcap {
			h = b.vector(vec{name: "final_softcap", kind: isa.Head, layer: -1, fn: isa.FnSoftcap, width: m.Vocab, rows: 1, deps: h})
		}
	}
	b.vector(vec{name: "sample", kind: isa.Sample, layer: -1, fn: isa.FnArgmax, width: m.Vocab, rows: 1, deps: h})
	return b.p, b.err
}

// block emits one transformer block and returns what the next one waits for.
func (b *builder) block(l int, act acts, x []int) []int {
	m, im := b.model, &b.image.blocks[l]
	norms := b.normCursor(im.norms)
	n := b.norm(l, "input_norm", norms(), act.x, act.n, x)
	o := b.attention(l, act, n)
	if m.Parallel {
		f := b.mlp(l, act, n)
		x = b.vector(vec{name: "residual", kind: isa.Residual, layer: l, fn: isa.FnAdd, width: 2 * m.Hidden, rows: b.tokens,
			in: []region{act.x, act.attn, act.f1}, out: act.x, deps: join(o, f, x)})
		return x
	}
	if m.BlockNorms == 4 {
		o = b.norm(l, "post_attention_norm", norms(), act.attn, act.attn, o)
	}
	x = b.residual(l, "attention_residual", act, act.attn, join(o, x))
	n = b.norm(l, "mlp_norm", norms(), act.x, act.n, x)
	f := b.mlp(l, act, n)
	if m.BlockNorms == 4 {
		f = b.norm(l, "post_mlp_norm", norms(), act.f1, act.f1, f)
	}
	return b.residual(l, "mlp_residual", act, act.f1, join(f, x))
}

func (b *builder) mlp(l int, act acts, n []int) []int {
	m, im := b.model, &b.image.blocks[l]
	if !m.GatedMLP {
		h := b.linear(l, &im.mlp[0], act.n, act.f1, n)
		h = b.vector(vec{name: "gelu", kind: isa.Activation, layer: l, fn: isa.FnGelu, width: m.FFN, rows: b.tokens,
			in: []region{act.f1}, out: act.f2, deps: h})
		return b.linear(l, &im.mlp[1], act.f2, act.f1, h)
	}
	g := b.linear(l, &im.mlp[0], act.n, act.f1, n)
	u := b.linear(l, &im.mlp[1], act.n, act.f2, n)
	fn, name := isa.FnSiluMul, "silu_mul"
	if m.Activation == workloads.Gelu {
		fn, name = isa.FnGeluMul, "gelu_mul"
	}
	h := b.vector(vec{name: name, kind: isa.Activation, layer: l, fn: fn, width: m.FFN, rows: b.tokens,
		in: []region{act.f1, act.f2}, out: act.f2, deps: join(g, u)})
	return b.linear(l, &im.mlp[2], act.f2, act.f1, h)
}

func join(lists ...[]int) []int {
	var all []int
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

package compile

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/plan"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// Job is what a Compiler is made for.
type Job struct {
	Config     *config.Config
	Model      *workloads.Model
	Precisions []unit.Bits // every weight precision of the run, prefill included: 2 to 8, or 16
	Prompt     int         // tokens
	Passes     int         // of decode: each appends a token to every sequence
	Batch      int         // sequences that decode together, 1 to MostSequences
	Decide     *Decide     // what a precision scheduler computes after some of the decode passes; nil: nothing
}

// MostSequences is the largest batch.
const MostSequences = 64

// Compiler makes the programs of one run. It is immutable after New, and safe for concurrent use.
type Compiler struct {
	cfg       *config.Config
	model     *workloads.Model
	image     *Image
	price     pricing
	operators []string
	index     map[string]int // of operators
	batch     int
	tile      unit.Bytes // largest tile of a stream
	spill     bool       // prefill keeps activations in DRAM
	spillStep bool       // decode does, too: a large batch
	room      unit.Bytes // of the scratchpad, for scores and partial results of attention, in a prefill from DRAM
	late      bool       // decode writes the cache after the last block
	running   bool       // the largest logit is found tile by tile, because all of them do not fit
	scheduler *Decide    // nil: none
}

// New lays the model out in DRAM and checks that a step fits the scratchpad.
func New(j Job) (*Compiler, error) {
	c := &Compiler{cfg: j.Config, model: j.Model, batch: max(j.Batch, 1), tile: j.Config.TileBytes(), operators: operatorsOf(j.Model),
		scheduler: j.Decide}
	c.index = make(map[string]int, len(c.operators))
	for i, name := range c.operators {
		c.index[name] = i
	}
	var err error
	if c.price, err = newPricing(j.Config); err != nil {
		return nil, err
	}
	half := j.Config.Scratchpad.Size / 2
	c.late = c.batch == 1 || c.newKV() <= j.Config.Scratchpad.Size/8
	c.running = c.batch > 1 && c.logits(c.batch) > half
	if need := c.static(1, 1); need > half {
		return nil, fmt.Errorf("scratchpad.size: the activations of one token of %s take %v, more than half of %v",
			j.Model.Name, need, j.Config.Scratchpad.Size)
	}
	spilled := 0
	if c.spill = c.static(j.Prompt, 1) > half; c.spill {
		spilled = j.Prompt
	}
	if c.spillStep = c.static(c.batch, c.batch) > half; c.spillStep {
		spilled = max(spilled, c.batch)
	}
	if c.image, err = newImage(j, c.price, spilled); err != nil {
		return nil, err
	}
	c.room = scoreBytes(j.Config)
	return c, c.chooseRoom(j)
}

// Footprint is what the run occupies in DRAM.
func (c *Compiler) Footprint() plan.Footprint { return c.image.Footprint }

// Operators are the names of what the ops of all programs do, in any layer.
func (c *Compiler) Operators() []string { return c.operators }

// Prefill is the pass over the whole prompt of one sequence at one weight precision.
func (c *Compiler) Prefill(tokens int, bits unit.Bits) (*isa.Program, error) {
	return c.prefill(tokens, bits).step()
}

func (c *Compiler) prefill(tokens int, bits unit.Bits) *builder {
	b := c.builder(fmt.Sprintf("prefill of %d tokens at %d bits", tokens, bits), tokens, 0, bits)
	b.spill = c.spill
	return b
}

// Decode is the pass that appends the token at position past to every sequence of the batch (past positions are in the
// caches). If the precision of the pass before was another one, the program starts with a switch.
func (c *Compiler) Decode(past int, bits, before unit.Bits) (*isa.Program, error) {
	return c.decode(past, bits, before).step()
}

func (c *Compiler) decode(past int, bits, before unit.Bits) *builder {
	b := c.builder(fmt.Sprintf("decode at position %d, %d bits", past, bits), c.batch, past, bits)
	b.decode = true
	b.p.Context = past + 1
	b.spill = c.spillStep
	if bits != before {
		for core := range b.cores() {
			b.add(isa.Op{Name: fmt.Sprintf("switch %d>%d", before, bits), Kind: isa.Switch, Layer: -1, Core: core, Unit: isa.Array,
				Work: isa.Work{Bits: bits}}, "switch")
		}
	}
	return b
}

// static is the scratchpad that n rows of activations take at their widest point, with fp16 values: residual and
// normalised input beside q, k, v and the attention's output, or beside the MLP's inner values; the logits of the rows that
// have any; the keys and values of all layers that are written together. Every core is taken to hold all of it.
func (c *Compiler) static(n, heads int) unit.Bytes {
	m := c.model
	inner := max(2*m.Heads*m.HeadDim+2*m.KVWidth(), mlpWidth(m))
	need := max(fp16.Of(int64(n)*int64(2*m.Hidden+inner)), c.logits(heads)) + scoreBytes(c.cfg)
	if c.late {
		need += c.newKV()
	}
	return need
}

// staticOf is what a program keeps on chip all the time: all activations, or where they lie in DRAM those of a token, and
// the last hidden states with their logits.
func (b *builder) staticOf(heads int) unit.Bytes {
	if !b.spill {
		return b.static(b.rows, heads)
	}
	need := max(b.static(1, 1), b.logits(heads)+scoreBytes(b.cfg))
	if !b.decode {
		need += b.room - scoreBytes(b.cfg)
	}
	return need
}

// logits is what the last hidden states and the logits of so many rows take.
func (c *Compiler) logits(rows int) unit.Bytes {
	width := 2 * c.model.Hidden
	if !c.running {
		width += c.model.Vocab
	}
	return fp16.Of(int64(rows) * int64(width))
}

// newKV is what a decode step appends to the caches, in all layers.
func (c *Compiler) newKV() unit.Bytes {
	return c.cfg.KV.Bits.Of(2*int64(c.model.KVWidth())*int64(c.model.Layers)) * unit.Bytes(c.batch)
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
	p          *isa.Program
	decode     bool
	rows       int // of activations: tokens of a prompt, or sequences of a batch
	past       int
	bits       unit.Bits
	spill      bool
	updates    []pending // cache updates of a decode step
	chosen     map[gemmKey]gemmTiling
	names      map[string]string // of the ops of the layer named
	named      int
	choices    []plan.Choice
	explaining bool
	err        error
}

// pending is an op that is added later.
type pending struct {
	op       isa.Op
	operator string
}

func (c *Compiler) builder(name string, rows, past int, bits unit.Bits) *builder {
	p := &isa.Program{Name: name, Bits: bits, Tokens: rows, Context: past + rows, Operators: c.operators}
	p.Ops = make([]isa.Op, 0, (24*c.model.Layers+8)*c.cfg.Cores)
	return &builder{Compiler: c, p: p, chosen: map[gemmKey]gemmTiling{}, names: map[string]string{}, rows: rows, past: past, bits: bits}
}

// add appends an op and returns the list that depends on it.
func (b *builder) add(o isa.Op, operator string) []int {
	o.Tiles = max(o.Tiles, 1)
	if o.Last == (isa.Work{}) {
		o.Last = o.Work
	}
	i, ok := b.index[operator]
	if !ok {
		panic("compile: no operator is called " + operator)
	}
	o.Operator = i
	b.p.Ops = append(b.p.Ops, o)
	return []int{len(b.p.Ops) - 1}
}

// name is what an op of a layer is called: one text for all ops of the name.
func (b *builder) name(layer int, operator string) string {
	if layer < 0 {
		return operator
	}
	if layer != b.named {
		clear(b.names)
		b.named = layer
	}
	name, ok := b.names[operator]
	if !ok {
		name = fmt.Sprintf("L%d.%s", layer, operator)
		b.names[operator] = name
	}
	return name
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("compile "+b.p.Name+": "+format, args...)
	}
}

// step emits the operators of the pass in order.
func (b *builder) step() (*isa.Program, error) {
	heads := 1 // rows that go through lm_head: the last of a prompt
	if b.decode {
		heads = b.rows
	}
	b.p.Static = b.staticOf(heads)
	m := b.model
	act, _ := placeActs(m, b.rows, b.image.act, b.image.stripe)
	x := b.embed(act.x)
	for l := range m.Layers {
		x = b.block(l, act, x)
	}
	for _, p := range b.updates {
		p.op.Deps = join(p.op.Deps, x)
		b.add(p.op, p.operator)
	}
	n := b.vector(vec{name: "final_norm", kind: isa.Norm, layer: -1, fn: b.normFn(), width: m.Hidden, rows: heads, whole: true,
		in: []region{act.x}, params: b.params(b.image.finalNorm, normBytes(m)), deps: x})
	b.logitsOf(heads, n)
	return b.p, b.err
}

// logitsOf emits lm_head and the choice of a token for each row.
func (b *builder) logitsOf(rows int, n []int) {
	m := b.model
	if b.running && b.cfg.Count.Head {
		then := []isa.Fn{isa.FnArgmax}
		if m.Softcap {
			then = []isa.Fn{isa.FnSoftcap, isa.FnArgmax}
		}
		b.head(rows, n, then...)
		return
	}
	h := n
	if b.cfg.Count.Head {
		h = b.head(rows, n)
		if m.Softcap {
			h = b.vector(vec{name: "final_softcap", kind: isa.Head, layer: -1, fn: isa.FnSoftcap, width: m.Vocab, rows: rows, deps: h})
		}
	}
	b.vector(vec{name: "sample", kind: isa.Sample, layer: -1, fn: isa.FnArgmax, width: m.Vocab, rows: rows, deps: h})
}

// block emits one transformer block and returns what the next one waits for.
func (b *builder) block(l int, act acts, x []int) []int {
	m, im := b.model, &b.image.blocks[l]
	norms := b.normCursor(im.norms)
	n := b.quantise(l, m.Hidden, b.norm(l, "input_norm", norms(), act.x, act.n, x))
	if m.Parallel {
		o := b.attention(l, act, n, nil)
		return b.gather(l, m.Hidden, b.mlp(l, act, n, &tail{name: "residual", kind: isa.Residual, fns: []isa.Fn{isa.FnAdd, isa.FnAdd},
			width: m.Hidden, in: []region{act.x, act.attn}, out: act.x, deps: join(o, x)}))
	}
	if m.BlockNorms == 4 { // a norm stands between the matrix and the addition
		o := b.gather(l, m.Hidden, b.attention(l, act, n, nil))
		o = b.norm(l, "post_attention_norm", norms(), act.attn, act.attn, o)
		x = b.tail(l, act.attn, b.residual("attention_residual", act, x).everywhere(), o)
		n = b.quantise(l, m.Hidden, b.norm(l, "mlp_norm", norms(), act.x, act.n, x))
		f := b.gather(l, m.Hidden, b.mlp(l, act, n, nil))
		f = b.norm(l, "post_mlp_norm", norms(), act.f1, act.f1, f)
		return b.tail(l, act.f1, b.residual("mlp_residual", act, x).everywhere(), f)
	}
	x = b.gather(l, m.Hidden, b.attention(l, act, n, b.residual("attention_residual", act, x)))
	n = b.quantise(l, m.Hidden, b.norm(l, "mlp_norm", norms(), act.x, act.n, x))
	return b.gather(l, m.Hidden, b.mlp(l, act, n, b.residual("mlp_residual", act, x)))
}

// mlp emits the matrices of a block's MLP, with what follows the last of them.
func (b *builder) mlp(l int, act acts, n []int, after *tail) []int {
	m, im := b.model, &b.image.blocks[l]
	if !m.GatedMLP {
		h := b.linear(l, &im.mlp[0], act.n, act.f1, n, &tail{name: "gelu", kind: isa.Activation, fns: []isa.Fn{isa.FnGelu}, width: m.FFN,
			out: act.f2})
		return b.linear(l, &im.mlp[1], act.f2, act.f1, b.quantise(l, m.FFN, b.gather(l, m.FFN, h)), after)
	}
	g := b.linear(l, &im.mlp[0], act.n, act.f1, n, nil)
	act2 := &tail{name: "silu_mul", kind: isa.Activation, fns: []isa.Fn{isa.FnSiluMul}, width: m.FFN, in: []region{act.f1}, out: act.f2, deps: g}
	if m.Activation == workloads.Gelu {
		act2.name, act2.fns = "gelu_mul", []isa.Fn{isa.FnGeluMul}
	}
	h := b.linear(l, &im.mlp[1], act.n, act.f2, n, act2)
	return b.linear(l, &im.mlp[2], act.f2, act.f1, b.quantise(l, m.FFN, b.gather(l, m.FFN, h)), after)
}

func join(lists ...[]int) []int {
	var all []int
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

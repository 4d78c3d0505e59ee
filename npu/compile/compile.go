package compile

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/plan"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// Job is what a Compiler is made for.
type Job struct {
	Config     *config.Config
	Model      *workloads.Model
	Precisions []precision.Assignment // every weight precision of the run, prefill included: 2 to 8, or 16
	Prompt     int                    // tokens
	Passes     int                    // of decode: each appends a token to every sequence
	Batch      int                    // sequences that decode together, 1 to MostSequences
	Routing    routing.Router         // which experts tokens take; nil: uniform, seed 0
	AsStored   bool                   // weights outside of blocks, too, are as wide as the model's file has them
	Decide     *Decide                // what a precision scheduler computes after some of the decode passes; nil: nothing
}

// MostSequences is the largest batch.
const MostSequences = 64

// Compiler makes the programs of one run. It is immutable after New, and safe for concurrent use.
type Compiler struct {
	cfg       *config.Config
	model     *workloads.Model
	image     *image
	price     pricing
	operators operators      // of a prompt
	decoding  operators      // of a decode pass
	names     []string       // of operators in any layer
	runtime   isa.Runtime    // of them, those that stand for the runtime
	index     map[string]int // of names
	batch     int
	tile      unit.Bytes     // largest tile of a stream
	spill     bool           // prefill keeps activations in DRAM
	spillStep bool           // decode does, too: a large batch
	room      unit.Bytes     // of the scratchpad, for scores and partial results of attention, in a prefill from DRAM
	late      bool           // decode writes the cache after the last block
	running   bool           // the largest logit is found tile by tile, because all of them do not fit
	scheduler *Decide        // nil: none
	routing   routing.Router // nil: the model has no experts
}

// New lays the model out in DRAM and checks that a step fits the scratchpad.
func New(j Job) (*Compiler, error) {
	if n, need := j.Config.Graph.Context, j.positions(); n > 0 && n < need {
		return nil, fmt.Errorf("graph.context: %d positions, but a prompt of %d tokens and %d decode passes take %d; accepted: 0, or as many",
			n, j.Prompt, j.Passes, need)
	}
	if err := latentsOf(j); err != nil {
		return nil, err
	}
	c := &Compiler{cfg: j.Config, model: j.Model, batch: max(j.Batch, 1), tile: j.Config.TileBytes(), scheduler: j.Decide, routing: j.Routing}
	var err error
	if c.model.Experts != nil && c.routing == nil {
		if c.routing, err = routing.New(routing.Spec{}, c.model); err != nil {
			return nil, err
		}
	}
	if c.price, err = newPricing(j.Config); err != nil {
		return nil, err
	}
	half := j.Config.Scratchpad.Size / 2
	c.late = c.batch == 1 || c.newKV() <= j.Config.Scratchpad.Size/8
	c.running = c.batch > 1 && c.logits(c.batch) > half
	if c.squeeze(half); c.static(1, 1, true) > half {
		need := c.static(1, 1, true)
		return nil, fmt.Errorf("scratchpad.size: the activations of one token of %s take %v, more than half of %v; accepted: twice as much, or a smaller model",
			j.Model.Name, need, j.Config.Scratchpad.Size)
	}
	spilled := 0
	_, chunk, _ := j.Config.Graph.Prefill(j.Prompt)
	if c.spill = c.static(chunk, 1, false) > half; c.spill {
		spilled = chunk
	}
	if c.spillStep = c.static(c.batch, c.batch, true) > half; c.spillStep {
		spilled = max(spilled, c.batch)
	}
	if err = c.fitsSpan(); err != nil {
		return nil, err
	}
	if c.image, err = newImage(j, c.price, spilled); err != nil {
		return nil, err
	}
	c.place()
	c.room = scoreBytes(j.Config)
	return c, c.chooseRoom(j)
}

// squeeze makes the activations of one token fit into so much of the scratchpad, where that is possible: the new keys
// and values go to the cache layer by layer, and the largest logit is found tile by tile, so that neither all of those
// nor all logits are ever on chip.
func (c *Compiler) squeeze(most unit.Bytes) {
	for _, give := range []func(){func() {}, func() { c.late = false }, func() { c.late, c.running = true, true }, func() { c.late = false }} {
		if give(); c.batch > 1 || c.static(1, 1, true) <= most {
			return
		}
	}
}

// Footprint returns what the run occupies in DRAM.
func (c *Compiler) Footprint() plan.Footprint { return c.image.footprint }

// Operators returns the names of what the ops of all programs do, in any layer.
func (c *Compiler) Operators() []string { return c.names }

// Prefill compiles the pass over the whole prompt of one sequence at one weight precision, or where graphs have a chunk
// for it the passes over its chunks, one after the other.
func (c *Compiler) Prefill(tokens int, at precision.Assignment) (*isa.Program, error) {
	return c.prefill(tokens, at).step()
}

func (c *Compiler) prefill(tokens int, at precision.Assignment) *builder {
	passes, chunk, last := c.cfg.Graph.Prefill(tokens)
	b := c.builder(fmt.Sprintf("prefill of %d tokens at %s", tokens, c.said(at)), chunk, 0, at)
	b.passes, b.last, b.p.Tokens, b.p.Context = passes, last, tokens, tokens
	b.spill = c.spill
	return b
}

// Decode compiles the pass that appends the token at position past to every sequence of the batch (past positions are in the
// caches). If the precision of the pass before was another one, of any matrix, the program starts with a switch.
func (c *Compiler) Decode(past int, at, before precision.Assignment) (*isa.Program, error) {
	return c.decode(past, at, before).step()
}

func (c *Compiler) decode(past int, at, before precision.Assignment) *builder {
	b := c.builder(fmt.Sprintf("decode at position %d, %s", past, c.said(at)), c.batch, past, at)
	b.decode, b.p.Decode = true, true
	b.p.Context = past + 1
	b.spill = c.spillStep
	if at != before {
		for core := range b.cores() {
			b.add(isa.Op{Name: fmt.Sprintf("switch %s>%s", c.mean(before), c.mean(at)), Kind: isa.Switch, Layer: -1, Core: core, Unit: isa.Array,
				Work: isa.Work{Bits: unit.Bits(at.Max())}}, opSwitch)
		}
	}
	return b
}

// said is an assignment in a few words: its bits, or their mean.
func (c *Compiler) said(at precision.Assignment) string { return c.mean(at) + " bits" }

func (c *Compiler) mean(at precision.Assignment) string {
	if at.IsUniform() {
		return at.String()
	}
	return fmt.Sprintf("%.3g", at.Average(c.model))
}

// static is the scratchpad that n rows of fp16 activations take at their widest point: the residual stream and the normed
// input beside q, k, v and the attention's output, or beside the MLP's inner values; the logits of the rows that have any; the
// keys and values of all layers, if they are written together. Every core is taken to hold all of it.
func (c *Compiler) static(n, heads int, decode bool) unit.Bytes {
	m := c.model
	inner := max(c.attentionWidth(decode), mlpWidth(m), expertsWidth(m))
	need := max(fp16.Of(int64(n)*int64(2*m.Hidden+inner)), c.logits(heads)) + scoreBytes(c.cfg)
	if c.late {
		need += c.newKV()
	}
	if m.Latent != nil && decode {
		need += latentRoom(c.cfg)
	}
	return need
}

// attentionWidth is the number of values that a token has between the norm and the end of attention.
func (c *Compiler) attentionWidth(decode bool) int {
	m := c.model
	if m.Latent != nil {
		return latentWidth(m, decode)
	}
	return 2*m.Heads*m.HeadDim + 2*m.KVWidth()
}

// staticOf is what a program keeps on chip all the time: all activations, or where they lie in DRAM those of a token, and
// the last hidden states with their logits.
func (b *builder) staticOf(heads int) unit.Bytes {
	if !b.spill {
		return b.static(b.rows, heads, b.decode)
	}
	need := max(b.static(1, 1, true), b.logits(heads)+scoreBytes(b.cfg))
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

// mlpWidth is the number of values between the matrices of a dense block's MLP.
func mlpWidth(m *workloads.Model) int {
	if m.Experts != nil && len(m.Experts.Dense) == 0 {
		return 0
	}
	if m.GatedMLP {
		return 2 * m.FFN
	}
	return m.FFN
}

// scoreBytes is the part of the scratchpad set aside for attention scores and partial results.
func scoreBytes(c *config.Config) unit.Bytes { return c.Scratchpad.Size / 8 }

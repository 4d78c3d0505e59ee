package compile

import (
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/ops"
)

// operator is an operator of the model with what is decided about it once for all passes.
type operator struct {
	ops.Op
	fused []ops.Op // operators that are computed with it
	name  string   // its own and theirs

	matrix *matrix    // of a linear or the head
	params unit.Bytes // base of a norm's weights

	// Cores share every operator, so that each has a part of what it makes.
	whole    bool // element by element: every core does all of it, because every core has all operands
	gather   bool // the cores give each other their parts, because a later operator reduces over them
	quantise bool // a matrix of a block reads what it makes
}

// makes returns the values that are there once o is done.
func (o *operator) makes() []ops.Value {
	if len(o.fused) == 0 {
		return o.Makes
	}
	if o.Kind == ops.HeadNorm {
		return []ops.Value{ops.Q, ops.K}
	}
	return o.fused[len(o.fused)-1].Makes
}

// place turns the operators of a step into those of this machine: which of them run as one, where their weights lie, and
// where cores exchange their parts.
func (c *Compiler) place() {
	c.operators = c.placed(ops.Step(c.model))
	c.decoding = c.operators
	if c.model.Latent != nil {
		c.decoding = c.placed(ops.DecodeStep(c.model))
	}
	c.names = c.namesOf()
	c.index = make(map[string]int, len(c.names))
	for i, name := range c.names {
		c.index[name] = i
	}
	c.runtime = isa.Runtime{Dispatch: c.index[opDispatch], Host: c.index[opHost]} // 0 where there are none
}

// placed turns the operators of a form of a step into those of this machine.
func (c *Compiler) placed(all []ops.Op) (placed operators) {
	if !c.cfg.Count.Head {
		all = withoutHead(all)
	}
	for i := 0; i < len(all); i++ {
		o := operator{Op: all[i]}
		o.fused = all[i+1 : i+1+c.fusedAfter(all, i)]
		i += len(o.fused)
		names := []string{o.Name}
		for _, f := range o.fused {
			names = append(names, f.Name)
		}
		o.name = ops.Fused(names...)
		placed = append(placed, o)
	}
	c.placeWeights(placed)
	placed.placeExchanges()
	return placed
}

// operators are those of a step, in execution order.
type operators []operator

// withoutHead leaves the head out: a token is chosen from the last hidden state.
func withoutHead(all []ops.Op) (rest []ops.Op) {
	for _, o := range all {
		switch o.Kind {
		case ops.Head, ops.LogitCap:
			continue
		case ops.Sample:
			o.Reads = []ops.Value{ops.Normed}
		}
		rest = append(rest, o)
	}
	return rest
}

// fusedAfter returns how many of the operators after all[i] are computed with it: the norm of k with that of q; behind a
// product's tiles what works on them element by element, if the machine fuses; behind the head's tiles the choice of a token,
// if not all logits fit on chip.
func (c *Compiler) fusedAfter(all []ops.Op, i int) int {
	rest := all[i+1:]
	switch o := &all[i]; {
	case o.Kind == ops.HeadNorm:
		return 1
	case o.Kind == ops.Linear && c.cfg.Fusion == config.Elementwise && rest[0].FollowsProduct(o):
		return 1
	case o.Kind == ops.Head && c.running:
		return len(rest)
	}
	return 0
}

// placeWeights finds the weights of each operator in the image.
func (c *Compiler) placeWeights(all operators) {
	matrices := 0        // of the layer
	var norms unit.Bytes // of the layer, before this one
	layer := -1
	for i := range all {
		o := &all[i]
		if o.Layer != layer {
			layer, matrices, norms = o.Layer, 0, 0
		}
		switch o.Kind {
		case ops.Head:
			o.matrix = &c.image.head
		case ops.Linear, ops.HeadProduct:
			o.matrix = c.image.blocks[layer].matrix(matrices)
			matrices++
		case ops.Norm:
			switch {
			case o.Last:
				o.params = c.image.finalNorm
			case layer < 0:
				o.params = c.image.embedNorm
			default:
				o.params = c.image.blocks[layer].norms + norms
				norms += fp16.Of(o.Params)
			}
		case ops.HeadNorm: // behind the other norms
			m := c.model
			heads := m.QKNormParams(m.Heads) + m.QKNormParams(m.KVHeads)
			o.params = c.image.blocks[layer].norms + fp16.Of(m.BlockNormParams()-heads)
		}
	}
}

// placeExchanges finds which values are in parts on the cores, and where somebody reduces over one.
func (all operators) placeExchanges() {
	whole := map[ops.Value]bool{}
	for i := range all {
		o := &all[i]
		made := false
		switch o.Kind {
		case ops.Embed, ops.Norm, ops.Score, ops.TopK:
			made = true
		case ops.Activation, ops.Residual:
			o.whole = !slices.ContainsFunc(o.Reads, func(v ops.Value) bool { return !whole[v] })
			made = o.whole
		}
		for _, v := range o.makes() {
			kinds := all.readers(i, v)
			made := made || o.Kind == ops.Rope && v == ops.Latent // every core rotates the key that all heads share
			o.quantise = o.quantise || slices.Contains(kinds, ops.Linear)
			o.gather = o.gather || !made && slices.ContainsFunc(kinds, reduces)
			whole[v] = made || o.gather
		}
	}
}

// reduces reports whether operators of a kind need whole rows on every core.
func reduces(k ops.Kind) bool {
	return k == ops.Linear || k == ops.Norm || k == ops.Score || k == ops.TopK
}

// readers returns the kinds of the operators that read a value that operator i makes, until it is made anew.
func (all operators) readers(i int, v ops.Value) (kinds []ops.Kind) {
	anew := func(o *ops.Op) bool {
		if slices.Contains(o.Reads, v) {
			kinds = append(kinds, o.Kind)
		}
		return slices.Contains(o.Makes, v)
	}
	for i++; i < len(all); i++ {
		o := &all[i]
		if anew(&o.Op) {
			return kinds
		}
		for f := range o.fused {
			if anew(&o.fused[f]) {
				return kinds
			}
		}
	}
	return kinds
}

// Operators of the machine alone, which no model has.
const (
	opSwitch       = "switch"         // the array changes its precision
	opQuantise     = "quantise"       // activations become the integers that the array takes
	opKVConvert    = "kv_convert"     // new keys and values become as wide as the cache's
	opSoftmaxMerge = ops.SoftmaxMerge // the chunks of a context together
	opAttentionOut = "attention_out"  // what attention yields goes to DRAM
	opExchange     = "exchange"       // cores give each other their parts
	opScheduler    = "scheduler"      // a precision scheduler decides
	opDispatch     = "dispatch"       // the runtime hands over a piece
	opHost         = "host"           // the host works behind a decode pass
)

// namesOf returns the names of all operators of a run, apart from their layer, in the order in which a step meets them.
func (c *Compiler) namesOf() []string {
	names := []string{opSwitch}
	add := func(more ...string) {
		for _, name := range more {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, o := range slices.Concat(c.operators, c.decoding) {
		if o.Layer < 0 && o.Last {
			add(opExchange)
		}
		switch o.Kind {
		case ops.KVAppend:
			add(opKVConvert, o.name)
		case ops.Context:
			add(o.name, opSoftmaxMerge, opAttentionOut)
		case ops.Norm:
			add(o.name)
			if o.Layer >= 0 {
				add(opQuantise)
			}
		default:
			add(o.name)
		}
	}
	add(opScheduler)
	if c.cfg.Runtime.Class != config.Ideal {
		add(opDispatch, opHost)
	}
	return names
}

// functions returns what a vector unit computes of an operator element by element, one after the other.
func (c *Compiler) functions(o *ops.Op) []isa.Fn {
	switch o.Kind {
	case ops.Residual:
		return slices.Repeat([]isa.Fn{isa.FnAdd}, len(o.Reads)-1)
	case ops.Activation:
		fn := map[workloads.Activation][2]isa.Fn{ // without a gate, with one
			workloads.Silu:  {isa.FnSilu, isa.FnSiluMul},
			workloads.Gelu:  {isa.FnGelu, isa.FnGeluMul},
			workloads.Relu:  {isa.FnRelu, isa.FnReluMul},
			workloads.Relu2: {isa.FnRelu2, isa.FnRelu2Mul},
		}[c.model.Activation]
		if c.model.GatedMLP {
			return fn[1:]
		}
		return fn[:1]
	case ops.LogitCap:
		return []isa.Fn{isa.FnSoftcap}
	case ops.TopK:
		return []isa.Fn{isa.FnArgmax}
	case ops.Score:
		if c.model.Experts.Scoring == workloads.SigmoidAll {
			return []isa.Fn{isa.FnSigmoid}
		}
		return []isa.Fn{isa.FnSoftmax}
	case ops.Sample:
		return []isa.Fn{isa.FnArgmax}
	}
	panic("compile: " + o.Name + " is not computed element by element")
}

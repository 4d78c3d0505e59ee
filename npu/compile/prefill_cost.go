package compile

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/vector"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// chooseRoom gives attention of a prefill from DRAM a larger part of the scratchpad where that pays: the more queries a block
// has the fewer times keys and values are read again, but the less is left for the operands of matrices. What both cost
// together is priced for parts between an eighth and half of the scratchpad; a layer stands for all.
func (c *Compiler) chooseRoom(j Job) error {
	if !c.spill {
		return nil
	}
	least := 0.0
	var first error
	most := slices.MaxFunc(j.Precisions, func(a, b precision.Assignment) int { return cmp.Compare(a.Average(j.Model), b.Average(j.Model)) })
	for eighths := unit.Bytes(2); eighths <= 8; eighths++ { // halves of them
		try := *c
		try.room = c.cfg.Scratchpad.Size * eighths / 16
		b := try.prefill(j.Prompt, most)
		if b.attentionOps() > mostOps { // CheckPrefill says so, if no room is left
			continue
		}
		cost, err := try.matrixCost(j.Prompt, most)
		if err != nil {
			first = cmp.Or(first, err)
			continue
		}
		cost += b.attentionCost()
		if least == 0 || cost < least {
			least, c.room = cost, try.room
		}
	}
	if least == 0 {
		return first
	}
	return nil
}

// CheckPrefill returns the error that Prefill would return, without making its program, which is large for long prompts.
func (c *Compiler) CheckPrefill(tokens int, at precision.Assignment) error {
	if b := c.prefill(tokens, at); b.attentionOps() > mostOps {
		return fmt.Errorf("attention over a prompt of %d tokens takes more than %d operations, whose program would take more than some 3 GB; "+
			"accepted: a shorter prompt, or an NPU with a larger scratchpad.size", tokens, mostOps)
	}
	if !c.spill {
		return nil
	}
	_, err := c.matrixCost(tokens, at)
	return err
}

// matrixCost prices the matrices of a layer of the prefill: where layers differ, of the one that costs most.
func (c *Compiler) matrixCost(tokens int, at precision.Assignment) (float64, error) {
	b := c.prefill(tokens, at)
	b.p.Static = b.staticOf(1)
	most := 0.0
	var seen [][]gemmKey // of layers
	for l := range b.image.blocks {
		all := b.layerProducts(l)
		keys := make([]gemmKey, len(all))
		for i := range all {
			keys[i] = keyOf(&all[i])
		}
		if slices.ContainsFunc(seen, func(other []gemmKey) bool { return slices.Equal(keys, other) }) {
			continue
		}
		seen = append(seen, keys)
		cost := 0.0
		for i := range all {
			s := gemmSearch{builder: b, p: &all[i]}
			best, err := s.search()
			if err != nil {
				return 0, err
			}
			cost += best.total
		}
		most = max(most, cost)
	}
	return most, nil
}

// layerProducts are those of a layer with its matrices, as far as the search looks at them.
func (b *builder) layerProducts(l int) []product {
	im := &b.image.blocks[l]
	var all []product
	for n := range len(im.attention) + len(im.mlp) {
		m := im.matrix(n)
		p := product{copyOf: b.stored(l, m), rows: b.rows}
		if m.apart > 0 {
			p.rows = b.meanRows()
		}
		p.in.width, p.out.width = m.k, m.rows
		if b.cfg.Fusion == config.Elementwise { // as many as any of them has
			p.operands = make([]region, 1)
			if b.model.Parallel {
				p.operands = make([]region, 2)
			}
		}
		all = append(all, p)
	}
	return all
}

// attentionCost prices the attention of a layer: keys and values are read for each block of queries, which are read
// once; each of its chunks fills and drains the array twice; and the vector unit makes the softmax of masked corners,
// too, which small blocks have less of, and adds up the chunks, which large ones have fewer of.
func (b *builder) attentionCost() float64 {
	var compute, functions float64
	core := b.cores() - 1 // has most heads
	dim := int64(b.resultDim())
	memory := b.price.transfer(fp16.Of(int64(b.passes*b.rows) * int64(b.headsOf(core)*b.queryDim())))
	block := b.queryBlock()
	for at := 0; at < b.passes*b.rows; at += min(block, b.rows-at%b.rows) {
		s := span{core: core, q0: at % b.rows, q1: min(at%b.rows+block, b.rows)}
		s.c1 = b.padded(at/b.rows*b.rows + s.q1)
		memory += b.price.transfer(b.keys(core).spanned(s.c1) + b.values(core).spanned(s.c1))
		n := b.chunkOf(&s, 2)
		chunks := (s.c1 + n - 1) / n
		each := 2 * (float64(b.price.fill) + float64(b.cfg.Sequencer.LaunchCycles)) / b.price.clock
		each += b.price.work(b.attentionWork(isa.Scores, &s, b.keys(core), n), 1)
		each += b.price.work(b.attentionWork(isa.Context, &s, b.values(core), n), 1)
		compute += float64(each * float64(chunks))
		rows := int64(s.queries()) * int64(b.headsOf(core))
		v := vector.Cycles(b.cfg.Vector, isa.FnSoftmax, rows*int64(s.c1)) +
			vector.Cycles(b.cfg.Vector, isa.FnSoftmaxMerge, rows*dim)*unit.Cycles(chunks-1)
		functions += float64(v) / b.price.clock
	}
	return max(memory, compute, functions)
}

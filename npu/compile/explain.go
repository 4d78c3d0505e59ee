package compile

import (
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/plan"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// ExplainPrefill tells how the operators of a prefill are cut: those of the first layer, and those outside the blocks.
func (c *Compiler) ExplainPrefill(tokens int, at precision.Assignment) ([]plan.Choice, error) {
	return explain(c.prefill(tokens, at))
}

// ExplainDecode tells how the operators of a decode pass are cut.
func (c *Compiler) ExplainDecode(past int, at precision.Assignment) ([]plan.Choice, error) {
	return explain(c.decode(past, at, at))
}

func explain(b *builder) ([]plan.Choice, error) {
	b.explaining = true
	_, err := b.step()
	return b.choices, err
}

// explain notes a choice, once for each operator.
func (b *builder) explain(layer int, choice func() plan.Choice) {
	if !b.explaining || layer > 0 && layer != b.model.FirstSparse() {
		return
	}
	c := choice()
	i := slices.IndexFunc(b.choices, func(o plan.Choice) bool { return o.Operator == c.Operator })
	switch {
	case i < 0:
		b.choices = append(b.choices, c)
	case c.M*c.N*c.K*c.Tiles > b.choices[i].M*b.choices[i].N*b.choices[i].K*b.choices[i].Tiles: // attention: its largest chunk
		b.choices[i] = c
	}
}

// explainStream notes how a product is cut whose activations lie on chip: its tiles were chosen with the layout.
func (b *builder) explainStream(p *product, tiles, pass int) {
	b.explain(p.layer, func() plan.Choice {
		t := p.tiling()
		each := (tiles + b.cores() - 1) / b.cores()
		c := plan.Choice{Operator: p.name, M: p.rows, N: p.matrix.rows, K: p.k, Bits: p.bits, Held: "activations", Split: string(splitRows),
			TileRows: t.rows, TileTokens: p.rows, Tiles: tiles, PassRows: pass, Considered: 1}
		c.TileBytes, c.HeldBytes = b.streamed(p, each)
		x := passing{work: p.work(p.rows), n: t.rows, tiles: each,
			rows: min(each*t.rows, p.matrix.rows)}
		c.Compute = b.price.compute(&x, pass)
		c.Memory = b.price.transfer(c.TileBytes*unit.Bytes(each) + c.HeldBytes)
		c.Estimate = max(c.Compute, c.Memory)
		return c
	})
}

// explainGEMM notes what the search found for a product whose activations lie in DRAM.
func (b *builder) explainGEMM(p *product, g, next *priced, considered int) {
	b.explain(p.layer, func() plan.Choice {
		t := p.tiling()
		c := plan.Choice{Operator: p.name, M: p.rows, N: p.matrix.rows, K: p.k, Bits: p.bits, Held: string(g.hold), Split: string(g.split),
			TileRows: t.rows, TileTokens: g.tokens, Tiles: t.tiles(p.matrix.rows) * ((p.rows + g.tokens - 1) / g.tokens), TileBytes: g.tile,
			PassRows: g.pass, HeldBytes: g.held, Compute: g.compute, Memory: g.memory, Estimate: g.total, Considered: considered}
		if g.hold == config.HoldWeights {
			c.TileRows = min(g.tiles*t.rows, p.matrix.rows)
			c.Tiles = (p.matrix.rows + c.TileRows - 1) / c.TileRows * ((p.rows + g.tokens - 1) / g.tokens)
		}
		if next != nil {
			what := fmt.Sprintf("hold %d tokens", next.tokens)
			if next.hold == config.HoldWeights {
				what = fmt.Sprintf("hold %d rows of weights, %d tokens a tile", min(next.tiles*t.rows, p.matrix.rows), next.tokens)
			}
			c.Next = fmt.Sprintf("%s, cores by %s: %.3g ms", what, next.split, 1e3*next.total)
		}
		return c
	})
}

// explainAttention notes how a chunk of an attention is cut: the largest is kept.
func (b *builder) explainAttention(o *isa.Op, name string) {
	b.explain(o.Layer, func() plan.Choice {
		w := o.WorkAt(0)
		c := plan.Choice{Operator: name, M: w.M, N: w.N, K: w.K, Bits: w.Bits, Held: "activations", Split: "heads", TileRows: w.N, TileTokens: w.M,
			Tiles: o.Tiles, TileBytes: o.TileBytes(0), HeldBytes: o.HoldBytes(), Considered: 1, PassRows: o.Pass}
		c.Compute, c.Memory = b.price.work(w, o.Tiles), b.price.transfer(c.TileBytes*unit.Bytes(o.Tiles)+c.HeldBytes)
		c.Estimate = max(c.Compute, c.Memory)
		return c
	})
}

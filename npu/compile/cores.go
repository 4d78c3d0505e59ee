package compile

import (
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Cores share every operator: of a matrix each works on some tiles of rows, of attention on some heads of keys and values, of
// a vector operator on the values that it made (or, where activations lie in DRAM, on some of the tokens). What an operator
// reduces over it needs in full: before a norm or a matrix the cores give each other their parts.

func (b *builder) cores() int { return b.cfg.Cores }

// share is what one core does of n things: [from, to).
func share(n, core, cores int) (from, to int) { return n * core / cores, n * (core + 1) / cores }

// on returns what an op of a core waits for if it only uses what its own core has made: the ops of deps on that core, or all of
// deps where none is.
func (b *builder) on(core int, deps []int) []int {
	if b.cores() == 1 {
		return deps
	}
	var own []int
	for _, d := range deps {
		if b.p.Ops[d].Core == core {
			own = append(own, d)
		}
	}
	if len(own) == 0 {
		return deps
	}
	return own
}

// gather gives every core the parts of rows of width values that the others have made. One core has them all, and so have
// all if activations lie in DRAM.
func (b *builder) gather(l, width int, deps []int) []int {
	if b.cores() == 1 || b.spill {
		return deps
	}
	var done []int
	for core := range b.cores() {
		from, to := share(width, core, b.cores())
		missing := fp16.Of(int64(b.rows) * int64(width-to+from))
		done = append(done, b.add(isa.Op{Name: b.label(l, opExchange), Kind: isa.Exchange, Layer: l, Core: core, Unit: isa.Move,
			Deps: deps, Gather: missing}, opExchange)...)
	}
	return done
}

// part is a core's share of n bytes.
func (b *builder) part(base, n unit.Bytes, core int) (unit.Bytes, unit.Bytes) {
	from, to := share(int(n), core, b.cores())
	return base + unit.Bytes(from), unit.Bytes(to - from)
}

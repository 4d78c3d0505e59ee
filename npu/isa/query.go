package isa

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// HoldBytes is the scratchpad space of what the op holds.
func (o *Op) HoldBytes() unit.Bytes {
	var n unit.Bytes
	for i := range o.Hold {
		n += o.Hold[i].Last.Bytes()
	}
	return n
}

// TileBytes is the scratchpad space of tile t: its loads and its output.
func (o *Op) TileBytes(t int) unit.Bytes {
	var n unit.Bytes
	for i := range o.Loads {
		n += o.Loads[i].size(t, o.Tiles)
	}
	for i := range o.Stores {
		n += o.Stores[i].size(t, o.Tiles)
	}
	return n
}

func (s *Slice) size(t, n int) unit.Bytes {
	if t == n-1 {
		return s.Last.Bytes()
	}
	return s.Tile.Bytes()
}

// Fetches tells whether the op has anything to load.
func (o *Op) Fetches() bool { return len(o.Hold) > 0 || len(o.Loads) > 0 }

// Transfers is the number of DRAM transfers of the whole program.
func (p *Program) Transfers() int64 {
	var n int64
	for i := range p.Ops {
		o := &p.Ops[i]
		n += int64(len(o.Hold)) + int64(o.Tiles)*int64(len(o.Loads)+len(o.Stores))
	}
	return n
}

// Validate checks that the program can run with stream bytes of scratchpad beside its static part: dependencies point
// backwards, and what an op holds fits together with any one of its tiles.
func (p *Program) Validate(stream unit.Bytes) error {
	for i := range p.Ops {
		o := &p.Ops[i]
		if o.Tiles < 1 {
			return fmt.Errorf("program %q: op %d (%s) has no tiles", p.Name, i, o.Name)
		}
		for _, d := range o.Deps {
			if d < 0 || d >= i {
				return fmt.Errorf("program %q: op %d (%s) depends on op %d, which is not before it", p.Name, i, o.Name, d)
			}
		}
		for _, d := range o.LoadAfter {
			if d < 0 || d >= i {
				return fmt.Errorf("program %q: op %d (%s) loads after op %d, which is not before it", p.Name, i, o.Name, d)
			}
		}
		if need := o.HoldBytes() + max(o.TileBytes(0), o.TileBytes(o.Tiles-1)); o.Fetches() && need > stream {
			return fmt.Errorf("program %q: op %d (%s) needs %v of scratchpad for one tile, %v are there; accepted: a smaller scratchpad.tile or a larger scratchpad.size",
				p.Name, i, o.Name, need, stream)
		}
	}
	return nil
}

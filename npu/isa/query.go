package isa

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// HoldBytes returns the scratchpad space of the operands that the op holds.
func (o *Op) HoldBytes() unit.Bytes {
	var n unit.Bytes
	for i := range o.Hold {
		n += o.Hold[i].Last.Bytes()
	}
	return n
}

// TileBytes returns the scratchpad space of tile t: its loads and its output.
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

// size returns the bytes of tile t of n.
func (s *Slice) size(t, n int) unit.Bytes {
	if t == n-1 {
		return s.Last.Bytes()
	}
	return s.Tile.Bytes()
}

// Passes returns how many passes of the array are complete when tiles 0 to t have been worked on.
func (o *Op) Passes(t int) int {
	switch {
	case o.Pass == 0:
		return t + 1
	case t == o.Tiles-1:
		return (o.outputs() + o.Pass - 1) / o.Pass
	}
	return o.cut(o.Work) * (t + 1) / o.Pass
}

// PassEnd returns the tile whose arrival allows the first pass that is not complete without tile t.
func (o *Op) PassEnd(t int) int {
	if o.Pass == 0 {
		return t
	}
	n := o.cut(o.Work)
	next := (n*t/o.Pass + 1) * o.Pass // outputs of all passes up to that one
	return min((next+n-1)/n, o.Tiles) - 1
}

// Finished returns how many tiles are done with when tiles 0 to t have been worked on: those whose outputs all belong
// to complete passes.
func (o *Op) Finished(t int) int {
	if o.Pass == 0 || t == o.Tiles-1 {
		return t + 1
	}
	return o.Passes(t) * o.Pass / o.cut(o.Work)
}

// PassWork returns the work of pass i.
func (o *Op) PassWork(i int) Work {
	if o.Pass == 0 {
		return o.WorkAt(i)
	}
	w := o.Last
	n := min(o.Pass, o.outputs()-i*o.Pass)
	if o.Reduced {
		w.K = n
	} else {
		w.N = n
	}
	return w
}

// cut returns how much of that along which tiles are cut a tile has: outputs, or parts of the reduction.
func (o *Op) cut(w Work) int {
	if o.Reduced {
		return w.K
	}
	return w.N
}

// outputs returns the outputs of all tiles, or their parts of the reduction.
func (o *Op) outputs() int { return o.cut(o.Work)*(o.Tiles-1) + o.cut(o.Last) }

// AtOnce reports whether the array works on all tiles at once.
func (o *Op) AtOnce() bool { return o.Tiles == 1 || o.Pass >= o.outputs() }

// PassTiles returns the most tiles of n outputs that a pass over so many outputs has a part of.
func PassTiles(pass, n, tiles int) int {
	switch {
	case pass == 0:
		return 1
	case pass%n == 0 || n%pass == 0:
		return min(max(1, pass/n), tiles)
	}
	return min((pass+n-2)/n+1, tiles)
}

// Fetches reports whether the op has anything to load.
func (o *Op) Fetches() bool { return len(o.Hold) > 0 || len(o.Loads) > 0 }

// Transfers returns the number of DRAM transfers of the whole program.
func (p *Program) Transfers() int64 {
	var n int64
	for i := range p.Ops {
		o := &p.Ops[i]
		n += int64(len(o.Hold)) + int64(o.Tiles)*int64(len(o.Loads)+len(o.Stores))
	}
	return n
}

// Chained reports whether the vector unit works on the array's outputs, tile by tile. It looks at the last tile, which
// every op has; Validate makes sure that the others agree.
func (o *Op) Chained() bool { return o.Unit == Array && o.Last.Then[0] != FnNone }

// Validate checks that the program can run on that many cores with stream bytes of scratchpad beside its static part:
// dependencies point backwards, pieces follow each other, every op names a core and a unit that can execute it, and the
// operands that it holds fit together with the tiles of any one of its passes.
func (p *Program) Validate(stream unit.Bytes, cores int) error {
	for i := range p.Ops {
		o := &p.Ops[i]
		err := o.validate(i, cores)
		if err == nil {
			err = o.fits(stream)
		}
		least := 0
		if i > 0 {
			least = p.Ops[i-1].Piece
		}
		if err == nil && o.Piece < least {
			err = fmt.Errorf("is of piece %d; accepted: %d, that of the op before, or a later one", o.Piece, least)
		}
		if err != nil {
			return fmt.Errorf("program %q: op %d (%s) %w", p.Name, i, o.Name, err)
		}
	}
	return nil
}

// validate checks all but sizes. The op has index i in its program.
func (o *Op) validate(i, cores int) error {
	switch {
	case o.Tiles < 1:
		return fmt.Errorf("has no tiles")
	case o.Core < 0 || o.Core >= cores:
		return fmt.Errorf("is for core %d; accepted: 0 to %d", o.Core, cores-1)
	case o.Kind >= Dispatch: // the time of the runtime is no op's
		return fmt.Errorf("is of kind %d; accepted: 0 to %d", o.Kind, Dispatch-1)
	case o.Unit > Move:
		return fmt.Errorf("is for unit %d; accepted: array, vector, move", o.Unit)
	case o.Operator < 0 || o.Operator >= MaxOperators:
		return fmt.Errorf("is of operator %d; accepted: 0 to %d", o.Operator, MaxOperators-1)
	case o.Unit == Move && len(o.Hold) > 0:
		return fmt.Errorf("holds data for nobody to work on; accepted: loads, stores")
	}
	for _, d := range o.Deps {
		if d < 0 || d >= i {
			return fmt.Errorf("depends on op %d, which is not before it", d)
		}
	}
	for _, d := range o.LoadAfter {
		if d < 0 || d >= i {
			return fmt.Errorf("loads after op %d, which is not before it", d)
		}
	}
	if err := o.validateGather(); err != nil {
		return err
	}
	if err := o.validatePass(); err != nil {
		return err
	}
	return o.validateThen()
}

// validatePass checks how outputs of several tiles are worked on at once.
func (o *Op) validatePass() error {
	switch {
	case o.Pass == 0:
		return nil
	case o.Pass < 0 || o.Unit != Array || o.Kind == Switch:
		return fmt.Errorf("takes %d outputs at once; accepted: 0, or some of an op of the array", o.Pass)
	case o.cut(o.Work) < 1 || o.cut(o.Last) < 1:
		return fmt.Errorf("takes %d outputs at once, but its tiles have %d and %d; accepted: 1 or more", o.Pass, o.cut(o.Work), o.cut(o.Last))
	}
	if w := o.Work; o.Tiles > 1 {
		if o.Reduced {
			w.K = o.Last.K
		} else {
			w.N = o.Last.N
		}
		if w != o.Last {
			return fmt.Errorf("takes outputs of several tiles at once, whose products differ; accepted: tiles that differ in outputs alone")
		}
	}
	return nil
}

// validateGather checks what the op takes from other cores.
func (o *Op) validateGather() error {
	switch {
	case o.Gather < 0:
		return fmt.Errorf("gathers %d bytes; accepted: 0 or more", int64(o.Gather))
	case o.Gather > 0 && o.Kind != Exchange:
		return fmt.Errorf("gathers %v, but is no exchange; accepted: kind exchange", o.Gather)
	case o.Kind == Exchange && (o.Unit != Move || o.Tiles != 1 || len(o.Hold)+len(o.Loads)+len(o.Stores) > 0):
		return fmt.Errorf("is an exchange with a unit, tiles or DRAM traffic; " +
			"accepted: unit move, one tile, no loads, no stores")
	}
	return nil
}

// validateThen checks the vector functions on the array's outputs.
func (o *Op) validateThen() error {
	works := [2]Work{o.Last, o.Work}
	for _, w := range works[:min(o.Tiles, 2)] {
		for i, f := range w.Then {
			switch {
			case f == FnNone:
				continue
			case o.Unit != Array || o.Kind == Switch:
				return fmt.Errorf("has vector functions behind it, but is no product; accepted: ops of the array")
			case i > 0 && w.Then[i-1] == FnNone:
				return fmt.Errorf("has a vector function behind none; accepted: functions from the first place on")
			case f >= FnCount:
				return fmt.Errorf("has vector function %d behind it; accepted: up to %d", f, FnCount-1)
			}
		}
	}
	if o.Tiles > 1 && o.Work.Then != o.Last.Then {
		return fmt.Errorf("has other vector functions behind its last tile than behind the others; accepted: the same")
	}
	return nil
}

// fits checks that the tiles of any one pass have room beside the operands that the op holds.
func (o *Op) fits(stream unit.Bytes) error {
	tiles := unit.Bytes(PassTiles(o.Pass, max(1, o.cut(o.Work)), o.Tiles))
	if need := o.HoldBytes() + max(o.TileBytes(0), o.TileBytes(o.Tiles-1))*tiles; o.Fetches() && need > stream {
		return fmt.Errorf("needs %v of scratchpad for one tile, %v are there; "+
			"accepted: a smaller scratchpad.tile or a larger scratchpad.size", need, stream)
	}
	return nil
}

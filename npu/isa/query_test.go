package isa

import (
	"strings"
	"testing"
)

func TestValidateNamesWhatIsWrong(t *testing.T) {
	var then, second, unknown Work
	then.Then[0], second.Then[1], unknown.Then[0] = FnAdd, FnAdd, FnCount
	for _, c := range []struct {
		what string
		op   Op
		want string // empty: nothing is wrong
	}{
		{"a core that there is", Op{Core: 3, Tiles: 1}, ""},
		{"a core that there is not", Op{Core: 4, Tiles: 1}, "op 0 (x) is for core 4; accepted: 0 to 3"},
		{"a core below none", Op{Core: -1, Tiles: 1}, "is for core -1"},
		{"no tiles", Op{}, "op 0 (x) has no tiles"},
		{"an unknown kind", Op{Tiles: 1, Kind: KindCount}, "is of kind"},
		{"the time of the runtime", Op{Tiles: 1, Kind: Dispatch}, "is of kind 15; accepted: 0 to 14"},
		{"a piece before the first", Op{Tiles: 1, Piece: -1}, "is of piece -1; accepted: 0, that of the op before, or a later one"},
		{"an unknown unit", Op{Tiles: 1, Unit: Move + 1}, "is for unit 3; accepted: array, vector, move"},
		{"an unknown operator", Op{Tiles: 1, Operator: MaxOperators}, "is of operator 56; accepted: 0 to 55"},
		{"itself to wait for", Op{Tiles: 1, Deps: []int{0}}, "depends on op 0, which is not before it"},
		{"itself to load after", Op{Tiles: 1, LoadAfter: []int{0}}, "loads after op 0, which is not before it"},
		{"something held for the DMA alone", Op{Tiles: 1, Unit: Move, Hold: []Slice{{}}}, "holds data for nobody to work on"},
		{"functions behind the array", Op{Tiles: 2, Work: then, Last: then}, ""},
		{"functions behind the one tile", Op{Tiles: 1, Last: then}, ""},
		{"functions behind some tiles only", Op{Tiles: 2, Last: then}, "has other vector functions behind its last tile"},
		{"functions behind a vector op", Op{Tiles: 1, Unit: Vector, Last: then}, "is no product; accepted: ops of the array"},
		{"functions behind a switch", Op{Tiles: 1, Kind: Switch, Last: then}, "is no product"},
		{"a second function without a first", Op{Tiles: 1, Last: second}, "has a vector function behind none"},
		{"an unknown function", Op{Tiles: 1, Last: unknown}, "has vector function 21 behind it; accepted: up to 20"},
		{"an exchange", Op{Tiles: 1, Kind: Exchange, Unit: Move, Gather: 100}, ""},
		{"bytes to gather for a product", Op{Tiles: 1, Kind: Linear, Gather: 100}, "gathers 100B, but is no exchange; accepted: kind exchange"},
		{"less than nothing to gather", Op{Tiles: 1, Kind: Exchange, Unit: Move, Gather: -1}, "gathers -1 bytes"},
		{"an exchange on the array", Op{Tiles: 1, Kind: Exchange, Gather: 100}, "accepted: unit move, one tile"},
		{"an exchange with DRAM traffic", Op{Tiles: 1, Kind: Exchange, Unit: Move, Gather: 1, Stores: []Slice{{}}}, "no loads, no stores"},
		{"too large a tile", Op{Tiles: 1, Loads: []Slice{{Last: Contiguous(0, 1001)}}}, "needs 1001B of scratchpad for one tile, 1000B are there"},
	} {
		t.Run(c.what, func(t *testing.T) {
			c.op.Name = "x"
			err := (&Program{Name: "p", Ops: []Op{c.op}}).Validate(1000, 4)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

package isa

import (
	"strings"
	"testing"
)

// A pass starts when the tiles of its outputs have come, and ends them; every output belongs to one pass and one tile.
func TestPassesTakeOutputsOfSeveralTiles(t *testing.T) {
	for _, c := range []struct{ n, tiles, last, pass int }{
		{3, 4, 2, 4}, {3, 4, 3, 4}, {1, 9, 1, 4}, {8, 3, 5, 3}, {8, 3, 8, 8}, {5, 2, 1, 100}, {7, 1, 3, 2}, {4, 6, 4, 8}, {6, 5, 1, 4},
	} {
		o := Op{Tiles: c.tiles, Pass: c.pass, Work: Work{N: c.n}, Last: Work{N: c.last}}
		outputs := c.n*(c.tiles-1) + c.last
		done, waits, most := 0, 0, 0 // passes; the tile that the first one not yet done waits for; most tiles of a pass
		for tile := range c.tiles {
			there := min((tile+1)*c.n, outputs)
			if tile == c.tiles-1 {
				there = outputs
			}
			want := there / c.pass
			if tile == c.tiles-1 && there%c.pass > 0 {
				want++
			}
			if got := o.Passes(tile); got != want {
				t.Errorf("%+v: %d passes with tile %d, want %d", c, got, tile, want)
			}
			if want > done {
				for earlier := waits; earlier <= tile; earlier++ {
					if got := o.PassEnd(earlier); got != tile {
						t.Errorf("%+v: the pass after tile %d ends with tile %d, want %d", c, earlier-1, got, tile)
					}
				}
				most = max(most, tile-done*c.pass/c.n+1)
				done, waits = want, tile+1
			}
			finished := 0
			for finished < c.tiles && min((finished+1)*c.n, outputs) <= done*c.pass {
				finished++
			}
			if got := o.Finished(tile); got != finished && tile < c.tiles-1 || tile == c.tiles-1 && got != c.tiles {
				t.Errorf("%+v: %d tiles finished with tile %d, want %d", c, got, tile, finished)
			}
		}
		sum := 0
		for i := range done {
			sum += o.PassWork(i).N
		}
		if sum != outputs {
			t.Errorf("%+v: passes over %d outputs, want %d", c, sum, outputs)
		}
		if got := PassTiles(c.pass, c.n, c.tiles); got < most || got > most+1 {
			t.Errorf("%+v: tiles of a pass: %d, want %d or one more", c, got, most)
		}
	}
}

func TestWithoutPassesATileIsOne(t *testing.T) {
	o := Op{Tiles: 3, Work: Work{N: 5}, Last: Work{N: 2}}
	for tile := range 3 {
		if o.Passes(tile) != tile+1 || o.PassEnd(tile) != tile || o.Finished(tile) != tile+1 || o.PassWork(tile) != o.WorkAt(tile) {
			t.Errorf("tile %d: %d passes, end %d, %d finished, %+v", tile, o.Passes(tile), o.PassEnd(tile), o.Finished(tile), o.PassWork(tile))
		}
	}
}

// Tiles of the reduction are joined as tiles of outputs are.
func TestPassesTakeTilesOfTheReduction(t *testing.T) {
	o := Op{Tiles: 4, Pass: 6, Reduced: true, Work: Work{M: 2, N: 9, K: 3}, Last: Work{M: 2, N: 9, K: 2}}
	if o.Passes(0) != 0 || o.Passes(1) != 1 || o.Passes(2) != 1 || o.Passes(3) != 2 || o.PassEnd(0) != 1 || o.PassEnd(2) != 3 || o.Finished(1) != 2 {
		t.Errorf("%d %d %d %d passes", o.Passes(0), o.Passes(1), o.Passes(2), o.Passes(3))
	}
	if a, b := o.PassWork(0), o.PassWork(1); a != (Work{M: 2, N: 9, K: 6}) || b != (Work{M: 2, N: 9, K: 5}) {
		t.Errorf("%+v, %+v", a, b)
	}
	if o.AtOnce() {
		t.Error("two passes are at once")
	}
	if o.Pass = 11; !o.AtOnce() || (&Op{Tiles: 2, Work: Work{N: 1}, Last: Work{N: 1}}).AtOnce() || !(&Op{Tiles: 1}).AtOnce() {
		t.Error("one pass is not at once, or two tiles without passes are")
	}
	if err := (&Program{Name: "p", Ops: []Op{o}}).Validate(1000, 4); err != nil {
		t.Error(err)
	}
	o.Last.N = 8
	if err := (&Program{Name: "p", Ops: []Op{o}}).Validate(1000, 4); err == nil {
		t.Error("tiles that differ in outputs are parts of one reduction")
	}
}

func TestPassesThatCannotBe(t *testing.T) {
	w, longer := Work{N: 4, K: 2}, Work{N: 1, K: 3}
	tile := []Slice{{Tile: Contiguous(0, 400), Last: Contiguous(0, 400)}}
	for want, o := range map[string]Op{
		"":                                   {Tiles: 3, Pass: 8, Work: w, Last: w, Loads: tile},
		"takes -1 outputs at once":           {Tiles: 1, Pass: -1, Work: w, Last: w},
		"some of an op of the array":         {Tiles: 1, Pass: 8, Unit: Vector, Work: w, Last: w},
		"its tiles have 4 and 0":             {Tiles: 2, Pass: 8, Work: w},
		"tiles that differ in outputs alone": {Tiles: 2, Pass: 8, Work: w, Last: longer},
		"needs 1200B of scratchpad":          {Tiles: 3, Pass: 9, Work: w, Last: w, Loads: tile},
	} {
		err := (&Program{Name: "p", Ops: []Op{o}}).Validate(1000, 4)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

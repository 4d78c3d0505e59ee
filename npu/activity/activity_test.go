package activity

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// A window has what a list of all cycles has in it.
func TestWindows(t *testing.T) {
	const end = 3000
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.SliceOfN(rapid.IntRange(0, end), 1, 60).Draw(t, "cycles")
		slices.Sort(at)
		var amount, level Windows
		moved, used := make([]int64, end+1), make([]int64, end+1) // by cycle
		for i, c := range at {
			v := rapid.Int64Range(0, 1000).Draw(t, "value")
			amount.add(unit.Cycles(c), v)
			moved[max(c-1, 0)] += v
			level.set(unit.Cycles(c), v)
			for x := c; x <= end; x++ { // the highest of a cycle, then the last one
				used[x] = v
			}
			if i > 0 && at[i-1] == c {
				t.Skip("a cycle with two levels has the highest of them")
			}
		}
		if n := len(amount.Values); n > mostWindows || len(level.Values) > mostWindows {
			t.Fatalf("%d windows", n)
		}
		for i := range (end + int(amount.Width)) / int(amount.Width) {
			sum := int64(0)
			for _, v := range moved[min(end, i*int(amount.Width)):min(end+1, (i+1)*int(amount.Width))] {
				sum += v
			}
			if got := amount.At(i, 0); got != sum {
				t.Fatalf("window %d of %d cycles has %d, want %d", i, amount.Width, got, sum)
			}
		}
		for i := range (at[len(at)-1] + int(level.Width)) / int(level.Width) {
			want := slices.Max(used[i*int(level.Width) : min(end+1, (i+1)*int(level.Width))])
			if got := level.At(i, level.Level()); got != want {
				t.Fatalf("window %d of %d cycles reaches %d, want %d", i, level.Width, got, want)
			}
		}
	})
}

func TestRecording(t *testing.T) {
	p := &isa.Program{Operators: []string{"norm", "q_proj", "dispatch", "host"}, Runtime: isa.Runtime{Dispatch: 2, Host: 3}, Ops: []isa.Op{{Operator: 1, Layer: 3}, {Layer: -1}}}
	r := New(Tiles, p, 2)
	r.Work(Array, 1, 0, 0, 10, 30)
	r.Work(Array, 1, 0, 1, 50, 60)
	r.Work(Array, 1, 1, 0, 60, 61)
	r.Transfer(Move{Op: 0, Tile: 1, Data: isa.Weights, Bytes: 5, From: 8, To: 9}) // the first one is the last one to arrive
	r.Transfer(Move{Op: 0, Tile: 0, Data: isa.Weights, Bytes: 7, From: 3, To: 20})
	r.Front(0, 4, 4)
	want := []Span{
		{From: 10, To: 60, Busy: 30, Count: 2, Op: 0, Tile: Whole, Core: 1, Part: Array},
		{From: 10, To: 30, Busy: 20, Count: 1, Op: 0, Tile: 0, Core: 1, Part: Array},
		{From: 50, To: 60, Busy: 10, Count: 1, Op: 0, Tile: 1, Core: 1, Part: Array},
		{From: 60, To: 61, Busy: 1, Count: 1, Op: 1, Tile: Whole, Core: 1, Part: Array},
		{From: 60, To: 61, Busy: 1, Count: 1, Op: 1, Tile: 0, Core: 1, Part: Array},
		{From: 3, To: 20, Bytes: 12, Count: 2, Op: 0, Tile: Whole, Part: Load, Data: isa.Weights},
	}
	if !slices.Equal(r.Spans, want) {
		t.Errorf("got\n%+v, want\n%+v", r.Spans, want)
	}
	if want := []Label{{1, 3}, {0, -1}, {2, -1}, {3, -1}}; !slices.Equal(r.Labels, want) {
		t.Errorf("labels %v, want %v", r.Labels, want)
	}
}

func TestDetailsHaveNames(t *testing.T) {
	for d := range detailCount {
		if got, err := ParseDetail(d.String()); err != nil || got != d {
			t.Errorf("%v reads as %v, %v", d, got, err)
		}
	}
	if _, err := ParseDetail("ops"); err == nil || !strings.HasSuffix(err.Error(), `accepted: step, op, tile, transfer; did you mean "op"?`) {
		t.Errorf("got %v", err)
	}
}

package compile

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/array"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// arrayTime returns the array's cycles for each linear operator of a program's first layer.
func arrayTime(t *testing.T, c *config.Config, p *isa.Program) map[string]unit.Cycles {
	t.Helper()
	a, err := array.NewArray(c)
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]unit.Cycles{}
	for i := range p.Ops {
		o := &p.Ops[i]
		if o.Kind != isa.Linear || o.Unit != isa.Array || o.Layer > 0 {
			continue
		}
		for tile := range o.Tiles {
			times[p.Operators[o.Operator]] += a.Timing(o, tile)
		}
	}
	return times
}

// prefillOn compiles a prefill of 512 tokens of llama-2-7b for card-hbm3.
func prefillOn(t *testing.T, bits unit.Bits, assignments ...string) (*config.Config, *isa.Program) {
	t.Helper()
	c, err := config.Preset("card-hbm3")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set(assignments); err != nil {
		t.Fatal(err)
	}
	k := compiler(t, c, "llama-2-7b", 512, 2, bits)
	p, err := k.Prefill(512, uniform(bits))
	if err != nil {
		t.Fatal(err)
	}
	return c, p
}

// The rate of a dequantising array does not depend on the bits of the weights, and neither does its time for a prefill:
// tiles of fewer bits hold more rows, but a pass takes as many outputs as the array has columns, whatever tiles they
// lie in. Slices of K may take columns that have none (k-split), whose adders add a few levels to the drain.
func TestPrefillTakesADequantisingArrayTheSameTimeAtAllBits(t *testing.T) {
	const adders = 8 // levels, to join slices of K in 256 columns
	for _, tile := range []string{"scratchpad.tile=1MiB", "scratchpad.tile=256KiB", "scratchpad.tile=0B"} {
		c, p := prefillOn(t, fp16, tile)
		want := arrayTime(t, c, p)
		for _, bits := range []unit.Bits{2, 4, 8} {
			c, p := prefillOn(t, bits, tile)
			for name, got := range arrayTime(t, c, p) {
				if d := got - want[name]; d < -adders || d > adders {
					t.Errorf("%s, %s: %d cycles at %d bits, %d at 16", tile, name, got, bits, want[name])
				}
			}
		}
	}
}

// SCALE-Sim's equation 4 (Samajdar et al., ISPASS 2020) for the whole matrix, whatever tiles it comes in: (2R + C + T −
// 2) cycles for each of ⌈S_R/R⌉ × ⌈S_C/C⌉ folds. 512 × 4096 × 11008 is down_proj.
func TestPrefillTakesSCALESimsCycles(t *testing.T) {
	const side, m = 256, 512
	for _, d := range []config.Dataflow{config.WeightStationary, config.OutputStationary} {
		c, p := prefillOn(t, 4, "array.double_buffer=false", "array.gemv=stationary", "array.dataflow="+string(d))
		got := arrayTime(t, c, p)
		for name, shape := range map[string]struct{ n, k int }{
			"q_proj": {4096, 4096}, "up_proj": {11008, 4096}, "down_proj": {4096, 11008},
		} {
			along, stream := shape.k, m // rows of the array, and what passes them
			if d == config.OutputStationary {
				along, stream = m, shape.k
			}
			folds := (along + side - 1) / side * ((shape.n + side - 1) / side)
			if want := unit.Cycles(folds * (3*side + stream - 2)); got[name] != want {
				t.Errorf("%s, %s: %d cycles, SCALE-Sim's equation says %d", d, name, got[name], want)
			}
		}
	}
}

// Attention on an array of 128 × 128, from tiles of 8 positions: its scores and its context take the cycles of the products as
// a whole (of which SCALE-Sim's equation is the oracle, npu/array), not 16 times as many. Without passes they would.
func TestAttentionTakesItsTilesTogether(t *testing.T) {
	c, err := config.Preset("card-hbm3")
	if err == nil {
		err = c.Set([]string{"scratchpad.tile=64KiB"})
	}
	if err != nil {
		t.Fatal(err)
	}
	k := compiler(t, c, "llama-2-7b", 256, 2, 4)
	p, err := k.Prefill(256, uniform(4))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Validate(c.Scratchpad.Size-p.Static, c.Cores); err != nil {
		t.Fatal(err)
	}
	seen := map[isa.Kind]bool{}
	for i := range p.Ops {
		o := &p.Ops[i]
		if o.Unit != isa.Array || o.Kind != isa.Scores && o.Kind != isa.Context || o.Tiles < 8 {
			continue
		}
		seen[o.Kind] = true
		whole, tiles, passes := o.Last, 0.0, 0.0
		n := o.Work.N
		if o.Kind == isa.Context {
			n = o.Work.K
			whole.K += n * (o.Tiles - 1)
		} else {
			whole.N += n * (o.Tiles - 1)
		}
		for t := range o.Tiles {
			tiles += k.price.work(o.WorkAt(t), 1)
		}
		for i := range o.Passes(o.Tiles - 1) {
			passes += k.price.work(o.PassWork(i), 1)
		}
		if n != 8 || passes > 1.02*k.price.work(whole, 1) || passes > 0.2*tiles {
			t.Fatalf("%s: tiles of %d positions: %.3g s in passes of %d, %.3g s by tiles, %.3g s as a whole", o.Name, n, passes, o.Pass, tiles, k.price.work(whole, 1))
		}
	}
	if !seen[isa.Scores] || !seen[isa.Context] {
		t.Errorf("attention has no tiles to join: %v", seen)
	}
}

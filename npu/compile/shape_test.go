package compile

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/isa"
)

// A shape has the bytes of all layers, whichever of them it compiles.
func TestAShapeHasTheBytesOfThePass(t *testing.T) {
	for _, name := range []string{"llama-3.2-1b", "gemma-2-2b"} {
		c, err := New(Job{Config: changed(t), Model: loaded(t, name), Precisions: uniforms(4), Prompt: 40, Passes: 200})
		if err != nil {
			t.Fatal(err)
		}
		for _, past := range []int{40, 41, 200} {
			shape, err := c.Shapes().Decode(past, uniform(4), uniform(4), false)
			if err != nil {
				t.Fatal(err)
			}
			p, err := c.Decode(past, uniform(4), uniform(4))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := shape.Bytes, movedBy(p); got != want {
				t.Errorf("%s behind %d positions: %d bytes, the program moves %d", name, past, got, want)
			}
		}
	}
}

func movedBy(p *isa.Program) (n int64) {
	for i := range p.Ops {
		o := &p.Ops[i]
		n += int64(o.HoldBytes())
		for tile := range o.Tiles {
			n += int64(o.TileBytes(tile))
		}
	}
	return n
}

package vector

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestCyclesAreWalksAndLaneOperations(t *testing.T) {
	v := config.Vector{Lanes: 64, Latency: 10}
	for _, c := range []struct {
		what string
		fn   isa.Fn
		n    int64
		want unit.Cycles
	}{
		{"an addition walks once", isa.FnAdd, 4096, 10 + 4096/64},
		{"a ragged end takes a cycle", isa.FnAdd, 4097, 10 + 65},
		{"RMSNorm walks twice: squares, then scale and weight", isa.FnRMSNorm, 4096, 2*10 + 3*4096/64},
		{"LayerNorm needs the mean, too", isa.FnLayerNorm, 4096, 2*10 + 5*4096/64},
		{"softmax walks three times: maximum; subtract, exp, sum; scale", isa.FnSoftmax, 1000, 3*10 + (8*1000+63)/64},
		{"rotary embedding is two products and a sum", isa.FnRope, 128, 10 + 3*128/64},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got := Cycles(v, c.fn, c.n); got != c.want {
				t.Errorf("got %d cycles, want %d", got, c.want)
			}
		})
	}
}

func TestEveryFunctionHasACost(t *testing.T) {
	for f := isa.FnNone + 1; f < isa.FnCount; f++ {
		if c := costOf(f); c.passes < 1 || c.ops < 1 {
			t.Errorf("function %d costs %+v", f, c)
		}
	}
}

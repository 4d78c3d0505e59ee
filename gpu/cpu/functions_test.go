package cpu

import (
	"math"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// Values of PyTorch 2.15.0 in float64: torch.nn.functional.silu, gelu and gelu with approximate="tanh".
func TestActivations(t *testing.T) {
	for _, c := range []struct {
		name string
		of   workloads.Activation
		erf  bool
		want [3]float64 // at -1.5, 0.5, 1
	}{
		{"silu", workloads.Silu, false, [3]float64{-0.2736382857095345, 0.3112296656009273, 0.7310585786300049}},
		{"gelu", workloads.Gelu, true, [3]float64{-0.10021080190328704, 0.34573123063700656, 0.8413447460685429}},
		{"gelu by tanh", workloads.Gelu, false, [3]float64{-0.10042842301976707, 0.34571400982514394, 0.8411919906082768}},
	} {
		f := activation(&weights.Model{Model: &workloads.Model{Activation: c.of}, Numerics: workloads.Numerics{Erf: c.erf}})
		for i, x := range []float64{-1.5, 0.5, 1} {
			if got := f(x); math.Abs(got-c.want[i]) > 1e-12 {
				t.Errorf("%s of %g is %.16g, want %.16g", c.name, x, got, c.want[i])
			}
		}
	}
}

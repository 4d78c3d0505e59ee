package learn

import (
	"math"
	"math/rand/v2"

	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
)

// adam is Kingma and Ba's optimiser with the defaults of torch.optim.Adam, whose weight decay is part of the gradient.
type adam struct {
	rate, decay  float64
	steps        int
	mean, square [][]float64 // of the gradients so far
}

const (
	beta1, beta2 = 0.9, 0.999 // torch.optim.Adam
	epsilon      = 1e-8
)

func newAdam(parameters [][]float32, rate, decay float64) *adam {
	a := &adam{rate: rate, decay: decay}
	for _, p := range parameters {
		a.mean, a.square = append(a.mean, make([]float64, len(p))), append(a.square, make([]float64, len(p)))
	}
	return a
}

// step changes parameters against their gradient.
func (a *adam) step(parameters [][]float32, gradient [][]float64) {
	a.steps++
	unbias1, unbias2 := 1-math.Pow(beta1, float64(a.steps)), 1-math.Pow(beta2, float64(a.steps))
	for k, p := range parameters {
		mean, square := a.mean[k], a.square[k]
		for i, w := range p {
			g := gradient[k][i] + a.decay*float64(w)
			mean[i] = beta1*mean[i] + (1-beta1)*g
			square[i] = beta2*square[i] + (1-beta2)*g*g
			p[i] = float32(float64(w) - a.rate*(mean[i]/unbias1)/(math.Sqrt(square[i]/unbias2)+epsilon))
		}
	}
}

// initialise draws weights as PyTorch does where PMPD's network is made: the query by xavier_uniform_, linears by their default,
// uniform within one over the square root of their inputs, the layer norm of scale 1.
func initialise(net *classifier.Net, draw *rand.Rand) {
	n := float64(net.Heads * net.Dim)
	within := func(values []float32, bound float64) {
		for i := range values {
			values[i] = float32(bound * (2*draw.Float64() - 1))
		}
	}
	p := net.Parameters()
	within(p[0], math.Sqrt(6/(n+n))) // a tensor [h, h, d] counts as h·d inputs and h·d outputs
	for _, values := range p[1:5] {
		within(values, 1/math.Sqrt(n))
	}
	for i := range p[5] {
		p[5][i] = 1
	}
}

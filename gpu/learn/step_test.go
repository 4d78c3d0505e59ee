package learn

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
)

// golden is testdata/step.json.
type golden struct {
	Weights     [][]float32
	Rate, Decay float64
	Examples    []struct {
		Key, Value, Keep []float64
		Label, Tokens    int
	}
	Losses    []float64
	Gradients [][][]float64
	After     [][][]float64
}

func near(t *testing.T, what string, got, want []float64, most float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= most) {
			t.Errorf("%s: value %d is %v, want %v", what, i, got[i], want[i])
			return
		}
	}
}

// TestStep compares with PyTorch. What the weights lose by being 32-bit numbers stays below 1e-6.
func TestStep(t *testing.T) {
	text, err := os.ReadFile("testdata/step.json")
	if err != nil {
		t.Fatal(err)
	}
	var want golden
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	net := classifier.New(2, 3)
	for i, p := range net.Parameters() {
		if copy(p, want.Weights[i]) != len(want.Weights[i]) {
			t.Fatalf("parameter %d has %d values, want %d", i, len(p), len(want.Weights[i]))
		}
	}
	a := newAdam(net.Parameters(), want.Rate, want.Decay)
	for step := range want.After {
		var slopes []*classifier.Slope
		var losses []float64
		for _, e := range want.Examples {
			in := &classifier.Input{Heads: 2, Dim: 3, Tokens: e.Tokens, Key: e.Key, Value: e.Value}
			slopes = append(slopes, net.Slope(in, e.Label, e.Keep))
			losses = append(losses, slopes[len(slopes)-1].Loss)
		}
		if step == 0 {
			near(t, "losses", losses, want.Losses, 1e-12)
		}
		gradient := net.Gradient(slopes)
		a.step(net.Parameters(), gradient)
		for k, p := range net.Parameters() {
			near(t, "gradient", gradient[k], want.Gradients[step][k], []float64{1e-12, 1e-6}[step])
			near(t, "weights", wide(p), want.After[step][k], 1e-6)
		}
	}
}

func wide(p []float32) []float64 {
	all := make([]float64, len(p))
	for i, v := range p {
		all[i] = float64(v)
	}
	return all
}

// TestGradientIsTheSlopeOfTheLoss differentiates numerically, at a size that is not the golden's.
func TestGradientIsTheSlopeOfTheLoss(t *testing.T) {
	draw := rand.New(rand.NewPCG(3, 4))
	net := classifier.New(3, 4)
	initialise(net, draw)
	in := &classifier.Input{Heads: 3, Dim: 4, Tokens: 6}
	for range in.Tokens * in.Dim {
		in.Key, in.Value = append(in.Key, draw.NormFloat64()), append(in.Value, draw.NormFloat64())
	}
	keep := net.Dropped(in, .3, draw.Float64)
	loss := func() float64 { return net.Slope(in, 1, keep).Loss }
	gradient := net.Gradient([]*classifier.Slope{net.Slope(in, 1, keep)})
	for k, p := range net.Parameters() {
		for i, w := range p {
			p[i] = w + 1e-3
			up, above := loss(), p[i]
			p[i] = w - 1e-3
			down, below := loss(), p[i]
			p[i] = w
			got, want := gradient[k][i], (up-down)/(float64(above)-float64(below))
			if math.Abs(got-want) > 1e-5 {
				t.Errorf("parameter %d, value %d: %v, numerically %v", k, i, got, want)
			}
		}
	}
}
